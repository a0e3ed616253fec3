namespace DistRnn.Protocol;

/// <summary>How far a worker is with a run.</summary>
internal enum WorkerStage
{
    /// <summary>It has not answered the offer.</summary>
    Offered,

    /// <summary>It can compute shards.</summary>
    Ready,

    /// <summary>It cannot take part, or may not.</summary>
    Out,
}

/// <summary>A node as the coordinator sees it.</summary>
internal sealed class MemberState(NodeId node, NodeRoles roles)
{
    public NodeId Node { get; } = node;

    public NodeRoles Roles { get; } = roles;

    public MemberStatus Status { get; set; } = MemberStatus.Up;

    /// <summary>Since when its status is what it is.</summary>
    public TimeSpan Since { get; set; }

    public WorkerStage Stage { get; set; }

    public bool IsWorker => (Roles & NodeRoles.Worker) != 0;

    public bool IsServer => (Roles & NodeRoles.ParameterServer) != 0;

    public bool IsCoordinator => (Roles & NodeRoles.Coordinator) != 0;

    /// <summary>Whether it may be given shards.</summary>
    public bool MayCompute => IsWorker && Status == MemberStatus.Up && Stage == WorkerStage.Ready;
}

/// <summary>The cluster as the coordinator sees it: members in a total order, the removed ones remembered only as long as they matter.</summary>
internal sealed class MemberTable
{
    private readonly SortedDictionary<NodeId, MemberState> _members = [];

    /// <summary>Members that are not removed, in order.</summary>
    public IEnumerable<MemberState> All => _members.Values;

    /// <summary>Workers that may be given shards.</summary>
    public IEnumerable<MemberState> Workers => _members.Values.Where(member => member.MayCompute);

    /// <summary>Parameter servers that take part.</summary>
    public IEnumerable<MemberState> Servers => _members.Values.Where(member => member.IsServer && member.Status == MemberStatus.Up);

    public MemberState? this[NodeId node] => _members.GetValueOrDefault(node);

    /// <summary>Takes what the cluster says.</summary>
    /// <returns>The member, or null where it is not known and does not become so.</returns>
    public MemberState? Take(MemberChanged change, TimeSpan now)
    {
        if (!_members.TryGetValue(change.Node, out var member))
        {
            if (change.Status == MemberStatus.Removed)
                return null;
            _members[change.Node] = member = new MemberState(change.Node, change.Roles);
            (member.Status, member.Since) = (change.Status, now);
            return member;
        }
        if (member.Status != change.Status)
            (member.Status, member.Since) = (change.Status, now);
        if (change.Status == MemberStatus.Removed)
            _members.Remove(change.Node);
        return member;
    }

    /// <summary>Whether most coordinator nodes are reachable from here. One that came after some time does not count: it may be cut off without having been noticed yet.</summary>
    /// <param name="coordinators">How many the cluster has.</param>
    /// <param name="self">This node, which counts.</param>
    /// <param name="since">Since when others must have been there.</param>
    public bool SeesMostCoordinators(int coordinators, NodeId self, TimeSpan since) =>
        2 * _members.Values.Count(member => member.IsCoordinator && (member.Status is MemberStatus.Up or MemberStatus.Leaving) && (member.Node == self || member.Since <= since)) > coordinators;
}
