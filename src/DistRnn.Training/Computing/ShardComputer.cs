using System.Numerics;
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
/// <param name="Tokens">Time steps of all sequences; of word vectors, words of the text.</param>
public readonly record struct StepSums(double Loss, long Targets, long Sequences, long Correct, long Tokens)
{
    /// <summary>What the gradient's sum is divided by, at least 1.</summary>
    /// <param name="scale">The job's <c>training.loss-scale</c>.</param>
    public long CountFor(LossScale scale) => Math.Max(1, scale switch { LossScale.Sequence => Sequences, LossScale.Sum => 1, _ => Targets });
}

/// <summary>
/// Shards and parameters to a gradient: what a worker does, whoever asks. The result depends on the parameters, the shards' data, their lanes'
/// carried state and the seed, and on nothing else; so neighbouring shards may be computed together or one by one, here or elsewhere.
/// </summary>
/// <remarks>One caller at a time. After the largest shards have been seen once, computing allocates nothing.</remarks>
public sealed class ShardComputer : IDisposable
{
    private readonly INetworkComputer _computer;
    private readonly ITrainingPlan _plan;
    private readonly SequenceBatch[] _batches;
    private readonly ShardResult[] _results;
    private readonly bool _roundsNodes;
    private readonly List<Gradient> _rightNodes = [];
    private readonly GradientProgress _tell;
    private Action<long, StepSums>? _progress;
    private long _tokens;

    /// <summary>Makes a computer of a plan's shards.</summary>
    /// <param name="computer">What computes; stays the caller's.</param>
    /// <param name="plan">Which sequences a shard holds.</param>
    /// <param name="roundsNodes">
    /// Whether every node of the gradient tree, each shard's own gradient included, is rounded to 16 bits, as codec bf16 asks. Then shards are computed one by
    /// one, with a gradient more for each level of the tree.
    /// </param>
    public ShardComputer(INetworkComputer computer, ITrainingPlan plan, bool roundsNodes = false)
    {
        ArgumentNullException.ThrowIfNull(computer);
        ArgumentNullException.ThrowIfNull(plan);
        (_computer, _plan, _roundsNodes) = (computer, plan, roundsNodes);
        _batches = new SequenceBatch[plan.Shards];
        for (var i = 0; i < _batches.Length; i++)
            _batches[i] = new SequenceBatch();
        _tell = (first, results) => _progress!(first, SumOf(results, _tokens));
        _results = new ShardResult[plan.Shards];
    }

    /// <summary>Gradients that it holds beside the caller's: one for each level of the tree where nodes are rounded, none otherwise.</summary>
    internal int Gradients => _roundsNodes ? 32 - BitOperations.LeadingZeroCount((uint)_plan.Shards - 1) : 0;

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
    /// <param name="progress">
    /// Told on this thread, as the backward pass goes down the layers, the flat index from which on the gradient is final, and the sums, which are final by then; the lanes' state
    /// is too. Never told where every node of the gradient tree is rounded, or where nothing is final before all is.
    /// </param>
    public StepSums Compute(
        ulong seed, StepPosition position, int firstShard, int shards, LaneState? from, LaneState? to, Gradient gradient, Action<long, StepSums>? progress = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstShard);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstShard + shards, _plan.Shards);
        _tokens = 0;
        for (var i = 0; i < shards; i++)
        {
            _plan.Fill(position.Epoch, position.StepInEpoch, firstShard + i, _batches[i]);
            _tokens += _batches[i].SourceTokens;
        }
        _progress = progress;
        _computer.Progress = progress is null || _roundsNodes ? null : _tell;
        var results = _results.AsSpan(0, shards);
        var node = new Node(new StepKey(seed, position.Step), firstShard, from, to);
        if (_roundsNodes)
            ComputeRounded(node, 0, shards, 0, gradient);
        else
            _computer.ComputeGradient(node.Key, firstShard, _batches.AsSpan(0, shards), from, to, gradient, results);
        return SumOf(results, _tokens);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var gradient in _rightNodes)
            gradient.Dispose();
        _rightNodes.Clear();
    }

    /// <summary>Computes a node of the tree over the batches that are filled, and rounds it.</summary>
    /// <param name="node">What is the same for all nodes of a call.</param>
    /// <param name="begin">The node's first batch.</param>
    /// <param name="end">The batch behind its last one.</param>
    /// <param name="level">Nodes above it, which may hold a right child each.</param>
    /// <param name="gradient">Where it goes.</param>
    private void ComputeRounded(in Node node, int begin, int end, int level, Gradient gradient)
    {
        if (end - begin == 1)
        {
            _computer.ComputeGradient(node.Key, node.FirstShard + begin, _batches.AsSpan(begin, 1), node.From, node.To, gradient, _results.AsSpan(begin, 1));
        }
        else
        {
            var split = ShardTree.SplitOf(begin, end);
            if (_rightNodes.Count == level)
                _rightNodes.Add(new Gradient(gradient.Parameters));
            ComputeRounded(node, begin, split, level + 1, gradient);
            ComputeRounded(node, split, end, level + 1, _rightNodes[level]);
            gradient.AddRight(_rightNodes[level]);
        }
        gradient.RoundToBfloat16();
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

    private readonly record struct Node(StepKey Key, int FirstShard, LaneState? From, LaneState? To);
}
