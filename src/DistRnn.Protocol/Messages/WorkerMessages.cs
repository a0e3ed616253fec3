using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>A worker has read a run's job and can compute its shards.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Digest">The digest of data, vocabulary, plan and arithmetic version: all workers of a run have the same.</param>
public sealed record WorkerReady(RunKey Run, string Digest) : IMessage;

/// <summary>A worker cannot take part in a run.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record WorkerDeclined(RunKey Run, string Reason) : IMessage;

/// <summary>A worker does not follow an offer: it follows a higher term, or another coordinator of the same one. Whoever made the offer needs a term above that.</summary>
/// <param name="Run">The run's life that the worker knows.</param>
/// <param name="Term">The offer's term.</param>
/// <param name="HighestTerm">The highest term that the worker has followed.</param>
public sealed record OfferRefused(RunKey Run, long Term, long HighestTerm) : IMessage;

/// <summary>A lease's gradient is on every partition.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Step">The step.</param>
/// <param name="Node">The shards.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Sums">Sums over the shards.</param>
/// <param name="ComputeMs">How long computing took, in milliseconds of the worker's clock.</param>
/// <param name="Bytes">Bytes of parameters, gradients and lane state that crossed between this worker and other nodes for it.</param>
public sealed record LeaseDone(RunKey Run, long Step, TreeNode Node, long Attempt, NodeSums Sums, long ComputeMs, long Bytes) : IMessage;

/// <summary>A worker cannot do what a lease asks.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record LeaseFailed(RunKey Run, long Attempt, string Reason) : IMessage;

/// <summary>A piece of an evaluation is done.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Version">Whose parameters.</param>
/// <param name="Piece">The piece.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Result">The piece's figures: bytes that the drivers read.</param>
public sealed record EvaluationDone(RunKey Run, long Version, int Piece, long Attempt, ReadOnlyMemory<byte> Result) : IMessage;

/// <summary>Asks an owner for parameters and lane state.</summary>
/// <param name="Key">The partition and the owner epoch that the asker knows.</param>
/// <param name="Version">The version; -1 for the newest.</param>
/// <param name="WantsDense">Whether the dense sections are wanted.</param>
/// <param name="Rows">For each sparse section the rows that are wanted, ascending; default where <paramref name="WantsAllRows"/>.</param>
/// <param name="WantsAllRows">Whether all rows are wanted.</param>
/// <param name="LaneShards">Shards whose lanes' state is wanted; the partition keeps them.</param>
public sealed record ParameterRequest(
    PartitionKey Key, long Version, bool WantsDense, ImmutableArray<ImmutableArray<int>> Rows, bool WantsAllRows, ImmutableArray<int> LaneShards) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>Answers <see cref="ParameterRequest"/>. The floats are the owner's own memory while the message is being sent: a driver copies or writes them before it returns.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Version">Their version.</param>
/// <param name="Request">What was asked.</param>
/// <param name="Parameters">The parameters that were wanted, in their places: <see cref="GradientPart.Rows"/> lists the rows.</param>
/// <param name="HasDense">Whether the dense sections are there.</param>
/// <param name="Lanes">The lanes' state that was wanted.</param>
public sealed record ParameterReply(PartitionKey Key, long Version, ParameterRequest Request, GradientPart Parameters, bool HasDense, ImmutableArray<LanePart> Lanes) : ITensorMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;

    /// <inheritdoc/>
    public void Release() => Parameters.Release();
}

/// <summary>Why a push or a pull was not done.</summary>
public enum Refusal
{
    /// <summary>It was done.</summary>
    None,

    /// <summary>The node does not hold that partition of that run.</summary>
    Unknown,

    /// <summary>The owner epoch is not the owner's.</summary>
    OwnerEpoch,

    /// <summary>The version or step is behind the partition's.</summary>
    Behind,

    /// <summary>The version or step is ahead of the partition's, or its content has not come yet.</summary>
    Ahead,

    /// <summary>It cannot be what the run needs: wrong tree node, rows or lengths.</summary>
    Malformed,
}

/// <summary>An owner cannot answer a <see cref="ParameterRequest"/>.</summary>
/// <param name="Key">The partition and the owner epoch of the request.</param>
/// <param name="Version">The version that was asked for.</param>
/// <param name="Refusal">Why.</param>
/// <param name="Reason">In words.</param>
public sealed record ParameterRefused(PartitionKey Key, long Version, Refusal Refusal, string Reason) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}

/// <summary>A worker's gradient for one partition.</summary>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Address">The step.</param>
/// <param name="Node">The shards whose sum it is.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Sums">Sums over the shards.</param>
/// <param name="Gradient">The gradient's sum.</param>
/// <param name="Lanes">The state, after the step, of the lanes that this partition keeps.</param>
/// <param name="Factor">Under policies that apply shards one by one, what each element is multiplied by; 0 where the gradient is not finite; unused otherwise.</param>
/// <param name="LearningRate">Under those policies, the rate.</param>
public sealed record GradientPush(
    PartitionKey Key, StepAddress Address, TreeNode Node, long Attempt, NodeSums Sums, GradientPart Gradient, ImmutableArray<LanePart> Lanes, float Factor, double LearningRate) : ITensorMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;

    /// <inheritdoc/>
    public void Release() => Gradient.Release();
}

/// <summary>What became of a push.</summary>
/// <param name="Key">The partition and the owner epoch of the push.</param>
/// <param name="Step">The step.</param>
/// <param name="Node">The shards.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Refusal">Why it was not taken, or <see cref="Refusal.None"/>; a duplicate is no refusal.</param>
/// <param name="Reason">In words.</param>
public sealed record PushReply(PartitionKey Key, long Step, TreeNode Node, long Attempt, Refusal Refusal, string Reason) : IMessage
{
    /// <inheritdoc/>
    public RunKey Run => Key.Run;
}
