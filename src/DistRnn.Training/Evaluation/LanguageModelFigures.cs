using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>A language model's metrics: loss in nats a token, perplexity e^loss, and bits a token.</summary>
/// <param name="range">Which shards are added.</param>
internal sealed class LanguageModelFigures(ShardRange range) : EvaluationFigures(FigureKind.LanguageModel, range, 0, 0)
{
    /// <summary>The metrics of a loss.</summary>
    /// <param name="loss">Nats a token.</param>
    public static MetricSet Of(double loss) =>
        new([Metric("loss", loss), Metric("perplexity", ScalarMath.Exp(loss)), Metric("bits", loss / ScalarMath.Log(2))]);

    private protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
    }
}
