using System.Text.Json;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A cluster whose nodes are on hosts of their own: each has an address of the loopback network, and directories that nobody else uses.</summary>
internal sealed class MachineCluster : IAsyncDisposable
{
    /// <summary>Tests of clusters of this kind run one after another: their hosts have the same addresses, so that one's connection could take the port that another has chosen.</summary>
    public const string OneAtATime = "machines";

    private const int DeletionsMax = 10_000;

    private readonly Dictionary<string, RunningNode> _nodes = new(StringComparer.Ordinal);
    private readonly SeedNode[] _seeds;

    private MachineCluster(int coordinators)
    {
        var ports = FreePort.Take(coordinators);
        _seeds = [.. Enumerable.Range(0, coordinators).Select(i => new SeedNode(HostOf(i), ports[i]))];
    }

    /// <summary>Where all directories are.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("distrnn-machines").FullName;

    /// <summary>The coordinators.</summary>
    public IReadOnlyList<SeedNode> Seeds => _seeds;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts coordinators <c>c0</c> and on, and nodes <c>n0</c> and on that work and serve.</summary>
    public static async Task<MachineCluster> StartAsync(int coordinators, int nodes)
    {
        var cluster = new MachineCluster(coordinators);
        for (var i = 0; i < coordinators; i++)
            await cluster.AddAsync($"c{i}", NodeRoles.Coordinator, cluster._seeds[i].Host, cluster._seeds[i].Port);
        for (var i = 0; i < nodes; i++)
            await cluster.AddAsync($"n{i}", NodeRoles.Worker | NodeRoles.ParameterServer, HostOf(100 + i), 0);
        await Task.WhenAll(cluster._nodes.Values.Select(node => node.Node.WhenMemberAsync(Cancellation)));
        return cluster;
    }

    /// <summary>A node.</summary>
    public RunningNode this[string name] => _nodes[name];

    /// <summary>The directory of a node.</summary>
    public string Of(string name) => Path.Combine(Directory, name);

    /// <summary>The name of the node whose directory has a run.</summary>
    public string HolderOf(JsonElement run) => Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(run.GetProperty("directory").GetString()!)!)!);

    /// <summary>Ends a node at once, and all that its disk had.</summary>
    public async Task LoseAsync(string name)
    {
        await StopAsync(name);
        Delete(Of(name));
    }

    /// <summary>Ends a node at once: to the others it is dead.</summary>
    public async Task StopAsync(string name)
    {
        await _nodes[name].StopAsync();
        await _nodes[name].DisposeAsync();
        _nodes.Remove(name);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _nodes.Keys.ToArray())
            await StopAsync(name);
        Delete(Directory);
    }

    /// <summary>Deletes a directory, and what a thread that is on its way still writes there.</summary>
    private static void Delete(string directory)
    {
        for (var attempt = 1; System.IO.Directory.Exists(directory); attempt++)
        {
            try
            {
                System.IO.Directory.Delete(directory, recursive: true);
            }
            catch (IOException) when (attempt < DeletionsMax)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>Starts another node, on a host of its own, and waits until it is a member.</summary>
    public async Task JoinAsync(string name, NodeRoles roles)
    {
        await AddAsync(name, roles, HostOf(100 + _nodes.Count), 0);
        await _nodes[name].Node.WhenMemberAsync(Cancellation);
    }

    private static string HostOf(int number) => $"127.0.0.{number + 2}";

    private async Task AddAsync(string name, NodeRoles roles, string host, int port)
    {
        var options = new NodeOptions
        {
            Roles = roles,
            HostName = host,
            Port = port,
            SeedNodes = _seeds,
            Coordinators = _seeds.Length,
            Failover = FailoverProfile.Fast,
            Threads = 1,
            BlobDirectory = Path.Combine(Directory, name, "blobs"),
        };
        _nodes[name] = await RunningNode.StartAsync(options, sentence => TestContext.Current.SendDiagnosticMessage($"{name}: {sentence}"), Cancellation);
    }
}
