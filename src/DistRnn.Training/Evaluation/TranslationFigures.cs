using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A translator's metrics: loss and perplexity a target token, and the share of tokens that are most probable where the right ones stand before them; then,
/// of what it says on its own, the share of sources whose target is right in every token, and BLEU over the part. A token that the vocabulary does not
/// have is right where attention put it in.
/// </summary>
/// <param name="data">The data.</param>
/// <param name="part">The part that is evaluated.</param>
/// <param name="range">Which of its shards are added.</param>
/// <param name="translator">What translates.</param>
internal sealed class TranslationFigures(TranslationData data, PartKind part, ShardRange range, Translator translator)
    : EvaluationFigures(FigureKind.Translation, range, CountsOfAll, 0)
{
    /// <summary>Right, sources, and those of <see cref="BleuCounts"/>.</summary>
    public const int CountsOfAll = 2 + BleuCounts.Count;

    /// <summary>The metrics of all shards.</summary>
    /// <param name="whole">What they come to.</param>
    public static MetricSet Of(EvaluationPiece whole)
    {
        var correct = 0L;
        foreach (var result in whole.Results)
            correct += result.Correct;
        return new(
        [
            Metric("loss", whole.MeanLoss), Metric("perplexity", ScalarMath.Exp(whole.MeanLoss)), Metric("exact-match", Ratio(whole.Counts[0], whole.Counts[1])),
            Metric("token-accuracy", Ratio(correct, whole.LossTargets)), Metric("bleu", new BleuCounts(whole.Counts.AsSpan(2)).Score),
        ]);
    }

    /// <summary>What the steps of an epoch say while they are trained.</summary>
    /// <param name="sums">Sums over the steps.</param>
    public static MetricSet OfTraining(StepSums sums)
    {
        var loss = Ratio(sums.Loss, sums.Targets);
        return new([Metric("loss", loss), Metric("perplexity", ScalarMath.Exp(loss)), Metric("token-accuracy", Ratio(sums.Correct, sums.Targets))]);
    }

    private protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
        var translations = translator.Translate(data, part, batch, null);
        var bleu = new BleuCounts(Piece.Counts.AsSpan(2));
        for (var row = 0; row < batch.Rows; row++)
        {
            var references = data.ReferencesOf(part, batch.RowIds[row]);
            if (references.IsEmpty)
                continue;
            Piece.Counts[1]++;
            Piece.Counts[0] += references.Any(reference => reference.SequenceEqual(translations[row].Target, StringComparer.Ordinal)) ? 1 : 0;
            bleu.Add(translations[row].Target, [.. references]);
        }
    }
}
