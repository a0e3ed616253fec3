using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>What a parameter server holds of a partition, as it answers a coordinator that begins a term.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="IsOwner">Whether it is the owner; a replica otherwise.</param>
/// <param name="Version">Its version; -1 while the content has not come.</param>
/// <param name="IsWhole">Whether the content is whole: a replica that is still being filled is not.</param>
/// <param name="HoldsRoot">Whether it holds the complete gradient of the step that begins with its version.</param>
/// <param name="Replicas">An owner's replicas.</param>
/// <param name="LastDecision">The decision of the step before its version, kept until that is committed.</param>
/// <param name="Position">The run's position at its version.</param>
/// <param name="Description">The run as the next coordinator needs it.</param>
public sealed record PartitionHolding(
    PartitionKey Key, bool IsOwner, long Version, bool IsWhole, bool HoldsRoot, ImmutableArray<NodeId> Replicas, StepDecision? LastDecision, ReadOnlyMemory<byte> Position, ReadOnlyMemory<byte> Description);

/// <summary>Answers <see cref="PromiseRequest"/>.</summary>
/// <param name="Run">The run that was asked about.</param>
/// <param name="Term">The term that was asked for.</param>
/// <param name="IsGiven">Whether it is promised.</param>
/// <param name="HighestTerm">The highest term that the server has promised.</param>
/// <param name="Holdings">What it holds of the run.</param>
public sealed record PromiseReply(RunKey Run, long Term, bool IsGiven, long HighestTerm, ImmutableArray<PartitionHolding> Holdings) : IMessage;

/// <summary>A command came with a term below the promised one: its sender is no longer in charge.</summary>
/// <param name="Run">The run.</param>
/// <param name="Term">The command's term.</param>
/// <param name="HighestTerm">The promised term.</param>
public sealed record CommandRefused(RunKey Run, long Term, long HighestTerm) : IMessage;

/// <summary>An owner has its content, and so have its replicas that it names.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Version">The version.</param>
/// <param name="Replicas">The replicas that have the same content.</param>
/// <param name="Term">The term in which the owner was told who keeps copies.</param>
/// <param name="Number">The number of the list that it was told.</param>
public sealed record PartitionHeld(PartitionKey Key, long Version, ImmutableArray<NodeId> Replicas, long Term, long Number) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>Answers <see cref="Promotion"/>, and a <see cref="PartitionAssignment"/> that is older than what the server holds.</summary>
/// <param name="Key">The partition and the owner epoch that was asked for.</param>
/// <param name="IsDone">Whether it is the owner now.</param>
/// <param name="Version">Its version; -1 where it holds nothing.</param>
/// <param name="HoldsRoot">Whether it holds the complete gradient of the step that begins with its version.</param>
/// <param name="Reason">In words.</param>
public sealed record PromotionReply(PartitionKey Key, bool IsDone, long Version, bool HoldsRoot, string Reason) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>What of a step entered a partition's sum.</summary>
/// <param name="Node">The shards that were pushed as one.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Worker">Who computed them.</param>
/// <param name="Digest">The digest of what came.</param>
public sealed record EnteredNode(TreeNode Node, long Attempt, NodeId Worker, UInt128 Digest);

/// <summary>A partition has the complete gradient of a step.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Step">The step.</param>
/// <param name="Sums">Sums over all shards; the same on every partition.</param>
/// <param name="Norms">The squared norms of its blocks.</param>
/// <param name="Entered">What entered the sum.</param>
public sealed record GradientReport(PartitionKey Key, long Step, NodeSums Sums, ImmutableArray<BlockSum> Norms, ImmutableArray<EnteredNode> Entered) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>An owner, and its replica where it has one, has made a step's update.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Step">The step.</param>
public sealed record StepApplied(PartitionKey Key, long Step) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>A copy of an owner's content at a version has been taken and is on its way to whoever asked.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Version">The version.</param>
public sealed record SnapshotTaken(PartitionKey Key, long Version) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>Two gradients of the same shards differ: somebody computed wrongly.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Step">The step.</param>
/// <param name="Node">The shards.</param>
/// <param name="First">What came first and was used.</param>
/// <param name="Second">What came later and differs.</param>
public sealed record DuplicateReport(PartitionKey Key, long Step, TreeNode Node, EnteredNode First, EnteredNode Second) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>The content of a partition: from a coordinator to a new owner, or from an owner to its replica.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Content">The content; the receiver owns it.</param>
/// <param name="Assignment">What a replica has to know of the run; null where an assignment came before.</param>
/// <param name="LastDecision">The decision that led to the content, while the step before it is not committed everywhere: who becomes the owner next can still say how that ended.</param>
public sealed record PartitionSeed(PartitionKey Key, PartitionContent Content, PartitionAssignment? Assignment, StepDecision? LastDecision = null) : ITensorMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;

    /// <inheritdoc/>
    public void Release()
    {
        Content.Parameters.Dispose();
        Content.Optimizer.Dispose();
    }
}

/// <summary>A replica's answer to its owner: where it stands.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Version">The replica's version; -1 while it has no whole content: then the owner sends it.</param>
/// <param name="RootStep">The step whose complete gradient it holds; -1 for none.</param>
public sealed record ReplicaState(PartitionKey Key, long Version, long RootStep) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>The complete gradient of a step, from an owner to its replica.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Report">What the owner reports of it.</param>
/// <param name="Gradient">The sum.</param>
/// <param name="Lanes">The lanes' state after the step.</param>
public sealed record ReplicaGradient(PartitionKey Key, GradientReport Report, GradientPart Gradient, ImmutableArray<LanePart> Lanes) : ITensorMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;

    /// <inheritdoc/>
    public void Release() => Gradient.Release();
}

/// <summary>A step's decision, passed on from an owner to its replica.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Decision">The decision.</param>
public sealed record ReplicaDecision(PartitionKey Key, StepDecision Decision) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>Under policies that apply shards one by one: an update that the owner has made, for its replica to make too.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="VersionBefore">The owner's version before the update; a replica at another version takes none.</param>
/// <param name="Push">The worker's push.</param>
public sealed record ReplicaShard(PartitionKey Key, long VersionBefore, GradientPush Push) : ITensorMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;

    /// <inheritdoc/>
    public void Release() => Push.Release();
}
