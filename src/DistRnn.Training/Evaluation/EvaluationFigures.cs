using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Collects what a network says about the shards of a part and makes the task's metrics of it. Losses are summed by the gradient tree over shards and
/// counts are whole numbers, so the figures do not depend on how the work was divided.
/// </summary>
internal abstract class EvaluationFigures
{
    private readonly List<ShardResult> _results = [];

    /// <summary>Whether the network's output values are needed, beside its classes.</summary>
    public virtual bool WantsValues => false;

    /// <summary>The losses' sum.</summary>
    protected double LossSum => LossTree.Sum(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_results));

    /// <summary>Targets that entered the loss.</summary>
    protected long LossTargets => _results.Sum(result => result.Targets);

    /// <summary>The mean loss a target; NaN without any.</summary>
    protected double MeanLoss => Ratio(LossSum, LossTargets);

    /// <summary>The figures of a task.</summary>
    /// <param name="data">The data.</param>
    /// <param name="part">The part that is evaluated.</param>
    public static EvaluationFigures Of(TaskData data, PartKind part) => data switch
    {
        LanguageModelData => new LanguageModelFigures(),
        ClassificationData classification => new ClassificationFigures(classification, part),
        TaggingData tagging => new TaggingFigures(tagging, part),
        ForecastingData forecasting => new ForecastingFigures(forecasting, part),
        _ => throw new ArgumentException($"There are no metrics of {data.GetType().Name}.", nameof(data)),
    };

    /// <summary>Whether a tagger's tags are spans, so that there is an f1.</summary>
    /// <param name="data">The data.</param>
    public static bool HasSpans(TaskData data) => data is TaggingData { Spans: not null };

    /// <summary>What the steps of an epoch say of a task while they are trained.</summary>
    /// <param name="task">The task.</param>
    /// <param name="sums">Sums over the steps.</param>
    public static MetricSet OfTraining(TaskKind task, StepSums sums)
    {
        var loss = Ratio(sums.Loss, sums.Targets);
        return task switch
        {
            TaskKind.LanguageModel => LanguageModelFigures.Of(loss),
            TaskKind.Forecasting => new([Metric("mse", loss)]),
            _ => new([Metric("accuracy", Ratio(sums.Correct, sums.Targets)), Metric("loss", loss)]),
        };
    }

    /// <summary>Adds one shard; shards come in order.</summary>
    /// <param name="batch">Its sequences.</param>
    /// <param name="predictions">What the network says of them.</param>
    public void Add(SequenceBatch batch, Predictions predictions)
    {
        _results.Add(predictions.Result);
        AddShard(batch, predictions);
    }

    /// <summary>The task's metrics over all shards.</summary>
    public abstract MetricSet Finish();

    /// <summary>Adds what the loss does not tell.</summary>
    /// <param name="batch">The shard's sequences.</param>
    /// <param name="predictions">What the network says of them.</param>
    protected abstract void AddShard(SequenceBatch batch, Predictions predictions);

    /// <summary>A share or a mean; NaN where there is nothing to divide by.</summary>
    protected static double Ratio(double sum, double count) => count == 0 ? double.NaN : sum / count;

    /// <summary>One metric.</summary>
    protected static KeyValuePair<string, double> Metric(string name, double value) => KeyValuePair.Create(name, value);
}
