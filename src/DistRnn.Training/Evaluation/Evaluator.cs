using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Runs a network over a part of the data and makes the task's metrics of it: over all of the part, or over some of its shards, whose pieces
/// <see cref="EvaluationFigures.Merge"/> puts together.
/// </summary>
/// <remarks>One caller at a time.</remarks>
public sealed class Evaluator
{
    private readonly SequenceBatch _batch = new();
    private readonly Predictions _values = new();
    private readonly Predictions _classes = new() { WantsValues = false };
    private readonly INetwork _network;
    private readonly INetworkComputer _computer;

    /// <summary>Makes an evaluator.</summary>
    /// <param name="network">The network.</param>
    /// <param name="computer">What computes; stays the caller's.</param>
    public Evaluator(INetwork network, INetworkComputer computer)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(computer);
        (_network, _computer) = (network, computer);
    }

    /// <summary>
    /// How a part's evaluation may be divided: neighbouring shards for each piece, whose counts differ by one at most. A language model's part is one
    /// stream with carried state and so one piece.
    /// </summary>
    /// <param name="data">The data.</param>
    /// <param name="part">One of its parts.</param>
    /// <param name="batch">Sequences of a shard, at least 1; the job's <c>training.batch</c>.</param>
    /// <param name="pieces">Pieces at most, at least 1.</param>
    /// <returns>At least one range, in order, none of them empty.</returns>
    public static ImmutableArray<ShardRange> Divide(TaskData data, PartKind part, int batch, int pieces)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pieces);
        var plan = data.CreateEvaluationPlan(part, batch);
        var count = plan.Lanes > 0 ? 1 : Math.Min(pieces, plan.Shards);
        var ranges = ImmutableArray.CreateBuilder<ShardRange>(count);
        for (var i = 0; i < count; i++)
        {
            var first = (int)((long)plan.Shards * i / count);
            ranges.Add(new ShardRange(first, (int)((long)plan.Shards * (i + 1) / count) - first, plan.Shards));
        }
        return ranges.MoveToImmutable();
    }

    /// <summary>Evaluates some neighbouring shards of a part. The computer keeps the parameters: whoever else uses it sets its own again.</summary>
    /// <param name="data">The data.</param>
    /// <param name="part">One of its parts.</param>
    /// <param name="batch">Sequences of a shard; the same for all pieces.</param>
    /// <param name="firstShard">The first shard, from 0.</param>
    /// <param name="shards">How many of them, at least 1; of a language model all.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part has no such shards, or is one stream and these are not all of it.</exception>
    public EvaluationPiece EvaluatePiece(TaskData data, PartKind part, int batch, int firstShard, int shards, FloatBuffer parameters, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfNegative(firstShard);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        var plan = data.CreateEvaluationPlan(part, batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)firstShard + shards, plan.Shards, nameof(shards));
        if (plan.Lanes > 0)
            ArgumentOutOfRangeException.ThrowIfNotEqual(shards, plan.Shards);
        _computer.SetParameters(parameters);
        var range = new ShardRange(firstShard, shards, plan.Shards);
        var figures = FiguresOf(data, part, range);
        Run(plan, range, figures.WantsValues ? _values : _classes, (_, sequences, predictions) => figures.Add(sequences, predictions), cancellation);
        return figures.Piece;
    }

    /// <summary>Evaluates a part with the parameters that the computer has.</summary>
    /// <param name="data">The data.</param>
    /// <param name="part">One of its parts.</param>
    /// <param name="batch">Sequences of a shard.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    internal MetricSet Evaluate(TaskData data, PartKind part, int batch, ITrainingProgress progress, CancellationToken cancellation)
    {
        var name = part.ToString().ToLowerInvariant();
        var plan = data.CreateEvaluationPlan(part, batch);
        var figures = FiguresOf(data, part, ShardRange.All(plan));
        Run(plan, ShardRange.All(plan), figures.WantsValues ? _values : _classes, Use, cancellation);
        return new([.. figures.Finish(), .. Judge(data, part)]);

        void Use(int shard, SequenceBatch sequences, Predictions predictions)
        {
            figures.Add(sequences, predictions);
            progress.Evaluating(name, shard + 1, plan.Shards);
        }
    }

    /// <summary>Runs over all shards of a plan, in order, with the values of all outputs.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="use">Takes a shard's number, its sequences and what the network says; both are reused for the next shard.</param>
    /// <param name="cancellation">Ends it early.</param>
    internal void Predict(IEvaluationPlan plan, Action<int, SequenceBatch, Predictions> use, CancellationToken cancellation) =>
        Run(plan, ShardRange.All(plan), _values, use, cancellation);

    /// <summary>What a part's questions, not its sequences, say of the network with the parameters that the computer has; nothing of most tasks.</summary>
    private MetricSet Judge(TaskData data, PartKind part) =>
        part == PartKind.Test && data is WordVectorData words && _network is WordVectorModel model && _computer is WordVectorComputer { Parameters: { } parameters }
            ? WordVectorFigures.Judge(words, model, parameters)
            : MetricSet.Empty;

    private EvaluationFigures FiguresOf(TaskData data, PartKind part, ShardRange range) => data is TranslationData pairs
        ? new TranslationFigures(pairs, part, range, new Translator(_network, _computer))
        : EvaluationFigures.Of(data, part, range);

    private void Run(IEvaluationPlan plan, ShardRange range, Predictions predictions, Action<int, SequenceBatch, Predictions> use, CancellationToken cancellation)
    {
        using var first = plan.Lanes > 0 ? _network.CreateLanes(plan.Lanes) : null;
        using var second = plan.Lanes > 0 ? _network.CreateLanes(plan.Lanes) : null;
        var (from, to) = (first, second);
        for (var shard = range.First; shard < range.First + range.Shards; shard++)
        {
            cancellation.ThrowIfCancellationRequested();
            plan.Fill(shard, _batch);
            _computer.Predict(_batch, from, to, predictions);
            use(shard, _batch, predictions);
            (from, to) = (to, from);
        }
    }
}
