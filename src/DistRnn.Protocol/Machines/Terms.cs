namespace DistRnn.Protocol;

/// <summary>
/// How terms are numbered: a round, and in its last six digits the coordinator that it belongs to, so that coordinators that do not hear of each other take different terms,
/// as proposers take different ballots in Paxos (Lamport, The Part-Time Parliament, 1998, 2.2).
/// The number is a hash: of a million pairs of coordinators one has the same, and servers still obey only the one that they promised.
/// </summary>
public static class Terms
{
    /// <summary>Terms of one round.</summary>
    public const long PerRound = 1_000_000;

    /// <summary>Owner epochs of one term, so that owners whom coordinators chose without hearing of each other have different ones too.</summary>
    public const long OwnerEpochs = 1_000_000;

    /// <summary>The highest term that is taken from outside: owner epochs of terms above it, which are to be numbers too, have as much room again.</summary>
    public const long Max = long.MaxValue / OwnerEpochs / 2;

    /// <summary>A coordinator's term of the next round.</summary>
    /// <param name="term">A term, which the new one is above; 0 for none.</param>
    /// <param name="coordinator">The coordinator.</param>
    /// <exception cref="ArgumentOutOfRangeException">The term is below 0 or above the highest one.</exception>
    public static long Above(long term, NodeId coordinator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(term);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(term, Max);
        return (((term / PerRound) + 1) * PerRound) + TagOf(coordinator);
    }

    /// <summary>The number that the owner epochs of a term are above.</summary>
    /// <param name="term">The term.</param>
    public static long FirstOwnerEpoch(long term) => term * OwnerEpochs;

    /// <summary>A term as people read it: the round, and the coordinator's number behind a point.</summary>
    /// <param name="term">The term.</param>
    public static string Show(long term) => FormattableString.Invariant($"{term / PerRound}.{term % PerRound:000000}");

    /// <summary>A coordinator's number. It depends on its address and its life alone.</summary>
    private static long TagOf(NodeId coordinator)
    {
        // FNV-1a, 64 bits (Fowler, Noll and Vo), and the finaliser of SplitMix64, without which neighbouring lives have neighbouring numbers.
        var hash = 0xCBF2_9CE4_8422_2325ul;
        foreach (var letter in coordinator.Address)
            hash = (hash ^ letter) * 0x100_0000_01B3;
        hash ^= (ulong)coordinator.Life;
        hash = (hash ^ (hash >> 30)) * 0xBF58_476D_1CE4_E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D0_49BB_1331_11EB;
        return (long)((hash ^ (hash >> 31)) % PerRound);
    }
}
