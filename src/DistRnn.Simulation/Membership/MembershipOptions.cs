namespace DistRnn.Simulation;

/// <summary>The times of the modelled membership service: those of the failover profile <c>fast</c>.</summary>
internal sealed record MembershipOptions
{
    /// <summary>How often members look at each other.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A member that has not been heard of for so long is unreachable.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(2_000);

    /// <summary>When who is unreachable has not changed for so long, the split is resolved.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromMilliseconds(1_500);

    /// <summary>How long after a removal the next coordinator begins.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromMilliseconds(750);

    /// <summary>The longest that news takes from member to member.</summary>
    public TimeSpan GossipMax { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a node that leaves may take to hand over.</summary>
    public TimeSpan LeavePatience { get; init; } = TimeSpan.FromSeconds(8);
}
