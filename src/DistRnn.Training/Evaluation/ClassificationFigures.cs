using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A classifier's metrics: accuracy; macro-f1, the plain mean of F1 = 2 TP / (2 TP + FP + FN) over the classes that occur among labels or predictions;
/// loss. A label that the training part does not have is a class too, wrong whatever is predicted, and does not enter the loss.
/// </summary>
/// <param name="data">The data.</param>
/// <param name="part">The part that is evaluated.</param>
/// <param name="range">Which of its shards are added.</param>
internal sealed class ClassificationFigures(LabelledSequenceData data, PartKind part, ShardRange range)
    : EvaluationFigures(FigureKind.Classification, range, CountsPerLabel * data.LabelNames.Length, 0)
{
    /// <summary>Counts of a label: right, predicted, labelled; each is a range over all labels.</summary>
    public const int CountsPerLabel = 3;

    private readonly int _labels = data.LabelNames.Length;

    /// <summary>The metrics of all shards.</summary>
    /// <param name="whole">What they come to.</param>
    public static MetricSet Of(EvaluationPiece whole)
    {
        var labels = whole.Counts.Length / CountsPerLabel;
        var right = whole.Counts.AsSpan(0, labels);
        var predicted = whole.Counts.AsSpan(labels, labels);
        var labelled = whole.Counts.AsSpan(2 * labels);
        return new([Metric("accuracy", Ratio(SumOf(right), SumOf(labelled))), Metric("macro-f1", MacroF1(right, predicted, labelled)), Metric("loss", whole.MeanLoss)]);
    }

    private protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
        var said = predictions.Classes;
        for (var row = 0; row < batch.Rows; row++)
        {
            var label = data.LabelsOf(part, batch.RowIds[row])[0];
            Piece.Counts[2 * _labels + label]++;
            Piece.Counts[_labels + said[row]]++;
            if (label == said[row])
                Piece.Counts[label]++;
        }
    }

    private static double MacroF1(ReadOnlySpan<long> right, ReadOnlySpan<long> predicted, ReadOnlySpan<long> labelled)
    {
        double sum = 0;
        var count = 0;
        for (var label = 0; label < right.Length; label++)
        {
            var all = labelled[label] + predicted[label];
            if (all == 0)
                continue;
            sum += 2.0 * right[label] / all;
            count++;
        }
        return Ratio(sum, count);
    }

    private static long SumOf(ReadOnlySpan<long> counts)
    {
        long sum = 0;
        foreach (var count in counts)
            sum += count;
        return sum;
    }
}
