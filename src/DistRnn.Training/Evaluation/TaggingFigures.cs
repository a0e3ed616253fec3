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
internal sealed class TaggingFigures(TaggingData data, PartKind part) : EvaluationFigures
{
    private SpanCounts _spans;
    private long _right;
    private long _steps;

    public override MetricSet Finish()
    {
        var accuracy = Metric("accuracy", Ratio(_right, _steps));
        var loss = Metric("loss", MeanLoss);
        return data.Spans is null ? new([accuracy, loss]) : new([accuracy, Metric("f1", _spans.F1), loss]);
    }

    protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            var labels = data.LabelsOf(part, batch.RowIds[row]);
            var said = predictions.Classes.Slice(batch.Offsets[row], batch.LengthOf(row));
            for (var step = 0; step < labels.Length; step++)
                _right += labels[step] == said[step] ? 1 : 0;
            _steps += labels.Length;
            if (data.Spans is { } spans)
                _spans += spans.Count(labels, said);
        }
    }
}
