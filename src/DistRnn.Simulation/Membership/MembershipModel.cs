using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>
/// What Akka.Cluster does, as far as the protocol can see it: heartbeats make members unreachable after a pause; a split is resolved by the majority of the
/// coordinator role, whose side removes the other, which ends itself; the singleton coordinator runs on the oldest of its role and moves after a removal and a margin.
/// A removed node that does not know it goes on for a while. There is one cluster: who removes others is still in it and has the majority, so the rest can remove nobody.
/// </summary>
internal sealed partial class MembershipModel(SimulatedCluster cluster, MembershipOptions options, Draws draws)
{
    private readonly List<ClusterMember> _members = [];
    private readonly Dictionary<(NodeId Observer, NodeId Subject), TimeSpan> _heard = [];
    private readonly Dictionary<NodeId, (SortedSet<NodeId> Unreachable, TimeSpan Since)> _unreachable = [];
    private readonly HashSet<NodeId> _ending = [];
    private long _joined;

    /// <summary>Whether a process is a member.</summary>
    public bool Has(NodeId node) => _members.Any(member => member.Node == node);

    /// <summary>Begins to look, again and again.</summary>
    public void Begin()
    {
        Look();
        cluster.Events.In(options.Poll, Begin);
    }

    /// <summary>A process goes on after standing still: it has not heard of anyone, but that says nothing.</summary>
    public void Woke(NodeId node)
    {
        foreach (var key in _heard.Keys.Where(key => key.Observer == node).ToArray())
            _heard[key] = cluster.Events.Now;
    }

    /// <summary>A node wants to leave: others are told, and it goes when it has handed over, or patience is over.</summary>
    public void Leave(SimulatedProcess process, Action gone)
    {
        if (_members.Find(member => member.Node == process.Id) is not { IsLeaving: false } member)
            return;
        member.IsLeaving = true;
        Tell(process.Id, process.Roles, MemberStatus.Leaving);
        LookAtCoordinator(TimeSpan.Zero);
        var since = cluster.Events.Now;
        Wait();

        void Wait() => cluster.Events.In(options.Poll, () =>
        {
            if (!process.IsAlive || !Has(process.Id))
                return;
            var isDrained = process.Server is null || process.Server.Holdings.All(holding => !holding.IsOwner);
            if (!isDrained && cluster.Events.Now - since < options.LeavePatience)
            {
                Wait();
                return;
            }
            Remove(process.Id);
            gone();
        });
    }

    private void Look()
    {
        var awake = cluster.Processes.Where(process => process.IsAlive && process.StalledUntil <= cluster.Events.Now).ToArray();
        foreach (var one in awake)
            foreach (var other in awake)
                if (one != other && cluster.Network.Hear(one.Host, other.Host))
                    _heard[(one.Id, other.Id)] = cluster.Events.Now;
        foreach (var process in awake)
        {
            if (!process.IsAlive)
                continue;
            if (Has(process.Id))
                LookAs(process, awake);
            else if (process.View.Count > 0)
                LookAsRemoved(process, awake);
            else
                TryJoin(process, awake);
        }
        KeepCoordinator();
    }

    private void LookAs(SimulatedProcess process, SimulatedProcess[] awake)
    {
        var peers = awake.Where(other => Has(other.Id) && (other == process || cluster.Network.Hear(process.Host, other.Host))).ToArray();
        var gone = new SortedSet<NodeId>(_members.Where(member => member.Node != process.Id && peers.Any(peer => IsSilent(peer.Id, member.Node))).Select(member => member.Node));
        if (IsStable(process, gone))
            Resolve(process, gone);
    }

    /// <summary>One that was removed and does not know it: it ends when a member tells it, or when it sees itself alone.</summary>
    private void LookAsRemoved(SimulatedProcess process, SimulatedProcess[] awake)
    {
        var isTold = awake.Any(other => Has(other.Id) && cluster.Network.Hear(process.Host, other.Host));
        var gone = new SortedSet<NodeId>(process.View.Keys.Where(node => node != process.Id && IsSilent(process.Id, node)));
        if (isTold || IsStable(process, gone))
            EndSoon(process);
    }

