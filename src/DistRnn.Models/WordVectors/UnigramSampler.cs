using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Draws words in proportion to their count's power 0.75 (T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, "Distributed representations of
/// words and phrases and their compositionality", 2013), in constant time by the alias method of Walker (1977) as Vose builds it (1991).
/// </summary>
/// <remarks>Immutable and thread-safe.</remarks>
internal sealed class UnigramSampler
{
    private const double Power = 0.75;

    private readonly double[] _keep;
    private readonly int[] _alias;

    /// <summary>Builds the table.</summary>
    /// <param name="counts">How often each word occurs; some word does.</param>
    public UnigramSampler(ImmutableArray<long> counts)
    {
        var weights = counts.Select(count => count <= 0 ? 0 : ScalarMath.Pow(count, Power)).ToArray();
        var total = Reductions.Sum(weights);
        (_keep, _alias) = (new double[weights.Length], new int[weights.Length]);
        var (small, large) = (new Stack<int>(), new Stack<int>());
        for (var word = weights.Length - 1; word >= 0; word--)
        {
            _alias[word] = word;
            weights[word] *= weights.Length / total;
            (weights[word] < 1 ? small : large).Push(word);
        }
        while (small.Count > 0 && large.Count > 0)
        {
            var (less, more) = (small.Pop(), large.Pop());
            (_keep[less], _alias[less]) = (weights[less], more);
            weights[more] -= 1 - weights[less];
            (weights[more] < 1 ? small : large).Push(more);
        }
        foreach (var word in large)
            _keep[word] = 1;
        // What is left here has the weight 1 but for rounding; a word that does not occur stays out.
        foreach (var word in small)
            _keep[word] = counts[word] > 0 ? 1 : 0;
        var anyone = counts.IndexOf(counts.Max());
        for (var word = 0; word < _keep.Length; word++)
            if (counts[word] <= 0 && _alias[word] == word)
                _alias[word] = anyone;
    }

    /// <summary>The word at a position.</summary>
    /// <param name="chance">The numbers of (seed, <see cref="PhiloxPurpose.NegativeSampling"/>, step).</param>
    /// <param name="index">The logical position.</param>
    public int Draw(Philox chance, ulong index)
    {
        var place = chance.UniformDouble(index) * _keep.Length;
        var word = Math.Min((int)place, _keep.Length - 1);
        return place - word < _keep[word] ? word : _alias[word];
    }

    /// <summary>How probable a word is, as the table has it.</summary>
    /// <param name="word">The word.</param>
    internal double ProbabilityOf(int word)
    {
        var sum = _keep[word];
        for (var other = 0; other < _keep.Length; other++)
            if (_alias[other] == word)
                sum += 1 - _keep[other];
        return sum / _keep.Length;
    }
}
