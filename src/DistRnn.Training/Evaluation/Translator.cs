using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Translates the sources of a batch and turns ids into tokens. Where the model has attention, an unknown token of the target becomes the source's token
/// that it looks at most, the first of several.
/// </summary>
/// <remarks>The computer's parameters are whoever's set them last. One caller at a time.</remarks>
internal sealed class Translator
{
    // Where the data sets no limit: a target has this many tokens, and twice those of its source.
    private const int LengthAtLeast = 10;
    private const int LengthPerStep = 2;

    private readonly EncoderDecoder _network;
    private readonly SequenceSearch _search;

    /// <summary>Makes a translator.</summary>
    /// <param name="network">An encoder-decoder.</param>
    /// <param name="computer">What computes with it; stays the caller's.</param>
    public Translator(INetwork network, INetworkComputer computer)
    {
        _network = (EncoderDecoder)network;
        _search = new SequenceSearch(_network, (EncoderDecoderComputer)computer);
    }

    /// <summary>Translates a batch.</summary>
    /// <param name="data">Where its tokens are from.</param>
    /// <param name="part">The part that it is of.</param>
    /// <param name="batch">The sources.</param>
    /// <param name="beam">Hypotheses that go on at a time; null for the model's own.</param>
    /// <returns>A translation for each row.</returns>
    public ImmutableArray<Translation> Translate(TranslationData data, PartKind part, SequenceBatch batch, int? beam)
    {
        var found = _search.Search(batch, new SearchOptions
        {
            Beam = beam ?? _network.Options.Beam,
            MaxLength = data.LongestTarget ?? LengthAtLeast,
            MaxLengthPerStep = data.LongestTarget is null ? LengthPerStep : 0,
            StartToken = data.StartToken,
            EndToken = data.EndToken,
            WantsAttention = _network.Options.Attention != AttentionKind.None,
        });
        var translations = ImmutableArray.CreateBuilder<Translation>(found.Length);
        for (var row = 0; row < found.Length; row++)
            translations.Add(TranslationOf(data, data.SourceOf(part, batch.RowIds[row]), found[row][0]));
        return translations.MoveToImmutable();
    }

    private static Translation TranslationOf(TranslationData data, ImmutableArray<string> source, Hypothesis best)
    {
        var attention = best.Attention;
        if (data.ReverseSource)
            attention = [.. attention.Select(weights => weights.Reverse().ToArray())];
        var target = ImmutableArray.CreateBuilder<string>(best.Tokens.Length);
        for (var i = 0; i < best.Tokens.Length; i++)
        {
            var token = best.Tokens[i];
            target.Add(token == TranslationData.UnknownOfSides && i < attention.Length ? source[LargestOf(attention[i])] : data.ClassNames[token]);
        }
        var tokens = target.MoveToImmutable();
        return new Translation(data.TargetText(tokens), source, tokens, best.Score, [.. attention.Take(tokens.Length)]);
    }

    private static int LargestOf(float[] weights)
    {
        var largest = 0;
        for (var i = 1; i < weights.Length; i++)
            largest = weights[i] > weights[largest] ? i : largest;
        return largest;
    }
}
