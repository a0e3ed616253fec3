using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>A run as its coordinator needs it.</summary>
public sealed record RunPlan
{
    /// <summary>The run's name, unique in the cluster.</summary>
    public required string Run { get; init; }

    /// <summary>What workers, and the next coordinator, read the run from: bytes for the drivers.</summary>
    public required ReadOnlyMemory<byte> Description { get; init; }

    /// <summary>What parameter servers know of it.</summary>
    public required PartitionSpec Spec { get; init; }

    /// <summary>How it goes on.</summary>
    public required ITrainingCourse Course { get; init; }

    /// <summary>The version to begin with where nobody holds the run: 0, or a checkpoint's.</summary>
    public required long StartVersion { get; init; }

    /// <summary>The position to begin with.</summary>
    public required ReadOnlyMemory<byte> StartPosition { get; init; }

    /// <summary>The incarnation to begin with: one above that of any earlier execution.</summary>
    public int StartIncarnation { get; init; }

    /// <summary>A term that an earlier execution had: this one's are above it.</summary>
    public long TermAbove { get; init; }

    /// <summary>The digest that every worker must have; null takes the first one's.</summary>
    public string? Digest { get; init; }

    /// <summary>The job's seed, from which duplicate execution is drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>Parameter servers to wait for at the start.</summary>
    public int ServersWanted { get; init; } = 1;

    /// <summary>Workers to wait for at the start.</summary>
    public int WorkersWanted { get; init; } = 1;

    /// <summary>Copies of each partition beside the owner's, where there are servers for them.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Whether idle workers take a second copy of the slowest lease.</summary>
    public bool Speculates { get; init; } = true;

    /// <summary>The fraction of leases that are computed twice.</summary>
    public double VerifiedShare { get; init; }

    /// <summary>Whether a checkpoint that cannot be written stops the run.</summary>
    public bool RequiresCheckpoints { get; init; } = true;

    /// <summary>
    /// Why the run has to go back to a checkpoint although parameter servers hold it, a sentence: it needs what is on no host any more. Empty where it goes on from
    /// what they hold.
    /// </summary>
    public string GoesBackFor { get; init; } = "";

    /// <summary>SHA-256 of the job, for the ledger.</summary>
    public string JobDigest { get; init; } = "";
}

/// <summary>How a coordinator behaves.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>How often it looks at deadlines and asks again.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>After how long a question without an answer is asked again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long it waits for the nodes that the job asks for, once it has one of each kind.</summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After how long without a change it says what it waits for; then again after twice that time, and so on.</summary>
    public TimeSpan SaysAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The shortest lease.</summary>
    public TimeSpan LeaseMin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A lease lasts so many times the usual time of its shards.</summary>
    public double LeaseFactor { get; init; } = 6;

    /// <summary>A lease is copied once it has lasted so many times the usual time.</summary>
    public double SpeculationFactor { get; init; } = 2;

    /// <summary>How long an owner or a replica must have been unreachable before it is replaced, while most coordinators are reachable.</summary>
    public TimeSpan ReplaceAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long another coordinator node must have been reachable to count among most: longer than it takes to notice that one is not.</summary>
    public TimeSpan TrustAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How many coordinator nodes the cluster has: 1 or 3.</summary>
    public int Coordinators { get; init; } = 1;
}

/// <summary>Begins, or takes over, a run.</summary>
/// <param name="Plan">The run.</param>
public sealed record BeginRun(RunPlan Plan) : Input;

/// <summary>Ends a run after the step in work and a checkpoint.</summary>
/// <param name="Status">What the run's status will be: <c>interrupted</c> or <c>cancelled</c>.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record StopRun(string Status, string Reason) : Input;

/// <summary>A checkpoint is complete on as many hosts as the job asks for.</summary>
/// <param name="Version">The version.</param>
/// <param name="ManifestDigest">SHA-256 of its manifest.</param>
/// <param name="Fingerprint">The fingerprint of its parameters.</param>
public sealed record CheckpointSaved(long Version, string ManifestDigest, string Fingerprint) : Input;

