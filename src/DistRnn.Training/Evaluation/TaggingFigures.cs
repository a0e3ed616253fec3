using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A tagger's metrics: accuracy over steps; f1 over spans as conlleval counts them, where the tags are BIO; loss. A tag that the training part does not
/// have is wrong whatever is predicted, and does not enter the loss.
/// </summary>
/// <param name="data">The data.</param>
/// <param name="part">The part that is evaluated.</param>
/// <param name="range">Which of its shards are added.</param>
internal sealed class TaggingFigures(TaggingData data, PartKind part, ShardRange range)
    : EvaluationFigures(data.Spans is null ? FigureKind.Tagging : FigureKind.SpanTagging, range, CountsOfAll, 0)
{
    /// <summary>Right, steps, and the three of <see cref="SpanCounts"/>.</summary>
    public const int CountsOfAll = 5;

    /// <summary>The metrics of all shards.</summary>
    /// <param name="whole">What they come to.</param>
    public static MetricSet Of(EvaluationPiece whole)
    {
        var accuracy = Metric("accuracy", Ratio(whole.Counts[0], whole.Counts[1]));
        var loss = Metric("loss", whole.MeanLoss);
        var spans = new SpanCounts(whole.Counts[2], whole.Counts[3], whole.Counts[4]);
        return whole.Kind == FigureKind.Tagging ? new([accuracy, loss]) : new([accuracy, Metric("f1", spans.F1), loss]);
    }

    private protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
        var (right, steps, all) = (0L, 0L, default(SpanCounts));
        for (var row = 0; row < batch.Rows; row++)
        {
            var labels = data.LabelsOf(part, batch.RowIds[row]);
            var said = predictions.Classes.Slice(batch.Offsets[row], batch.LengthOf(row));
            for (var step = 0; step < labels.Length; step++)
                right += labels[step] == said[step] ? 1 : 0;
            steps += labels.Length;
            if (data.Spans is { } spans)
                all += spans.Count(labels, said);
        }
        var counts = Piece.Counts;
        counts[0] += right;
        counts[1] += steps;
        counts[2] += all.Gold;
        counts[3] += all.Predicted;
        counts[4] += all.Correct;
    }
}
