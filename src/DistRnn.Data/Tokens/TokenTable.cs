using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace DistRnn.Data;

/// <summary>
/// Every token met while reading, numbered in the order first seen. These numbers are provisional: once all is read and the training part is known,
/// <see cref="Fit"/> or <see cref="MapTo"/> says which id of a vocabulary each becomes.
/// </summary>
internal sealed class TokenTable
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly List<string> _tokens = [];

    public TokenTable() => _lookup = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Different tokens so far.</summary>
    public int Count => _tokens.Count;

    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>The token's number, a new one where it was not seen before.</summary>
    public int NumberOf(ReadOnlySpan<char> token)
    {
        if (_lookup.TryGetValue(token, out var number))
            return number;
        number = _tokens.Count;
        var text = token.ToString();
        _tokens.Add(text);
        _numbers.Add(text, number);
        return number;
    }

    /// <summary>The vocabulary of the training part: specials, then the most frequent tokens that occur often enough, ties to the first seen.</summary>
    /// <param name="counts">How often the training part has each token, [Count].</param>
    /// <param name="specials">What stands first, whether it occurs or not.</param>
    /// <param name="size">The most entries, specials included; null for no limit.</param>
    /// <param name="minCount">How often a token must occur.</param>
    public Vocabulary Fit(ReadOnlySpan<long> counts, ReadOnlySpan<string> specials, int? size, int minCount)
    {
        var tokens = ImmutableArray.CreateBuilder<string>();
        var kept = ImmutableArray.CreateBuilder<long>();
        foreach (var special in specials)
        {
            tokens.Add(special);
            kept.Add(_numbers.TryGetValue(special, out var number) ? counts[number] : 0);
        }
        var order = new List<(long Count, int Number)>();
        for (var number = 0; number < Count; number++)
        {
            if (counts[number] > 0 && counts[number] >= minCount && !specials.Contains(_tokens[number]))
                order.Add((counts[number], number));
        }
        order.Sort(static (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Number.CompareTo(b.Number));
        var room = size is { } most ? Math.Max(0, most - specials.Length) : int.MaxValue;
        foreach (var (count, number) in CollectionsMarshal.AsSpan(order)[..Math.Min(room, order.Count)])
        {
            tokens.Add(_tokens[number]);
            kept.Add(count);
        }
        return new Vocabulary(tokens.ToImmutable(), kept.ToImmutable());
    }

    /// <summary>The labels of the training part in the order first seen: those that occur.</summary>
    /// <param name="counts">How often the training part has each label, [Count].</param>
    public Vocabulary FitLabels(ReadOnlySpan<long> counts)
    {
        var labels = ImmutableArray.CreateBuilder<string>();
        var kept = ImmutableArray.CreateBuilder<long>();
        for (var number = 0; number < Count; number++)
        {
            if (counts[number] > 0)
            {
                labels.Add(_tokens[number]);
                kept.Add(counts[number]);
            }
        }
        return new Vocabulary(labels.ToImmutable(), kept.ToImmutable());
    }

    /// <summary>The vocabulary's id of each number, [Count].</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="absent">The id of what it does not have.</param>
    public int[] MapTo(Vocabulary vocabulary, int absent = 0)
    {
        var map = new int[Count];
        for (var number = 0; number < map.Length; number++)
            map[number] = vocabulary.IdOf(_tokens[number]) is >= 0 and var id ? id : absent;
        return map;
    }
}