    private bool IsStable(SimulatedProcess process, SortedSet<NodeId> gone)
    {
        var (before, since) = _unreachable.GetValueOrDefault(process.Id, ([], cluster.Events.Now));
        if (!before.SetEquals(gone))
        {
            foreach (var node in gone.Except(before))
                TellOne(process, node, MemberStatus.Unreachable);
            foreach (var node in before.Except(gone).Where(process.View.ContainsKey))
                TellOne(process, node, _members.Find(member => member.Node == node) is { IsLeaving: true } ? MemberStatus.Leaving : MemberStatus.Up);
            since = cluster.Events.Now;
        }
        _unreachable[process.Id] = (gone, since);
        return gone.Count > 0 && cluster.Events.Now - since >= options.StableAfter;
    }

    private bool IsSilent(NodeId observer, NodeId subject)
    {
        if (observer == subject)
            return false;
        if (!_heard.TryGetValue((observer, subject), out var at))
            _heard[(observer, subject)] = at = cluster.Events.Now;
        return cluster.Events.Now - at > options.Pause;
    }

    private void Resolve(SimulatedProcess process, SortedSet<NodeId> gone)
    {
        var coordinators = _members.Where(member => (member.Roles & NodeRoles.Coordinator) != 0).Select(member => member.Node).Order().ToArray();
        var here = coordinators.Where(node => !gone.Contains(node)).ToArray();
        var stays = 2 * here.Length > coordinators.Length || 2 * here.Length == coordinators.Length && coordinators.Length > 0 && here.Contains(coordinators[0]);
        if (!stays)
        {
            EndSoon(process);
            return;
        }
        foreach (var node in gone.ToArray())
        {
            if (cluster.Find(node) is { IsAlive: true })
                cluster.Count(FaultKind.RemovedAlive);
            Remove(node);
        }
    }

    private void EndSoon(SimulatedProcess process)
    {
        if (_ending.Add(process.Id))
            cluster.Events.In(draws.Milliseconds(0, 1_500), () => cluster.End(process, "it was removed from the cluster", draws.Milliseconds(300, 3_000)));
    }

    private void Remove(NodeId node)
    {
        var roles = _members.First(member => member.Node == node).Roles;
        _members.RemoveAll(member => member.Node == node);
        Tell(node, roles, MemberStatus.Removed);
        LookAtCoordinator(options.Margin);
    }

    private void TryJoin(SimulatedProcess process, SimulatedProcess[] awake)
    {
        var isAlive = _members.Any(member => cluster.Find(member.Node) is { IsAlive: true });
        var isFirst = !isAlive && (process.Roles & NodeRoles.Coordinator) != 0;
        if (!isFirst && !awake.Any(other => Has(other.Id) && !_ending.Contains(other.Id) && cluster.Network.Hear(process.Host, other.Host)))
            return;
        if (isFirst)
            _members.Clear();
        foreach (var earlier in _members.Where(member => member.Node.Address == process.Id.Address).ToArray())
            Remove(earlier.Node);
        _members.Add(new ClusterMember(process.Id, process.Roles, ++_joined));
        foreach (var member in _members)
            process.View[member.Node] = (member.Roles, member.IsLeaving ? MemberStatus.Leaving : MemberStatus.Up);
        Tell(process.Id, process.Roles, MemberStatus.Up);
        LookAtCoordinator(TimeSpan.Zero);
    }
}

/// <summary>A member of the cluster.</summary>
internal sealed record ClusterMember(NodeId Node, NodeRoles Roles, long Joined)
{
    /// <summary>Whether it is about to leave.</summary>
    public bool IsLeaving { get; set; }
}
