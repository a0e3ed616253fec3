using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// What BLEU is made of (Papineni et al. 2002), as whole numbers that add up over a corpus: n-grams that match a reference, n-grams in all, for n = 1 to 4,
/// and the lengths of the translations and of the references nearest to them.
/// </summary>
/// <remarks>The score is sacrebleu's on given tokens: exponential smoothing where an order has no match, and 0 where none has.</remarks>
/// <param name="counts">Where they stand: <see cref="Count"/> numbers.</param>
internal readonly ref struct BleuCounts(Span<long> counts)
{
    /// <summary>The longest n-grams.</summary>
    public const int Orders = 4;

    /// <summary>How many numbers there are: matches, n-grams in all, both lengths.</summary>
    public const int Count = 2 * Orders + 2;

    private readonly Span<long> _counts = counts[..Count];

    /// <summary>The score, 0 to 100.</summary>
    public double Score
    {
        get
        {
            var (length, reference) = (_counts[2 * Orders], _counts[2 * Orders + 1]);
            if (!_counts[..Orders].ContainsAnyExcept(0))
                return 0;
            var (sum, smoothing) = (0.0, 1.0);
            for (var order = 0; order < Orders; order++)
            {
                var (matches, all) = (_counts[order], _counts[Orders + order]);
                if (all == 0)
                    return 0;
                if (matches == 0)
                    smoothing *= 2;
                sum += ScalarMath.Log(matches == 0 ? 100 / (smoothing * all) : 100.0 * matches / all);
            }
            var penalty = length < reference ? ScalarMath.Exp(1 - (double)reference / length) : 1;
            return penalty * ScalarMath.Exp(sum / Orders);
        }
    }

    /// <summary>Adds a translation.</summary>
    /// <param name="translation">Its tokens.</param>
    /// <param name="references">The tokens of its references, at least one.</param>
    public void Add(IReadOnlyList<string> translation, IReadOnlyList<IReadOnlyList<string>> references)
    {
        for (var order = 1; order <= Orders; order++)
        {
            var allowed = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var reference in references)
                foreach (var (gram, count) in GramsOf(reference, order))
                    allowed[gram] = Math.Max(allowed.GetValueOrDefault(gram), count);
            foreach (var (gram, count) in GramsOf(translation, order))
            {
                _counts[order - 1] += Math.Min(count, allowed.GetValueOrDefault(gram));
                _counts[Orders + order - 1] += count;
            }
        }
        var nearest = references[0].Count;
        foreach (var reference in references)
        {
            var (old, now) = (Math.Abs(translation.Count - nearest), Math.Abs(translation.Count - reference.Count));
            if (now < old || (now == old && reference.Count < nearest))
                nearest = reference.Count;
        }
        _counts[2 * Orders] += translation.Count;
        _counts[2 * Orders + 1] += nearest;
    }

    private static Dictionary<string, int> GramsOf(IReadOnlyList<string> tokens, int order)
    {
        var grams = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var first = 0; first + order <= tokens.Count; first++)
        {
            // Tokens have no line feeds inside but where they are one themselves, and lengths of n-grams are equal here.
            var gram = string.Join('\n', tokens.Skip(first).Take(order));
            grams[gram] = grams.GetValueOrDefault(gram) + 1;
        }
        return grams;
    }
}
