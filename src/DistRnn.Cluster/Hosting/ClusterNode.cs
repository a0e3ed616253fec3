using Akka.Actor;
using Akka.Hosting;
using DistRnn.Numerics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DistRnn.Cluster;

/// <summary>
/// A member of the cluster: an actor system with its place in the membership. When the others take the node for dead, Akka ends its actor system for
/// good; this class then starts a new one, which joins as a new member, so that a node is as good as new after a split.
/// </summary>
/// <remarks>Nothing here handles signals: the command that started the node calls <see cref="LeaveAsync"/> when it gets one.</remarks>
public sealed class ClusterNode : IAsyncDisposable
{
    /// <summary>The name of every node's actor system; nodes of one cluster need the same.</summary>
    public const string SystemName = "distrnn";

    // A node that is no member after this time, or sees no majority of coordinators, starts over, so that the first seed, alone on its side of a split, does not stay an
    // island. That Akka itself waits with its first members until there are enough is no way: of members that all wait, two may let the others in, in different orders.
    private static readonly TimeSpan s_joinTime = TimeSpan.FromSeconds(30);

    private readonly NodeOptions _options;
    private readonly DataEndpoint _data;
    private readonly NodeTls? _tls;
    private readonly Action<NodeParts> _furnish;
    private readonly Action<string> _report;
    private readonly CancellationTokenSource _leaving = new();
    private readonly TaskCompletionSource _ended = NewSignal();
    private Exception? _failure;
    private volatile IHost _host;
    private volatile NodeParts? _parts;
    private volatile bool _wasMember;
    private volatile bool _foundNobody;
    private volatile TaskCompletionSource _nextLife = NewSignal();
    private int _rejoined;

    private ClusterNode(NodeOptions options, DataEndpoint data, Action<NodeParts> furnish, Action<string> report)
    {
        (_options, _data, _furnish, _report) = (options, data, furnish, report);
        _tls = NodeTls.Of(options.Tls);
        _host = BuildHost();
    }

    /// <summary>The node's life of now; another one after the node was taken for dead.</summary>
    public NodeParts Parts => _parts ?? throw new InvalidOperationException("The node has not started.");

    /// <summary>How often the node was taken for dead, or found no cluster, and started over.</summary>
    public int Rejoined => Volatile.Read(ref _rejoined);

    /// <summary>Completes when the node has left for good. It fails with an <see cref="InvalidInputException"/> where the node does not fit the cluster.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts a node. It is a member when <see cref="WhenMemberAsync"/> has completed.</summary>
    /// <param name="options">What the node has to know.</param>
    /// <param name="data">Where the node already takes tensors and blobs.</param>
    /// <param name="furnish">Creates the node's actors; called once for each life, before it joins.</param>
    /// <param name="report">Told, in sentences, what a person who watches the node should know; called from several threads.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="InvalidInputException">The options are invalid, or the port is taken.</exception>
    public static async Task<ClusterNode> StartAsync(NodeOptions options, DataEndpoint data, Action<NodeParts> furnish, Action<string> report, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(furnish);
        ArgumentNullException.ThrowIfNull(report);
        options.Validate();
        ListeningAddress.Try(options);
        var node = new ClusterNode(options, data, furnish, report);
        await node.StartLifeAsync(cancellation).ConfigureAwait(false);
        return node;
    }

