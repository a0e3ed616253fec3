using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Draws tokens from a network's probabilities: p^(1/T), made to sum to 1 again; the same seed draws the same tokens on every machine.</summary>
/// <param name="seed">The seed.</param>
/// <param name="temperature">T, at least 0: 0 takes the most probable token, 1 the probabilities as they are.</param>
/// <param name="neverDrawn">A token that is never drawn (unless it is the only one), or -1.</param>
internal sealed class TokenSampler(ulong seed, double temperature, int neverDrawn)
{
    private readonly Philox _chance = new(seed, PhiloxPurpose.Generate, 0);
    private double[] _shares = [];
    private ulong _position;

    /// <summary>Draws the next token.</summary>
    /// <param name="probabilities">A probability for each token.</param>
    public int Draw(ReadOnlySpan<float> probabilities)
    {
        var position = _position++;
        if (_shares.Length < probabilities.Length)
            _shares = new double[probabilities.Length];
        var best = -1;
        for (var token = 0; token < probabilities.Length; token++)
            if ((token != neverDrawn || probabilities.Length == 1) && (best < 0 || probabilities[token] > probabilities[best]))
                best = token;
        if (temperature == 0 || !(probabilities[best] > 0))
            return best;
        var highest = ScalarMath.Log(probabilities[best]);
        var sum = 0.0;
        for (var token = 0; token < probabilities.Length; token++)
        {
            if ((token != neverDrawn || probabilities.Length == 1) && probabilities[token] > 0)
                sum += ScalarMath.Exp((ScalarMath.Log(probabilities[token]) - highest) / temperature);
            _shares[token] = sum;
        }
        var point = _chance.UniformDouble(position) * sum;
        for (var token = 0; token < probabilities.Length; token++)
            if (point < _shares[token])
                return token;
        return best;
    }
}
