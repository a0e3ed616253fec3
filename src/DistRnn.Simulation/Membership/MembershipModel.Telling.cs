using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>How members hear of each other, and where the coordinator runs.</summary>
internal sealed partial class MembershipModel
{
    private static readonly TimeSpan RestartAfter = TimeSpan.FromSeconds(3);
    private NodeId? _chosen;
    private TimeSpan _chosenAt;

    private void Tell(NodeId node, NodeRoles roles, MemberStatus status)
    {
        foreach (var member in _members)
            if (cluster.Find(member.Node) is { IsAlive: true } process)
                TellOne(process, node, status, roles);
    }

    private void TellOne(SimulatedProcess process, NodeId node, MemberStatus status)
    {
        if (process.View.TryGetValue(node, out var known))
            TellOne(process, node, status, known.Roles);
    }

    private void TellOne(SimulatedProcess process, NodeId node, MemberStatus status, NodeRoles roles)
    {
        var at = cluster.Events.Now + draws.Between(TimeSpan.Zero, options.GossipMax);
        process.NewsUntil = at > process.NewsUntil ? at : process.NewsUntil;
        cluster.Events.In(process.NewsUntil - cluster.Events.Now, () =>
        {
            if (!process.IsAlive || status != MemberStatus.Up && !process.View.ContainsKey(node) || process.KnowsRemoved(node))
                return;
            process.See(node, roles, status);
            if (process.Coordinator is not null)
                cluster.Feed(process, NodeRoles.Coordinator, new MemberChanged(node, roles, status));
        });
    }

    /// <summary>Starts a coordinator where another node has become the oldest of its role.</summary>
    private void LookAtCoordinator(TimeSpan margin)
    {
        var oldest = _members.Where(member => (member.Roles & NodeRoles.Coordinator) != 0 && !member.IsLeaving).MinBy(member => member.Joined)?.Node;
        if (oldest is not { } node || node == _chosen)
            return;
        var before = _chosen;
        (_chosen, _chosenAt) = (node, cluster.Events.Now);
        var isEarly = cluster.IsFaulty && draws.Happens(0.2);
        if (isEarly && before is not null)
            cluster.Count(FaultKind.EarlyCoordinator);
        var delay = (isEarly ? TimeSpan.Zero : margin) + draws.Between(TimeSpan.Zero, options.GossipMax);
        var stop = isEarly ? delay + draws.Milliseconds(0, 1_500) : TimeSpan.Zero;
        if (before is { } earlier && Has(earlier) && cluster.Find(earlier) is { IsAlive: true } old)
            cluster.Events.In(stop, () => cluster.StopCoordinator(old));
        cluster.Events.In(delay, () => StartCoordinator(node));
    }

    /// <summary>A singleton that ended is started again where it is.</summary>
    private void KeepCoordinator()
    {
        if (_chosen is { } node && cluster.Events.Now - _chosenAt >= RestartAfter)
            StartCoordinator(node);
    }

    /// <summary>A coordinator begins to work when most coordinators are members where it is, as nodes have it: one that starts a cluster anew, alone, does not.</summary>
    private void StartCoordinator(NodeId node)
    {
        if (node == _chosen && Has(node) && cluster.Find(node) is { IsAlive: true, Coordinator: null } process
            && 2 * process.View.Values.Count(member => (member.Roles & NodeRoles.Coordinator) != 0) > cluster.Coordinators)
            cluster.StartCoordinator(process);
    }
}
