using DistRnn.Data;

namespace DistRnn.Training;

/// <summary>Neighbouring shards of an evaluation.</summary>
/// <param name="First">The first of them, from 0.</param>
/// <param name="Shards">How many, at least 1.</param>
/// <param name="Total">Shards of the whole evaluation.</param>
public readonly record struct ShardRange(int First, int Shards, int Total)
{
    /// <summary>All shards of a plan.</summary>
    /// <param name="plan">The plan.</param>
    internal static ShardRange All(IEvaluationPlan plan) => new(0, plan.Shards, plan.Shards);
}
