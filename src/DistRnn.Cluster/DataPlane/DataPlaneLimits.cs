namespace DistRnn.Cluster;

/// <summary>How long what comes from outside may be. Checked before anything is read or reserved.</summary>
internal sealed record DataPlaneLimits
{
    /// <summary>Bytes of a prefix at most: room for a million row numbers.</summary>
    public int PrefixBytesMax { get; init; } = 4 << 20;

    /// <summary>Bytes of a payload at most.</summary>
    public long PayloadBytesMax { get; init; } = 256L << 20;
}
