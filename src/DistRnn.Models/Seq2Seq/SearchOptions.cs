using System.Collections.Immutable;

namespace DistRnn.Models;

/// <summary>How a target is searched for.</summary>
public sealed record SearchOptions
{
    /// <summary>Hypotheses that go on at a time, at least 1; 1 takes the most probable token of every step.</summary>
    public int Beam { get; init; } = 1;

    /// <summary>Tokens that a target has at most, the end included, whatever its source; at least 1.</summary>
    public required int MaxLength { get; init; }

    /// <summary>Tokens that it may have beyond them for each step of its source; 0 or more.</summary>
    public int MaxLengthPerStep { get; init; }

    /// <summary>The power of the length by which a hypothesis' log probability is divided; 0 compares log probabilities as they are.</summary>
    public double LengthPower { get; init; } = 1;

    /// <summary>What the decoder reads at first.</summary>
    public required int StartToken { get; init; }

    /// <summary>The token that ends a target; null where only the length does.</summary>
    public int? EndToken { get; init; }

    /// <summary>Whether attention's weights are wanted.</summary>
    public bool WantsAttention { get; init; }
}

/// <summary>A target that was found.</summary>
/// <param name="Tokens">Its tokens, without the end.</param>
/// <param name="LogProbability">The sum of the tokens' log probabilities, nats, the end's included.</param>
/// <param name="Score">The log probability divided by the length's power: by what hypotheses are compared.</param>
/// <param name="Attention">For each token, a weight for each step of the source; the end's too, where there is one. Empty where not wanted or without attention.</param>
public sealed record Hypothesis(ImmutableArray<int> Tokens, double LogProbability, double Score, ImmutableArray<float[]> Attention);
