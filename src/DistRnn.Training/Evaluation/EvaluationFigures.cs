using System.Diagnostics.CodeAnalysis;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Collects what a network says about the shards of a part and makes the task's metrics of it. Losses are summed by the gradient tree over shards and
/// counts are whole numbers, so the figures do not depend on how the work was divided.
/// </summary>
/// <remarks>One caller at a time; <see cref="Merge"/> and <see cref="TryMerge"/> are pure.</remarks>
public abstract class EvaluationFigures
{
    private protected EvaluationFigures(FigureKind kind, ShardRange range, int counts, int sumsPerShard) =>
        Piece = new EvaluationPiece(kind, range.First, range.Total, counts, sumsPerShard);

    /// <summary>Whether the network's output values are needed, beside its classes.</summary>
    internal virtual bool WantsValues => false;

    /// <summary>What the shards so far come to.</summary>
    internal EvaluationPiece Piece { get; }

    /// <summary>The metrics of a whole evaluation from its pieces: the same bits as where one computer did all of it.</summary>
    /// <param name="pieces">At least one; in order, together all shards.</param>
    /// <exception cref="ArgumentException">The pieces do not make up a whole.</exception>
    public static MetricSet Merge(IReadOnlyList<EvaluationPiece> pieces) =>
        TryMerge(pieces, out var metrics, out var reason) ? metrics : throw new ArgumentException(reason, nameof(pieces));

    /// <summary>The metrics of a whole evaluation from pieces that came from elsewhere.</summary>
    /// <param name="pieces">In order, together all shards.</param>
    /// <param name="metrics">The metrics, where the pieces make up a whole.</param>
    /// <param name="reason">Otherwise a sentence that says why they do not.</param>
    public static bool TryMerge(IReadOnlyList<EvaluationPiece> pieces, [NotNullWhen(true)] out MetricSet? metrics, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        metrics = null;
        reason = Misfit(pieces);
        if (reason is not null)
            return false;
        var whole = new EvaluationPiece(pieces[0].Kind, 0, pieces[0].TotalShards, pieces[0].Counts.Length, pieces[0].SumsPerShard);
        foreach (var piece in pieces)
            whole.Append(piece);
        metrics = Of(whole);
        return true;
    }

    /// <summary>The figures of a task.</summary>
    /// <param name="data">The data.</param>
    /// <param name="part">The part that is evaluated.</param>
    /// <param name="range">Which of the part's shards will be added.</param>
    internal static EvaluationFigures Of(TaskData data, PartKind part, ShardRange range) => data switch
    {
        LanguageModelData => new LanguageModelFigures(range),
        WordVectorData => new WordVectorFigures(range),
        ClassificationData classification => new ClassificationFigures(classification, part, range),
        TaggingData tagging => new TaggingFigures(tagging, part, range),
        ForecastingData forecasting => new ForecastingFigures(forecasting, part, range),
        _ => throw new ArgumentException($"There are no metrics of {data.GetType().Name}.", nameof(data)),
    };

    /// <summary>Whether a kind of figures has as many counts and sums a shard.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="counts">Counts.</param>
    /// <param name="sumsPerShard">Sums a shard.</param>
    internal static bool Fits(FigureKind kind, int counts, int sumsPerShard) => kind switch
    {
        FigureKind.LanguageModel or FigureKind.WordVectors => (counts, sumsPerShard) == (0, 0),
        FigureKind.Classification => counts > 0 && counts % ClassificationFigures.CountsPerLabel == 0 && sumsPerShard == 0,
        FigureKind.Tagging or FigureKind.SpanTagging => (counts, sumsPerShard) == (TaggingFigures.CountsOfAll, 0),
        FigureKind.Translation => (counts, sumsPerShard) == (TranslationFigures.CountsOfAll, 0),
        FigureKind.Forecasting => (counts, sumsPerShard) == (ForecastingFigures.CountsOfAll, ForecastingFigures.SumsOfAShard),
        _ => false,
    };

    /// <summary>Whether a tagger's tags are spans, so that there is an f1.</summary>
    /// <param name="data">The data.</param>
    internal static bool HasSpans(TaskData data) => data is TaggingData { Spans: not null };

    /// <summary>What the steps of an epoch say of a task while they are trained.</summary>
    /// <param name="task">The task.</param>
    /// <param name="sums">Sums over the steps.</param>
    internal static MetricSet OfTraining(TaskKind task, StepSums sums)
    {
        var loss = Ratio(sums.Loss, sums.Targets);
        return task switch
        {
            TaskKind.LanguageModel => LanguageModelFigures.Of(loss),
            TaskKind.WordVectors => WordVectorFigures.Of(loss),
            TaskKind.Forecasting => new([Metric("mse", loss)]),
            TaskKind.Translation => TranslationFigures.OfTraining(sums),
            _ => new([Metric("accuracy", Ratio(sums.Correct, sums.Targets)), Metric("loss", loss)]),
        };
    }

    /// <summary>A share or a mean; NaN where there is nothing to divide by.</summary>
    internal static double Ratio(double sum, double count) => count == 0 ? double.NaN : sum / count;

    /// <summary>Adds one shard; shards come in order.</summary>
    /// <param name="batch">Its sequences.</param>
    /// <param name="predictions">What the network says of them.</param>
    internal void Add(SequenceBatch batch, Predictions predictions)
    {
        Piece.Add(predictions.Result);
        AddShard(batch, predictions);
    }

    /// <summary>The task's metrics over all shards that were added.</summary>
    internal MetricSet Finish() => Of(Piece);

    /// <summary>Adds what the loss does not tell.</summary>
    /// <param name="batch">The shard's sequences.</param>
    /// <param name="predictions">What the network says of them.</param>
    private protected abstract void AddShard(SequenceBatch batch, Predictions predictions);

    /// <summary>One metric.</summary>
    private protected static KeyValuePair<string, double> Metric(string name, double value) => KeyValuePair.Create(name, value);

    private static MetricSet Of(EvaluationPiece whole) => whole.Kind switch
    {
        FigureKind.LanguageModel => LanguageModelFigures.Of(whole.MeanLoss),
        FigureKind.WordVectors => WordVectorFigures.Of(whole.MeanLoss),
        FigureKind.Classification => ClassificationFigures.Of(whole),
        FigureKind.Tagging or FigureKind.SpanTagging => TaggingFigures.Of(whole),
        FigureKind.Translation => TranslationFigures.Of(whole),
        _ => ForecastingFigures.Of(whole),
    };

    private static string? Misfit(IReadOnlyList<EvaluationPiece> pieces)
    {
        if (pieces.Count == 0)
            return "An evaluation of no pieces has no figures.";
        var (first, next) = (pieces[0], 0);
        foreach (var piece in pieces)
        {
            if (piece.Kind != first.Kind || piece.TotalShards != first.TotalShards || piece.Counts.Length != first.Counts.Length)
                return $"The piece of an evaluation from shard {piece.FirstShard} on is of another evaluation than the piece from shard {first.FirstShard} on.";
            if (piece.FirstShard != next)
                return $"An evaluation's piece from shard {next} on is expected; the one that comes begins with shard {piece.FirstShard}.";
            next += piece.Shards;
        }
        return next == first.TotalShards ? null : $"The pieces of an evaluation end with shard {next} of {first.TotalShards}.";
    }
}
