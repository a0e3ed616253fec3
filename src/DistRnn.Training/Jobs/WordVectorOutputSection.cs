using System.Globalization;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>How word vectors predict a centre word: the kind, and how many words by chance a pair is set against.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Negatives">Words by chance, 1 to 1,000; not read for <see cref="WordVectorOutput.HierarchicalSoftmax"/>.</param>
public sealed record WordVectorOutputSection(WordVectorOutput Kind = WordVectorOutput.NegativeSampling, int Negatives = WordVectorOutputSection.NegativesDefault)
{
    private const int NegativesDefault = 5;
    private const int NegativesMax = 1000;
    private const string Sampling = "negative-sampling";
    private const string Hierarchical = "hierarchical-softmax";

    /// <summary>What <see cref="Parse"/> allows, for messages and help.</summary>
    public const string Allowed = "negative-sampling(5), hierarchical-softmax";

    /// <summary>Reads the value of <c>model.output</c>.</summary>
    /// <param name="text">One of <see cref="Allowed"/>; without a number there are 5 negative words.</param>
    /// <exception cref="InvalidInputException">It is none of them, or the number is not 1 to 1,000.</exception>
    public static WordVectorOutputSection Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        if (trimmed == Hierarchical)
            return new WordVectorOutputSection(WordVectorOutput.HierarchicalSoftmax);
        if (trimmed == Sampling)
            return new WordVectorOutputSection();
        if (!trimmed.StartsWith(Sampling + "(", StringComparison.Ordinal) || !trimmed.EndsWith(')'))
            throw new InvalidInputException($"model.output is '{trimmed}', which word vectors do not have; allowed: {Allowed}.");
        var number = trimmed[(Sampling.Length + 1)..^1];
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var negatives) || negatives is < 1 or > NegativesMax)
            throw new InvalidInputException($"model.output is '{trimmed}', whose number of negative words is '{number}'; allowed is a whole number from 1 to {NegativesMax}.");
        return new WordVectorOutputSection(WordVectorOutput.NegativeSampling, negatives);
    }

    /// <summary>The output as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Kind == WordVectorOutput.HierarchicalSoftmax ? Hierarchical : string.Create(CultureInfo.InvariantCulture, $"{Sampling}({Negatives})");
}
