using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>A language model's metrics: loss in nats a token, perplexity e^loss, and bits a token.</summary>
internal sealed class LanguageModelFigures : EvaluationFigures
{
    /// <summary>The metrics of a loss.</summary>
    /// <param name="loss">Nats a token.</param>
    public static MetricSet Of(double loss) =>
        new([Metric("loss", loss), Metric("perplexity", ScalarMath.Exp(loss)), Metric("bits", loss / ScalarMath.Log(2))]);

    public override MetricSet Finish() => Of(MeanLoss);

    protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
    }
}
