using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>What a worker knows of a run once it has read the job: the layout and which rows of sparse tensors some shards read.</summary>
public interface IWorkerPlan
{
    /// <summary>The partitions.</summary>
    PartitionMap Partitions { get; }

    /// <summary>How gradients are encoded.</summary>
    Codec Codec { get; }

    /// <summary>Shards of a step.</summary>
    int Shards { get; }

    /// <summary>Whether lanes carry state from step to step.</summary>
    bool HasLanes { get; }

    /// <summary>The rows of a tensor that the forward pass of some shards reads.</summary>
    /// <param name="address">The step.</param>
    /// <param name="node">The shards.</param>
    /// <param name="tensor">The tensor's index in the table; one with sparse rows.</param>
    /// <returns>Ascending, each once.</returns>
    ImmutableArray<int> RowsOf(StepAddress address, TreeNode node, int tensor);
}

/// <summary>A shard of a run could be computed: what a driver hands back.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Sums">Sums over the shards.</param>
/// <param name="Parts">The gradient, a part for each partition.</param>
/// <param name="Lanes">The lanes' state after the step, for every shard of the lease that has sequences; empty where there are none.</param>
/// <param name="Factor">Under policies that apply shards one by one, what each element is to be multiplied by; 0 where the gradient is not finite.</param>
/// <param name="ComputeMs">How long it took.</param>
public sealed record Computed(RunKey Run, long Attempt, NodeSums Sums, ImmutableArray<GradientPart> Parts, ImmutableArray<LanePart> Lanes, float Factor, long ComputeMs) : Input;

/// <summary>
/// A partition's share of a gradient is final while the rest is still being computed; <see cref="Computed"/> follows and has it too. Whoever drops it releases the part.
/// </summary>
/// <param name="Run">The run's life.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Sums">Sums over the shards.</param>
/// <param name="Part">Its share of the gradient.</param>
/// <param name="Lanes">The state after the step of the lanes that the partition keeps.</param>
public sealed record PartComputed(RunKey Run, long Attempt, int Partition, NodeSums Sums, GradientPart Part, ImmutableArray<LanePart> Lanes) : Input;

/// <summary>A piece of an evaluation could be computed.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Result">The piece's figures.</param>
public sealed record EvaluationComputed(RunKey Run, long Attempt, ReadOnlyMemory<byte> Result) : Input;

/// <summary>Something that a machine asked for could not be computed.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Attempt">The lease.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record ComputeFailed(RunKey Run, long Attempt, string Reason) : Input;

/// <summary>A run's job and data are read.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Plan">What is known of it now.</param>
/// <param name="Digest">The digest of data, vocabulary, plan and arithmetic version.</param>
public sealed record RunLoaded(string Run, IWorkerPlan Plan, string Digest) : Input;

/// <summary>A run's job or data could not be read.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record RunNotLoaded(string Run, string Reason) : Input;

/// <summary>Reads a run's job and data.</summary>
/// <param name="Offer">What is known of it.</param>
public sealed record LoadRun(RunOffer Offer) : Effect;

/// <summary>Lets go of everything that was read of a run.</summary>
/// <param name="Run">The run's name.</param>
public sealed record UnloadRun(string Run) : Effect;

/// <summary>Writes pulled parameters into the worker's vector, and lets go of the message.</summary>
/// <param name="Reply">The parameters.</param>
public sealed record StoreParameters(ParameterReply Reply) : Effect;

/// <summary>Computes the gradient of a lease with the parameters in the worker's vector.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="Lanes">The carried state of its shards' lanes; a shard that is not listed begins with +0.</param>
public sealed record Compute(Lease Lease, ImmutableArray<LanePart> Lanes) : Effect;

/// <summary>Evaluates a piece with the parameters in the worker's vector.</summary>
/// <param name="Lease">The lease.</param>
public sealed record ComputeEvaluation(EvaluationLease Lease) : Effect;
