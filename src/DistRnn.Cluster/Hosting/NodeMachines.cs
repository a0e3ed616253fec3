using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>What the machines of a node work with, and how they behave.</summary>
internal sealed record NodeMachinesOptions
{
    /// <summary>What a worker computes with; called once for each life of the node that works.</summary>
    public Func<NodeParts, IWorkerRuns>? WorkerRuns { get; init; }

    /// <summary>What a coordinator has done beside messages; called once for each coordinator that begins on this node.</summary>
    public Func<NodeParts, ICoordinatorRuns>? CoordinatorRuns { get; init; }

    /// <summary>What the node holds for other hosts; null for a node that holds nothing.</summary>
    public Lazy<CopyDirectory>? Copies { get; init; }

    /// <summary>Whether an earlier process may have left something there.</summary>
    public Func<bool> HasCopies { get; init; } = () => false;

    /// <summary>Told of each life of the node before it joins; null for nobody.</summary>
    public Action<NodeParts>? Begun { get; init; }

    /// <summary>Threads that a parameter server computes with, at least 1.</summary>
    public int ServerThreads { get; init; } = 1;

    /// <summary>How a coordinator behaves.</summary>
    public CoordinatorOptions Coordinator { get; init; } = new();

    /// <summary>How a worker behaves.</summary>
    public WorkerOptions Worker { get; init; } = new();

    /// <summary>How a parameter server behaves.</summary>
    public ParameterServerOptions ParameterServer { get; init; } = new();
}

/// <summary>Puts the actors of a node's roles into a life of the node, and connects them.</summary>
/// <param name="node">The node's options.</param>
/// <param name="machines">What they work with.</param>
/// <param name="link">What carries their messages.</param>
/// <param name="fault">Told what broke a machine.</param>
internal sealed class NodeMachines(NodeOptions node, NodeMachinesOptions machines, ClusterLink link, Action<Exception> fault)
{
    private const string Dispatcher = "distrnn.machine-dispatcher";

    // A partition whose replica was made its owner is no longer reported as owned here only where this node became its replica, so the wait is bounded.
    private static readonly TimeSpan s_handOverTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Creates the actors.</summary>
    /// <param name="parts">The life that begins.</param>
    public void Furnish(NodeParts parts)
    {
        link.Begin(parts);
        if (machines.Copies is { } copies)
        {
            var hasCopies = machines.HasCopies;
            parts.System.ActorOf(Props.Create(() => new CopiesActor(copies, hasCopies)), CopiesActor.Name);
        }
        machines.Begun?.Invoke(parts);
        if (node.Has(NodeRoles.ParameterServer))
            AddServer(parts);
        if (node.Has(NodeRoles.Worker))
            AddWorker(parts);
        if (node.Has(NodeRoles.Coordinator))
            AddCoordinator(parts);
    }

    private void AddServer(NodeParts parts)
    {
        var (id, runner) = (parts.Id, new ThreadedRunner(machines.ServerThreads));
        var machine = new ParameterServerMachine(id, new PartitionArithmetic(runner), machines.ParameterServer);
        var server = Add(parts, NodeRoles.ParameterServer, Props.Create(() => new ParameterServerActor(id, machine, link, runner, fault)), NodeParts.ParameterServerName);
        parts.BeforeLeaving("hand-over", () => HandOverAsync(server));
    }

    /// <summary>Waits, within a bound, until the server owns nothing: coordinators hand its partitions to their replicas between two steps.</summary>
    private static async Task HandOverAsync(IActorRef server)
    {
        for (var waited = TimeSpan.Zero; waited < s_handOverTime; waited += s_lookAgain)
        {
            var held = await server.Ask<ParameterServerActor.Holdings>(ParameterServerActor.HoldingsQuery.Instance, s_handOverTime).ConfigureAwait(false);
            if (!held.Partitions.Any(holding => holding.IsOwner))
                return;
            await Task.Delay(s_lookAgain).ConfigureAwait(false);
        }
    }

    private void AddWorker(NodeParts parts)
    {
        var runs = machines.WorkerRuns?.Invoke(parts) ?? throw new InvalidOperationException("A node that works needs something to compute with.");
        var machine = new WorkerMachine(parts.Id, machines.Worker);
        Add(parts, NodeRoles.Worker, Props.Create(() => new WorkerActor(machine, link, runs, fault)), NodeParts.WorkerName);
    }

    private void AddCoordinator(NodeParts parts)
    {
        if (machines.CoordinatorRuns is not { } runsOf)
            return;
        var (id, times) = (parts.Id, FailoverTimes.Of(node.Failover));
        var options = machines.Coordinator with { Coordinators = node.Coordinators, ReplaceAfter = times.ReplaceAfter, TrustAfter = times.TrustAfter };
        var inCharge = parts.FindCoordinator();
        parts.System.ActorOf(Props.Create(() => new GateActor(inCharge)), NodeParts.GateName);
        Func<ICoordinatorRuns> runs = () => runsOf(parts);
        Action<IActorRef> begun = actor => Welcome(parts, actor);
        parts.OfferCoordinator(Props.Create(() => new CoordinatorActor(id, options, link, runs, fault, begun, parts.StartOverUnlessLeaving)).WithDispatcher(Dispatcher));
    }

    private IActorRef Add(NodeParts parts, NodeRoles role, Props props, string name)
    {
        var actor = parts.System.ActorOf(props.WithDispatcher(Dispatcher), name);
        link.Add(parts.Id, role, actor);
        parts.Subscribe(actor);
        return actor;
    }

    private void Welcome(NodeParts parts, IActorRef coordinator)
    {
        link.Add(parts.Id, NodeRoles.Coordinator, coordinator);
        parts.Subscribe(coordinator);
    }
}
