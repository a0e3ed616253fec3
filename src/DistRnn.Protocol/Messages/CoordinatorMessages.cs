using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>A partition's owner as a coordinator knows it.</summary>
/// <param name="Node">The owner.</param>
/// <param name="OwnerEpoch">Its owner epoch.</param>
public readonly record struct PartitionOwner(NodeId Node, long OwnerEpoch);

/// <summary>Asks a parameter server to promise a term: from then on it refuses commands of lower ones.</summary>
/// <param name="Run">The run; its incarnation is the highest that the asker knows. Without a name: all runs.</param>
/// <param name="Term">The term; 0 is never promised, and only asks what the server holds.</param>
public sealed record PromiseRequest(RunKey Run, long Term) : IMessage;

/// <summary>Makes a parameter server the owner of a partition. Its content follows as a <see cref="PartitionSeed"/>.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Spec">What the server has to know of the run.</param>
/// <param name="Version">The version that the content will have.</param>
/// <param name="Replicas">Who keeps copies, at most <see cref="ReplicasMax"/>.</param>
/// <param name="Description">The run as the next coordinator needs it to take over: bytes that only coordinators read.</param>
public sealed record PartitionAssignment(PartitionKey Key, long Term, PartitionSpec Spec, long Version, ImmutableArray<NodeId> Replicas, ReadOnlyMemory<byte> Description) : IMessage
{
    /// <summary>The most copies of a partition.</summary>
    public const int ReplicasMax = 100;

    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>Gives a partition other replicas, or none.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Replicas">Who keeps copies from now on.</param>
/// <param name="Number">The number of this list in the term, rising with each other list of the partition: what was overtaken is ignored. That of an assignment is 1.</param>
public sealed record ReplicaAssignment(PartitionKey Key, long Term, ImmutableArray<NodeId> Replicas, long Number) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>Makes a replica the owner.</summary>
/// <param name="Key">The partition and its new owner epoch.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="VersionMin">The version that is known to be committed: a replica below it is too old.</param>
public sealed record Promotion(PartitionKey Key, long Term, long VersionMin) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>What becomes of a step, the same on every partition.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Step">The step: the version before it.</param>
/// <param name="IsApplied">Whether the parameters move; where not (the gradient was not finite) the step changes nothing but the version.</param>
/// <param name="Factor">What each element of the gradient is multiplied by.</param>
/// <param name="LearningRate">The rate.</param>
/// <param name="BeginsEpochNext">Whether the next step begins an epoch, so that lanes are not carried into it.</param>
/// <param name="Position">The run's position after the step.</param>
public sealed record StepDecision(
    RunKey Run, long Term, long Step, bool IsApplied, float Factor, double LearningRate, bool BeginsEpochNext, ReadOnlyMemory<byte> Position) : IMessage;

/// <summary>Every owner and replica has made a step's update: what was kept to answer questions about it may go.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Step">The step.</param>
public sealed record CommitNotice(RunKey Run, long Term, long Step) : IMessage;

/// <summary>Asks an owner for its content at a version, for a checkpoint. The next step waits until it is taken, not until it is written.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Version">The version.</param>
public sealed record SnapshotRequest(PartitionKey Key, long Term, long Version) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>Tells a worker of a run; it reads the job and answers with <see cref="WorkerReady"/>.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Description">The run as workers need it: bytes that the drivers read.</param>
public sealed record RunOffer(RunKey Run, long Term, ReadOnlyMemory<byte> Description) : IMessage;

/// <summary>Lets a worker compute a node of the gradient tree until a deadline.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Address">The step.</param>
/// <param name="Node">Its shards.</param>
/// <param name="Attempt">The lease's number; no other lease of the run's life has it.</param>
/// <param name="Owners">Who owns each partition.</param>
/// <param name="LearningRate">Under policies that apply shards one by one, the rate; null otherwise.</param>
public sealed record Lease(RunKey Run, long Term, StepAddress Address, TreeNode Node, long Attempt, ImmutableArray<PartitionOwner> Owners, double? LearningRate) : IMessage;

/// <summary>Takes a lease back.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record LeaseRevoked(RunKey Run, long Attempt, string Reason) : IMessage;

/// <summary>Lets a worker evaluate some of a part's evaluation shards.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Version">Whose parameters.</param>
/// <param name="Piece">Which piece of the evaluation.</param>
/// <param name="Pieces">How many pieces there are.</param>
/// <param name="Attempt">The lease's number.</param>
/// <param name="Owners">Who owns each partition.</param>
public sealed record EvaluationLease(RunKey Run, long Term, long Version, int Piece, int Pieces, long Attempt, ImmutableArray<PartitionOwner> Owners) : IMessage;

/// <summary>The run is over, or this node's part in it: everything of it may go.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record RunOver(RunKey Run, long Term, string Reason) : IMessage;

/// <summary>Under policies that apply shards one by one: the run's position, for the next coordinator.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Term">The commander's term.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Position">The position: bytes that only coordinators read.</param>
public sealed record PositionNotice(RunKey Run, long Term, long Step, ReadOnlyMemory<byte> Position) : IMessage;