/// <summary>A checkpoint could not be written.</summary>
/// <param name="Version">The version.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record CheckpointFailed(long Version, string Reason) : Input;

/// <summary>Parts of a checkpoint did not all come, their owners being gone: it is as if it had not been begun.</summary>
/// <param name="Version">The version.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record CheckpointLost(long Version, string Reason) : Input;

/// <summary>The newest complete checkpoint, or the beginning of the run where there is none.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Position">Its position.</param>
public sealed record CheckpointFound(long Version, ReadOnlyMemory<byte> Position) : Input;

/// <summary>There is no way back: no complete checkpoint can be read.</summary>
/// <param name="Reason">Why, in words.</param>
public sealed record NoCheckpoint(string Reason) : Input;

/// <summary>Sends a partition's content at a version, from a checkpoint or as the initialiser makes it, as a <see cref="PartitionSeed"/>.</summary>
/// <param name="To">The owner.</param>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Version">The version; 0 for the beginning.</param>
public sealed record SeedPartition(NodeId To, PartitionKey Key, long Version) : Effect;

/// <summary>Begins to collect the partitions of a version for a checkpoint; they come as snapshots from their owners.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Version">The version.</param>
/// <param name="Position">The position.</param>
public sealed record BeginCheckpoint(RunKey Run, long Version, ReadOnlyMemory<byte> Position) : Effect;

/// <summary>Looks for the newest complete checkpoint; answered by <see cref="CheckpointFound"/> or <see cref="NoCheckpoint"/>.</summary>
/// <param name="Run">The run's life.</param>
public sealed record FindCheckpoint(RunKey Run) : Effect;

/// <summary>A step is committed: progress and the metrics log read it.</summary>
/// <param name="Address">The step.</param>
/// <param name="Sums">The sums over its shards.</param>
/// <param name="Settlement">What became of it.</param>
/// <param name="Incarnation">The incarnation.</param>
public sealed record StepReported(StepAddress Address, NodeSums Sums, StepSettlement Settlement, int Incarnation) : Effect;

/// <summary>An evaluation has been made.</summary>
/// <param name="Version">Whose parameters.</param>
/// <param name="Pieces">The figures of all pieces, in order.</param>
/// <param name="Settlement">What it came to.</param>
public sealed record EvaluationReported(long Version, ImmutableArray<ReadOnlyMemory<byte>> Pieces, EvaluationSettlement Settlement) : Effect;

/// <summary>Something went wrong and was put right, or is being put right.</summary>
/// <param name="Kind">What: kebab-case.</param>
/// <param name="Reason">In words.</param>
public sealed record FaultNoticed(string Kind, string Reason) : Effect;

/// <summary>The run stands still until something happens that is out of the coordinator's hands.</summary>
/// <param name="For">What it waits for, a sentence.</param>
public sealed record Waiting(string For) : Effect;

/// <summary>What went wrong is put right, and training goes on.</summary>
/// <param name="What">What it was: kebab-case.</param>
/// <param name="Duration">From when it was noticed.</param>
public sealed record Recovered(string What, TimeSpan Duration) : Effect;

/// <summary>The run went back.</summary>
/// <param name="From">The version that was reached.</param>
/// <param name="To">The version that it goes on from.</param>
/// <param name="Incarnation">The new incarnation.</param>
public sealed record WentBack(long From, long To, int Incarnation) : Effect;

/// <summary>The run is over.</summary>
/// <param name="Status">The status, as the summary spells it.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Version">The last version.</param>
/// <param name="Position">The last position.</param>
public sealed record EndRun(string Status, string Reason, long Version, ReadOnlyMemory<byte> Position) : Effect
{
    /// <summary>Bytes that workers pulled from and pushed to other nodes.</summary>
    public long Bytes { get; init; }

    /// <summary>Steps that were committed under this coordinator.</summary>
    public long Steps { get; init; }
}

/// <summary>Another coordinator is in charge: this one stops.</summary>
/// <param name="Reason">In words.</param>
public sealed record StepDown(string Reason) : Effect;
