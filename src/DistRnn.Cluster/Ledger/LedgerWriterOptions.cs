namespace DistRnn.Cluster;

/// <summary>How a ledger is written behind.</summary>
public sealed record LedgerWriterOptions
{
    /// <summary>Events that may wait to be written, at least 1. Where more come, recording waits.</summary>
    public int QueueMax { get; init; } = 65_536;

    /// <summary>Events of one transaction, at least 1.</summary>
    public int BatchMax { get; init; } = 4_096;

    /// <summary>
    /// Whether recording a commit waits until it is written, though not forced onto the disk: servers forget what the step was made of when they learn of its commit, so a
    /// process that is killed leaves a ledger that lacks no step but the one which the next coordinator records anew.
    /// </summary>
    public bool KeepsUp { get; init; }

    /// <summary>How long a transaction that failed waits to be tried again, unless something else happens before.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);
}
