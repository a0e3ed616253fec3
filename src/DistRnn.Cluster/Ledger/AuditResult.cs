using System.Collections.Immutable;

namespace DistRnn.Cluster;

/// <summary>What an audit can find wrong.</summary>
public enum AuditRule
{
    /// <summary>A shard of a surviving step did not enter a partition's update.</summary>
    ShardMissing,

    /// <summary>A shard of a surviving step entered a partition's update more than once.</summary>
    ShardTwice,

    /// <summary>Something entered an update that has no such shard or no such partition.</summary>
    ShardUnknown,

    /// <summary>The ledger has no commit of a step between others: versions go up by more than one.</summary>
    StepMissing,

    /// <summary>One coordinator committed a step twice, or the version went down without a rollback.</summary>
    StepTwice,

    /// <summary>Two coordinators committed one step.</summary>
    TwoCoordinators,

    /// <summary>Terms do not rise: a term began twice, or a coordinator acted in a term that did not begin.</summary>
    TermOrder,

    /// <summary>Two different events came under one term and sequence.</summary>
    SequenceTwice,

    /// <summary>Incarnations do not go up by one with each rollback, or something was committed under one that had been superseded.</summary>
    IncarnationOrder,

    /// <summary>The owner epochs of a partition do not rise.</summary>
    OwnerEpochOrder,

    /// <summary>A checkpoint is not as it was written.</summary>
    CheckpointDamaged,

    /// <summary>The parameters of a checkpoint have another fingerprint than its manifest or the ledger claims.</summary>
    FingerprintDiffers,
}

/// <summary>Something that an audit found wrong.</summary>
/// <param name="Rule">Which rule is broken.</param>
/// <param name="Step">The step or version it is about.</param>
/// <param name="Reason">What was found, a sentence.</param>
public sealed record AuditViolation(AuditRule Rule, long Step, string Reason);

/// <summary>What an audit found.</summary>
/// <param name="Updates">Surviving steps that moved the parameters.</param>
/// <param name="Shards">Shards of these steps that were found in every partition's update; a shard counts once, not once a partition.</param>
/// <param name="Duplicates">Second results that were compared and dropped, over the whole history.</param>
/// <param name="Rollbacks">How often the run was rolled back.</param>
/// <param name="Checkpoints">Checkpoints on the disk whose fingerprint was computed again.</param>
/// <param name="Violations">What is wrong, the first <see cref="Audit.ViolationsMax"/> of it; empty where everything holds.</param>
public sealed record AuditResult(long Updates, long Shards, long Duplicates, long Rollbacks, long Checkpoints, ImmutableArray<AuditViolation> Violations)
{
    /// <summary>Surviving steps whose records were on hosts that are gone, so that nothing can be said of them; the ledger names them.</summary>
    public long Unproven { get; init; }
}
