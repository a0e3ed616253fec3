using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Akka.Actor;
using Akka.Configuration;
using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>Somebody outside a cluster who asks it things, and gives it jobs. It is no member, so it may come and go without notice.</summary>
public sealed class ClusterClient : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_otherNamePatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_submitPatience = TimeSpan.FromMinutes(30);

    private readonly IReadOnlyList<SeedNode> _seeds;
    private readonly string _host;
    private readonly ActorSystem _system;
    private SeedNode? _answering;

    private ClusterClient(IReadOnlyList<SeedNode> seeds, string host, ActorSystem system) => (_seeds, _host, _system) = (seeds, host, system);

    /// <summary>Makes a client; it connects when it asks something.</summary>
    /// <param name="seeds">Coordinators to ask, at least one.</param>
    /// <exception cref="InvalidInputException">There is none, or no name resolves.</exception>
    public static ClusterClient Create(IReadOnlyList<SeedNode> seeds)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        if (seeds.Count == 0)
            throw new InvalidInputException("--seed-nodes names no coordinator; it is host:port of one or more, with commas.");
        var host = LocalAddressTowards(seeds);
        var settings = ConfigurationFactory.ParseString($"akka.actor.provider = remote\nakka.remote.dot-netty.tcp {{ hostname = \"{host}\", port = 0 }}").WithFallback(ActorSystemHocon.Embedded("akka.conf"));
        return new ClusterClient(seeds, host, ActorSystem.Create(ClusterNode.SystemName, settings));
    }

    /// <summary>Asks the coordinator in charge.</summary>
    /// <param name="kind">What is asked: <c>run</c>, <c>runs</c>, <c>nodes</c> or <c>cancel</c>.</param>
    /// <param name="arguments">Its arguments: names and texts.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="InvalidInputException">Nobody answers, or the answer is a refusal.</exception>
    public async Task<JsonElement> AskAsync(string kind, IReadOnlyDictionary<string, string> arguments, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(kind);
        ArgumentNullException.ThrowIfNull(arguments);
        var query = new ClusterQuery(kind, JsonSerializer.Serialize(arguments));
        // Whoever answered before is asked first: a long wait is not for one that may be gone.
        foreach (var seed in _seeds.Concat(_seeds.Select(seed => seed.OtherName)).Prepend(_answering).OfType<SeedNode>().Distinct())
        {
            try
            {
                var patience = kind == "submit" && seed == _answering ? s_submitPatience : _seeds.Contains(seed) ? s_patience : s_otherNamePatience;
                var answer = await _system.ActorSelection($"akka.tcp://{ClusterNode.SystemName}@{seed}/user/{NodeParts.GateName}").Ask<ClusterAnswer>(query, patience, cancellation).ConfigureAwait(false);
                _answering = seed;
                if (answer.Refusal.Length > 0)
                    throw new InvalidInputException(answer.Refusal);
                using var document = JsonDocument.Parse(answer.Json);
                return document.RootElement.Clone();
            }
            catch (AskTimeoutException)
            {
                // The next one may know.
            }
        }
        throw new InvalidInputException($"No coordinator answers at {string.Join(", ", _seeds)}. Start one with 'distrnn node --roles coordinator', or give --seed-nodes the address of one that runs.");
    }

    /// <summary>Gives the cluster a job: the coordinator takes the job and its data from here before this returns.</summary>
    /// <param name="job">The job, with absolute paths.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What is known of the run that it became.</returns>
    /// <exception cref="InvalidInputException">A file cannot be read, nobody answers, or the job is refused.</exception>
    public async Task<JsonElement> SubmitAsync(JobOptions job, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        var where = await AskAsync("where", new Dictionary<string, string>(), cancellation).ConfigureAwait(false);
        if (!DataEndpoint.TryParse(where.GetProperty("data").GetString()!, out var coordinator, out var host))
            throw new InvalidInputException("The coordinator does not say where it takes data; it may be of another version.");
        var directory = Directory.CreateTempSubdirectory("distrnn-submit").FullName;
        try
        {
            using var link = new ClusterLink(new NodeOptions { Roles = NodeRoles.None, HostName = _host }, _ => { });
            var store = BlobStore.Open(directory);
            link.Exchange(store);
            link.Meet(coordinator, host);
            var package = JobPackage.Create(job, store).PutInto(store);
            var answer = await AskAsync("submit", new Dictionary<string, string> { ["package"] = package.Sha256, ["data"] = link.Endpoint.On(_host) }, cancellation).ConfigureAwait(false);
            return answer.GetProperty("run").Clone();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _system.Terminate().ConfigureAwait(false);

    /// <summary>The address of this machine that the first seed which resolves can answer to.</summary>
    private static string LocalAddressTowards(IReadOnlyList<SeedNode> seeds)
    {
        foreach (var seed in seeds)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Connect(seed.Host, seed.Port);
                return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
            }
            catch (SocketException)
            {
                // The next one may resolve.
            }
        }
        throw new InvalidInputException($"None of the names in --seed-nodes resolves: {string.Join(", ", seeds)}.");
    }
}
