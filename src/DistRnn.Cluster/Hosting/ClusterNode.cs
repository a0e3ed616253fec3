using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using DistRnn.Numerics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DistRnn.Cluster;

/// <summary>
/// A member of the cluster: an actor system with its place in the membership. When the others take the node for dead, Akka ends its actor system for
/// good; this class then starts a new one, which joins as a new member.
/// </summary>
public sealed class ClusterNode : IAsyncDisposable
{
    /// <summary>The name of every node's actor system; nodes of one cluster need the same.</summary>
    public const string SystemName = "distrnn";

    private readonly NodeOptions _options;
    private readonly Action<ActorSystem> _furnish;
    private readonly Action<string> _report;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IHost _host;
    private volatile bool _leaving;

    private ClusterNode(NodeOptions options, Action<ActorSystem> furnish, Action<string> report)
    {
        (_options, _furnish, _report) = (options, furnish, report);
        _host = BuildHost();
    }

    /// <summary>The actor system of now; another one after the node was taken for dead.</summary>
    public ActorSystem System => _host.Services.GetRequiredService<ActorSystem>();

    /// <summary>The address by which other nodes reach this one, such as <c>akka.tcp://distrnn@machine-1:4053</c>.</summary>
    public Address Address => Akka.Cluster.Cluster.Get(System).SelfAddress;

    /// <summary>How often the node was taken for dead and joined again.</summary>
    public int Rejoined { get; private set; }

    /// <summary>Completes when the node has left for good; fails when it could not go on.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts a node. It is a member when <see cref="WhenMemberAsync"/> has completed.</summary>
    /// <param name="options">What the node has to know.</param>
    /// <param name="furnish">Creates the node's actors in a new actor system; called once for each, before it joins.</param>
    /// <param name="report">Told, in sentences, what a person who watches the node should know; called from several threads.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="InvalidInputException">The options are invalid, or the port is taken.</exception>
    public static async Task<ClusterNode> StartAsync(NodeOptions options, Action<ActorSystem> furnish, Action<string> report, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(furnish);
        ArgumentNullException.ThrowIfNull(report);
        options.Validate();
        var node = new ClusterNode(options, furnish, report);
        await node.StartHostAsync(cancellation).ConfigureAwait(false);
        return node;
    }

    /// <summary>Completes when the node is a member of the cluster whose membership all others have seen.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task WhenMemberAsync(CancellationToken cancellation = default)
    {
        var member = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Akka.Cluster.Cluster.Get(System).RegisterOnMemberUp(() => member.TrySetResult());
        await member.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Leaves the cluster in good order: what the node holds is handed over, the others see it go, and the actor system ends.</summary>
    public async Task LeaveAsync()
    {
        _leaving = true;
        await CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance).ConfigureAwait(false);
        await _ended.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_ended.Task.IsCompleted)
            await LeaveAsync().ConfigureAwait(false);
        _host.Dispose();
    }

    private IHost BuildHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostLifetime, NodeLifetime>();
        builder.Logging.AddProvider(new NodeLog(_report));
        builder.Services.AddAkka(SystemName, akka => akka
            .AddHocon(ActorSystemHocon.Of(_options), HoconAddMode.Prepend)
            .ConfigureLoggers(loggers =>
            {
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
            })
            .WithActors((system, _) => _furnish(system)));
        return builder.Build();
    }

    private async Task StartHostAsync(CancellationToken cancellation)
    {
        await _host.StartAsync(cancellation).ConfigureAwait(false);
        var system = System;
        _ = system.WhenTerminated.ContinueWith(_ => OnTerminatedAsync(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        var cluster = Akka.Cluster.Cluster.Get(system);
        cluster.JoinSeedNodes(Seeds(cluster.SelfAddress));
    }

    private IEnumerable<Address> Seeds(Address self)
    {
        if (_options.SeedNodes.Count == 0)
            return [self];
        var seeds = _options.SeedNodes.Select(seed => new Address(self.Protocol, SystemName, seed.Host, seed.Port)).ToArray();
        // A node that was taken for dead has a cluster to go back to: it must not start one of its own because it is the first of the list.
        return Rejoined > 0 && seeds.Length > 1 ? seeds.Where(seed => !seed.Equals(self)) : seeds;
    }

    private async Task OnTerminatedAsync()
    {
        try
        {
            if (_leaving)
            {
                await _host.StopAsync().ConfigureAwait(false);
                _ended.TrySetResult();
                return;
            }
            _report("The cluster took this node for dead; it joins again as a new member.");
            _host.Dispose();
            Rejoined++;
            _host = BuildHost();
            await StartHostAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            _ended.TrySetException(exception);
        }
    }
}
