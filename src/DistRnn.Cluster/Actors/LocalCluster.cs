using Akka.Actor;
using Akka.Configuration;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// A whole cluster in one process without sockets: the machines and actors of the real one, messages handed over as they are. It is what
/// <c>train --local threads</c> runs. Actors have threads of their own and so has all computing, so that nothing waits for a pool.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private const string Settings = """
        akka {
          loglevel = WARNING
          stdout-loglevel = OFF
          stdout-logger-class = "DistRnn.Cluster.SilentLogger, DistRnn.Cluster"
          loggers = []
          coordinated-shutdown.run-by-clr-shutdown-hook = off
          actor.internal-dispatcher {
            executor = "DistRnn.Cluster.ParkingExecutorFactory, DistRnn.Cluster"
            threads = 1
          }
          actor.default-dispatcher {
            executor = "DistRnn.Cluster.ParkingExecutorFactory, DistRnn.Cluster"
            threads = 2
          }
        }
        distrnn.machine-dispatcher {
          type = Dispatcher
          executor = "DistRnn.Cluster.ParkingExecutorFactory, DistRnn.Cluster"
          throughput = 1
          threads = 256
        }
        """;

    private readonly ActorSystem _system = ActorSystem.Create("distrnn-local", ConfigurationFactory.ParseString(Settings));
    private readonly DataBufferPool _buffers;
    private readonly LocalLink _link;
    private readonly TaskCompletionSource<EndRun> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IActorRef _coordinator;
    private readonly List<IActorRef> _machines = [];

    /// <summary>Starts all nodes, and tells the coordinator of them.</summary>
    /// <param name="options">How many there are.</param>
    /// <param name="workerRuns">What each worker computes with, by its number from 0.</param>
    /// <param name="runs">What the coordinator has done beside messages.</param>
    public LocalCluster(LocalClusterOptions options, Func<int, IWorkerRuns> workerRuns, ICoordinatorRuns runs)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(workerRuns);
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Workers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.ParameterServers);
        _buffers = new DataBufferPool(options.BufferBytesMax);
        _link = new LocalLink(_buffers);
        Action<Exception> fault = exception => _ended.TrySetException(exception);
        var nodes = Enumerable.Range(0, Math.Max(options.Workers, options.ParameterServers)).Select(NodeOf).ToArray();
        for (var i = 0; i < options.ParameterServers; i++)
            AddServer(nodes[i], options, fault);
        for (var i = 0; i < options.Workers; i++)
            AddWorker(nodes[i], options, workerRuns(i), fault);
        var self = new NodeId("local/coordinator", 1);
        Func<ICoordinatorRuns> runsOf = () => new EndingRuns(runs, _ended);
        _coordinator = Add(self, NodeRoles.Coordinator, Props.Create(() => new CoordinatorActor(self, options.Coordinator, _link, runsOf, fault, null, null)));
        Announce(self, NodeRoles.Coordinator);
        for (var i = 0; i < nodes.Length; i++)
            Announce(nodes[i], (i < options.Workers ? NodeRoles.Worker : 0) | (i < options.ParameterServers ? NodeRoles.ParameterServer : 0));
    }

    /// <summary>How the run ended; fails where a machine broke.</summary>
    public Task<EndRun> Ended => _ended.Task;

    /// <summary>Feeds the coordinator an input: <see cref="BeginRun"/>, <see cref="StopRun"/>.</summary>
    /// <param name="input">The input.</param>
    public void Feed(Input input) => _coordinator.Tell(input);

    /// <summary>Ends all nodes. What computes is waited for.</summary>
    public async ValueTask DisposeAsync()
    {
        await _system.Terminate().ConfigureAwait(false);
        _ended.TrySetCanceled();
        _buffers.Dispose();
    }

    private static NodeId NodeOf(int index) => new(FormattableString.Invariant($"local/{index:000}"), 1);

    private void AddServer(NodeId node, LocalClusterOptions options, Action<Exception> fault)
    {
        var runner = new ThreadedRunner(options.ServerThreads);
        var machine = new ParameterServerMachine(node, new PartitionArithmetic(runner), options.ParameterServer);
        Add(node, NodeRoles.ParameterServer, Props.Create(() => new ParameterServerActor(node, machine, _link, runner, fault)));
    }

    private void AddWorker(NodeId node, LocalClusterOptions options, IWorkerRuns runs, Action<Exception> fault) =>
        Add(node, NodeRoles.Worker, Props.Create(() => new WorkerActor(new WorkerMachine(node, options.Worker), _link, runs, fault)));

    private IActorRef Add(NodeId node, NodeRoles role, Props props)
    {
        var machine = _system.ActorOf(props.WithDispatcher("distrnn.machine-dispatcher"));
        _link.Add(node, role, machine);
        _machines.Add(machine);
        return machine;
    }

    private void Announce(NodeId node, NodeRoles roles)
    {
        foreach (var machine in _machines)
            machine.Tell(new MemberChanged(node, roles, MemberStatus.Up));
    }

    /// <summary>Sees the end of the run go by.</summary>
    private sealed class EndingRuns(ICoordinatorRuns runs, TaskCompletionSource<EndRun> ended) : ICoordinatorRuns
    {
        public void Begin(ICoordinatorDesk desk) => runs.Begin(desk);

        public void CarryOut(Effect effect)
        {
            runs.CarryOut(effect);
            if (effect is EndRun end)
                ended.TrySetResult(end);
        }

        public void TakeSnapshot(PartitionKey key, PartitionContent content) => runs.TakeSnapshot(key, content);
    }
}