    /// <summary>Completes when the node is a member of the cluster, all others have seen it, and most coordinators are members; a life that ends before it was one is followed by the next.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidInputException">The node does not fit the cluster.</exception>
    public async Task WhenMemberAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            // Taken first: a life that begins after this one was looked at is not missed.
            var next = _nextLife.Task;
            var first = await Task.WhenAny(MemberAsync(Parts), _ended.Task, next).WaitAsync(cancellation).ConfigureAwait(false);
            await first.ConfigureAwait(false);
            if (first != next)
                return;
        }
    }

    /// <summary>Leaves the cluster in good order: what the node holds is handed over, the others see it go, and the actor system ends.</summary>
    public async Task LeaveAsync()
    {
        await _leaving.CancelAsync().ConfigureAwait(false);
        await CoordinatedShutdown.Get(Parts.System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance).ConfigureAwait(false);
        await _ended.Task.ConfigureAwait(false);
    }

    /// <summary>Ends the actor system at once: to the others the node is dead. For when all of a cluster ends together.</summary>
    public async Task StopAsync()
    {
        await _leaving.CancelAsync().ConfigureAwait(false);
        await Parts.System.Terminate().ConfigureAwait(false);
        await _ended.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_ended.Task.IsCompleted)
            await LeaveAsync().ConfigureAwait(false);
        _host.Dispose();
        _leaving.Dispose();
        _tls?.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task MemberAsync(NodeParts parts)
    {
        var up = NewSignal();
        Akka.Cluster.Cluster.Get(parts.System).RegisterOnMemberUp(() => up.TrySetResult());
        await up.Task.ConfigureAwait(false);
        // A life that ends before it was a member's is followed by the next, and whoever waits for this one is told by that.
        await parts.Directory.WhenMostCoordinatorsAsync(_options.Coordinators).ConfigureAwait(false);
    }

    private IHost BuildHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostLifetime, NodeLifetime>();
        builder.Logging.AddProvider(new NodeLog(_report));
        builder.Services.AddAkka(SystemName, akka => (_tls is null ? akka : akka.AddSetup(_tls.ForAkka()))
            .AddHocon(ActorSystemHocon.Of(_options, _data), HoconAddMode.Prepend)
            .ConfigureLoggers(loggers =>
            {
                loggers.LogLevel = Akka.Event.LogLevel.WarningLevel;
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
            })
            .WithActors((system, _) => Furnish(system)));
        return builder.Build();
    }

    private void Furnish(ActorSystem system)
    {
        var directory = new NodeDirectory();
        system.ActorOf(Props.Create(() => new OversizedMessageActor(_report)), "oversized-messages");
        var membership = system.ActorOf(Props.Create(() => new MembershipActor(directory, Refuse)), "membership");
        _parts = new NodeParts(system, MemberFacts.IdOf(Akka.Cluster.Cluster.Get(system).SelfUniqueAddress), directory, membership);
        var parts = _parts;
        parts.BeforeLeaving("say-so", () => SayLeaving(parts));
        _furnish(parts);
    }

    private static Task SayLeaving(NodeParts parts)
    {
        foreach (var member in parts.Directory.Members)
            parts.System.ActorSelection(member.Id.Address + "/user/membership").Tell(new LeavingNotice(parts.Id));
        return Task.CompletedTask;
    }

    private async Task StartLifeAsync(CancellationToken cancellation)
    {
        await _host.StartAsync(cancellation).ConfigureAwait(false);
        var system = Parts.System;
        _ = system.WhenTerminated.ContinueWith(_ => OnTerminatedAsync(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        // Whoever told the node to leave before now may have ended the life before this one.
        if (_leaving.IsCancellationRequested)
            await system.Terminate().ConfigureAwait(false);
        else
            _ = JoinAsync(Parts);
    }

    private async Task JoinAsync(NodeParts parts)
    {
        var system = parts.System;
        var cluster = Akka.Cluster.Cluster.Get(system);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token);
        _ = system.WhenTerminated.ContinueWith(_ => ending.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            var seeds = Seeds(cluster.SelfAddress);
            if (seeds.Length > 0)
                await SeedLookup.OfSystem.WaitAsync(seeds, _report, ending.Token).ConfigureAwait(false);
            cluster.JoinSeedNodes(seeds.Length == 0 ? [cluster.SelfAddress] : seeds.Select(seed => new Address(cluster.SelfAddress.Protocol, SystemName, seed.Host, seed.Port)));
            await MemberAsync(parts).WaitAsync(s_joinTime, ending.Token).ConfigureAwait(false);
            _wasMember = true;
        }
        catch (TimeoutException)
        {
            (_wasMember, _foundNobody) = (false, true);
            _report($"No cluster was found in {s_joinTime.TotalSeconds:0} seconds at {string.Join(", ", _options.SeedNodes)}; the node goes on looking.");
            await CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClusterJoinUnsuccessfulReason.Instance).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The node leaves, or this life of it is over.
        }
    }

    private SeedNode[] Seeds(Address self)
    {
        // A node that was taken for dead has a cluster to go back to: it must not start one of its own because it is the first of the list.
        var own = new SeedNode(self.Host, self.Port ?? 0);
        var seeds = _options.SeedNodes.Select(seed => seed.OtherName == own ? own : seed).ToArray();
        var others = seeds.Where(seed => seed != own).ToArray();
        if (_wasMember && others.Length > 0)
            return others;
        // Only where nobody answered to the names that were given: a node that is asked by another name than its own says that something is wrong.
        return _foundNobody ? [.. seeds, .. others.Select(seed => seed.OtherName).OfType<SeedNode>()] : seeds;
    }

    private async Task OnTerminatedAsync()
    {
        try
        {
            await _host.StopAsync().ConfigureAwait(false);
            if (_failure is not null)
            {
                _ended.TrySetException(_failure);
                return;
            }
            if (_leaving.IsCancellationRequested)
            {
                _ended.TrySetResult();
                return;
            }
            if (_wasMember)
                _report("The cluster took this node for dead; it joins again as a new member.");
            Interlocked.Increment(ref _rejoined);
            _host.Dispose();
            _host = BuildHost();
            var (begun, following) = (_nextLife, NewSignal());
            await StartLifeAsync(CancellationToken.None).ConfigureAwait(false);
            _nextLife = following;
            begun.TrySetResult();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            _ended.TrySetException(exception);
        }
    }

    private void Refuse(string sentence)
    {
        if (Interlocked.CompareExchange(ref _failure, new InvalidInputException(sentence), null) is null)
            _ = CoordinatedShutdown.Get(Parts.System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
    }
}
