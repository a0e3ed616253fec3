using System.Text;

namespace DistRnn.Data;

/// <summary>
/// How the tokens of a tagging job are spelt: each spelling once, in the order first seen, as provisional numbers of its characters (Unicode scalar values).
/// Afterwards <see cref="Fit"/> makes the vocabulary of the training part and <see cref="Map"/> turns the numbers into its ids.
/// </summary>
internal sealed class SpellingTable
{
    /// <summary>Characters that count at either end of a token that has more than twice as many.</summary>
    public const int EndCharacters = 32;

    private readonly TokenTable _spellings = new();
    private readonly TokenTable _characters = new();
    private readonly List<int[]> _numbers = [];

    /// <summary>The spelling's number, a new one where it was not seen before.</summary>
    public int NumberOf(string token)
    {
        var number = _spellings.NumberOf(token);
        if (number == _numbers.Count)
            _numbers.Add(CharactersOf(token));
        return number;
    }

    /// <summary>The characters of some steps' tokens as a vocabulary, the unknown one first.</summary>
    /// <param name="counts">How often the training part has each spelling; spellings beyond its end occur never.</param>
    public Vocabulary Fit(ReadOnlySpan<long> counts)
    {
        var ofCharacter = new long[_characters.Count];
        for (var spelling = 0; spelling < counts.Length; spelling++)
            foreach (var character in _numbers[spelling])
                ofCharacter[character] += counts[spelling];
        return _characters.Fit(ofCharacter, [Vocabulary.Unknown], null, 1);
    }

    /// <summary>Different spellings so far.</summary>
    public int Count => _numbers.Count;

    /// <summary>The characters' ids of every spelling.</summary>
    /// <param name="vocabulary">The vocabulary; what it does not have is its first entry.</param>
    public int[][] Map(Vocabulary vocabulary)
    {
        var ids = _characters.MapTo(vocabulary);
        return [.. _numbers.Select(spelling => Array.ConvertAll(spelling, character => ids[character]))];
    }

    private int[] CharactersOf(string token)
    {
        var numbers = new List<int>(token.Length);
        Span<char> pair = stackalloc char[2];
        foreach (var rune in token.EnumerateRunes())
            numbers.Add(_characters.NumberOf(pair[..rune.EncodeToUtf16(pair)]));
        if (numbers.Count > 2 * EndCharacters)
            numbers.RemoveRange(EndCharacters, numbers.Count - 2 * EndCharacters);
        return [.. numbers];
    }
}
