using DistRnn.Protocol;
using DistRnn.Runtime;

namespace DistRnn.Simulation;

/// <summary>One life of a node: its machines, what they wait for, and what it has heard of the others.</summary>
internal sealed class SimulatedProcess(SimulatedHost host, NodeId id) : IDisposable
{
    private readonly Dictionary<(NodeRoles Role, string Name), long> _timers = [];
    private readonly HashSet<NodeId> _removed = [];

    /// <summary>Where it runs.</summary>
    public SimulatedHost Host { get; } = host;

    /// <summary>Its name in the cluster.</summary>
    public NodeId Id { get; } = id;

    /// <summary>What it does.</summary>
    public NodeRoles Roles => Host.Roles;

    /// <summary>Whether it still runs.</summary>
    public bool IsAlive { get; set; } = true;

    /// <summary>Until when it stands still.</summary>
    public TimeSpan StalledUntil { get; set; }

    /// <summary>What came while it stood still.</summary>
    public Queue<(NodeRoles Role, Input Input)> Backlog { get; } = new();

    /// <summary>The machine of each role, as the driver calls it.</summary>
    public Dictionary<NodeRoles, MachineHandler> Handlers { get; } = [];

    /// <summary>Its coordinator, while it is the one that the cluster chose.</summary>
    public CoordinatorMachine? Coordinator { get; set; }

    /// <summary>What collects checkpoints for its coordinator.</summary>
    public CheckpointDesk? Desk { get; set; }

    /// <summary>Its parameter server.</summary>
    public ParameterServerMachine? Server { get; set; }

    /// <summary>Its worker.</summary>
    public WorkerMachine? Worker { get; set; }

    /// <summary>The memory of its worker, once a run is loaded.</summary>
    public ShardWorkspace? Workspace { get; set; }

    /// <summary>Members as it sees them.</summary>
    public SortedDictionary<NodeId, (NodeRoles Roles, MemberStatus Status)> View { get; } = [];

    /// <summary>When the last news of members comes to it: news stay in order.</summary>
    public TimeSpan NewsUntil { get; set; }

    /// <summary>Takes news of a member.</summary>
    public void See(NodeId node, NodeRoles roles, MemberStatus status)
    {
        if (status == MemberStatus.Removed)
            _removed.Add(node);
        if (status == MemberStatus.Removed)
            View.Remove(node);
        else
            View[node] = (roles, status);
    }

    /// <summary>Whether it knows that a node was removed.</summary>
    public bool KnowsRemoved(NodeId node) => _removed.Contains(node);

    /// <summary>Starts a timer, or moves it.</summary>
    /// <returns>A number that <see cref="TryFire"/> takes.</returns>
    public long SetTimer(NodeRoles role, string name) => _timers[(role, name)] = _timers.GetValueOrDefault((role, name)) + 1;

    /// <summary>Stops a timer.</summary>
    public void CancelTimer(NodeRoles role, string name) => SetTimer(role, name);

    /// <summary>Stops all timers of a machine.</summary>
    public void CancelTimers(NodeRoles role)
    {
        foreach (var key in _timers.Keys.Where(key => key.Role == role).ToArray())
            _timers[key]++;
    }

    /// <summary>Whether a timer that was set still is.</summary>
    public bool TryFire(NodeRoles role, string name, long number) => IsAlive && _timers.GetValueOrDefault((role, name)) == number;

    /// <inheritdoc/>
    public void Dispose() => Server?.Dispose();
}

/// <summary>A machine's entry point.</summary>
/// <param name="input">What happened.</param>
/// <param name="now">The time.</param>
internal delegate Outcome MachineHandler(Input input, TimeSpan now);
