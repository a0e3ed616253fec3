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
internal sealed class ClassificationFigures(LabelledSequenceData data, PartKind part) : EvaluationFigures
{
    private readonly long[] _right = new long[data.LabelNames.Length];
    private readonly long[] _predicted = new long[data.LabelNames.Length];
    private readonly long[] _labelled = new long[data.LabelNames.Length];

    public override MetricSet Finish() =>
        new([Metric("accuracy", Ratio(_right.Sum(), _labelled.Sum())), Metric("macro-f1", MacroF1()), Metric("loss", MeanLoss)]);

    protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
        var said = predictions.Classes;
        for (var row = 0; row < batch.Rows; row++)
        {
            var label = data.LabelsOf(part, batch.RowIds[row])[0];
            _labelled[label]++;
            _predicted[said[row]]++;
            if (label == said[row])
                _right[label]++;
        }
    }

    private double MacroF1()
    {
        double sum = 0;
        var count = 0;
        for (var label = 0; label < _right.Length; label++)
        {
            var all = _labelled[label] + _predicted[label];
            if (all == 0)
                continue;
            sum += 2.0 * _right[label] / all;
            count++;
        }
        return Ratio(sum, count);
    }
}
