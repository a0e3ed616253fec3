using System.Collections.Immutable;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Protocol;

/// <summary>What nodes send each other. Messages may be lost, doubled, delayed and come in any order; every receiver copes with all of that.</summary>
public interface IMessage
{
    /// <summary>The run's life that it belongs to; what belongs to an earlier one is refused.</summary>
    RunKey Run { get; }
}

/// <summary>A message that carries tensors: it travels over the data plane and never through a mailbox of another machine.</summary>
public interface ITensorMessage : IMessage
{
    /// <summary>Lets go of the memory that it carries.</summary>
    void Release();
}

/// <summary>The lanes' carried state of one shard.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Values">The state of its lanes, in the order layer, direction, kind, lane, unit.</param>
public sealed record LanePart(int Shard, ImmutableArray<float> Values);

/// <summary>What a parameter server has to know of a run: names, ranges and an update rule; no layer.</summary>
/// <param name="Table">The layout of the parameter vector.</param>
/// <param name="Partitions">Into how many parts it is cut.</param>
/// <param name="Shards">Shards of a step.</param>
/// <param name="HasLanes">Whether lanes carry state from step to step.</param>
/// <param name="Rule">The update rule.</param>
/// <param name="Codec">How gradients are encoded, as the job spells it.</param>
/// <param name="Consistency">When an update may be made.</param>
public sealed record PartitionSpec(ParameterTable Table, int Partitions, int Shards, bool HasLanes, UpdateRule Rule, string Codec, ConsistencyPolicy Consistency);

/// <summary>A partition's content at one version, handed over whole: to a new owner, to a replica, or for a checkpoint.</summary>
/// <param name="Version">Updates that it has had.</param>
/// <param name="Parameters">The partition's floats.</param>
/// <param name="Optimizer">The optimiser's vectors and scalars for them.</param>
/// <param name="Lanes">The carried state of the shards whose lanes this partition keeps; empty at an epoch's beginning and where there are none.</param>
/// <param name="Position">The run's position at this version: bytes that only the coordinator reads.</param>
/// <param name="AppliedShards">Under policies that apply shards one by one, those already applied to steps that are not over.</param>
public sealed record PartitionContent(
    long Version, FloatBuffer Parameters, OptimizerState Optimizer, ImmutableArray<LanePart> Lanes, ReadOnlyMemory<byte> Position, ImmutableArray<(long Step, int Shard)> AppliedShards);
