using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A classifier's metrics: accuracy; macro-f1, the plain mean of F1 = 2 TP / (2 TP + FP + FN) over the classes that occur among labels or
/// predictions; loss. A label that the training part does not have is wrong whatever is predicted, and all such labels are one more class.
/// </summary>
/// <param name="classes">Classes of the network.</param>
internal sealed class ClassificationFigures(int classes) : EvaluationFigures
{
    private readonly long[] _right = new long[classes + 1];
    private readonly long[] _predicted = new long[classes + 1];
    private readonly long[] _labelled = new long[classes + 1];

    public override MetricSet Finish() =>
        new([Metric("accuracy", Ratio(_right.Sum(), _labelled.Sum())), Metric("macro-f1", MacroF1()), Metric("loss", MeanLoss)]);

    protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
        var labels = batch.Targets;
        var said = predictions.Classes;
        for (var row = 0; row < labels.Length; row++)
        {
            var label = labels[row] < 0 ? classes : labels[row];
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
        for (var label = 0; label <= classes; label++)
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
