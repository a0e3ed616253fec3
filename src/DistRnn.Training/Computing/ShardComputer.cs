using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>A step's place in a run.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="StepInEpoch">The step inside the epoch, from 0.</param>
/// <param name="Step">The step of the whole run, from 0: the version of the parameters it begins with.</param>
public readonly record struct StepPosition(int Epoch, long StepInEpoch, long Step);

/// <summary>Sums over the shards of a step, added by the gradient tree.</summary>
/// <param name="Loss">The sum of the losses.</param>
/// <param name="Targets">Targets that entered the loss.</param>
/// <param name="Sequences">Sequences (lanes).</param>
/// <param name="Correct">Targets whose most probable class was right.</param>
/// <param name="Tokens">Time steps of all sequences.</param>
public readonly record struct StepSums(double Loss, long Targets, long Sequences, long Correct, long Tokens);

/// <summary>
/// Shards and parameters to a gradient: what a worker does, whoever asks. The result depends on the parameters, the shards' data, their lanes'
/// carried state and the seed, and on nothing else; so neighbouring shards may be computed together or one by one, here or elsewhere.
/// </summary>
/// <remarks>One caller at a time. After the largest shards have been seen once, computing allocates nothing.</remarks>
public sealed class ShardComputer
{
    private readonly INetworkComputer _computer;
    private readonly ITrainingPlan _plan;
    private readonly SequenceBatch[] _batches;
    private readonly ShardResult[] _results;

    /// <summary>Makes a computer of a plan's shards.</summary>
    /// <param name="computer">What computes; stays the caller's.</param>
    /// <param name="plan">Which sequences a shard holds.</param>
    public ShardComputer(INetworkComputer computer, ITrainingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(computer);
        ArgumentNullException.ThrowIfNull(plan);
        (_computer, _plan) = (computer, plan);
        _batches = new SequenceBatch[plan.Shards];
        for (var i = 0; i < _batches.Length; i++)
            _batches[i] = new SequenceBatch();
        _results = new ShardResult[plan.Shards];
    }

    /// <summary>Computes the gradient of all shards of a step.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="position">The step.</param>
    /// <param name="from">The state that lanes carry into the step, or null where sequences are independent.</param>
    /// <param name="to">Where the lanes' state after the step goes, or null.</param>
    /// <param name="gradient">Where the sum goes; its earlier content is lost.</param>
    public StepSums Compute(ulong seed, StepPosition position, LaneState? from, LaneState? to, Gradient gradient) =>
        Compute(seed, position, 0, _plan.Shards, from, to, gradient);

    /// <summary>Computes the gradient of some neighbouring shards of a step.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="position">The step.</param>
    /// <param name="firstShard">The first shard, from 0.</param>
    /// <param name="shards">How many of them, at least 1.</param>
    /// <param name="from">The state that lanes carry into the step, or null where sequences are independent.</param>
    /// <param name="to">Where the state of these shards' lanes after the step goes, or null.</param>
    /// <param name="gradient">Where the sum goes; its earlier content is lost.</param>
    public StepSums Compute(ulong seed, StepPosition position, int firstShard, int shards, LaneState? from, LaneState? to, Gradient gradient)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstShard);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstShard + shards, _plan.Shards);
        long tokens = 0;
        for (var i = 0; i < shards; i++)
        {
            _plan.Fill(position.Epoch, position.StepInEpoch, firstShard + i, _batches[i]);
            tokens += _batches[i].Steps;
        }
        var results = _results.AsSpan(0, shards);
        _computer.ComputeGradient(new StepKey(seed, position.Step), firstShard, _batches.AsSpan(0, shards), from, to, gradient, results);
        return SumOf(results, tokens);
    }

    private static StepSums SumOf(ReadOnlySpan<ShardResult> results, long tokens)
    {
        long targets = 0, sequences = 0, correct = 0;
        foreach (var result in results)
        {
            targets += result.Targets;
            sequences += result.Sequences;
            correct += result.Correct;
        }
        return new StepSums(LossTree.Sum(results), targets, sequences, correct, tokens);
    }
}
