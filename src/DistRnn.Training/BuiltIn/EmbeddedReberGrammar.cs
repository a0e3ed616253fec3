using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// The embedded Reber grammar (Cleeremans et al. 1989; experiment 1 of Hochreiter and Schmidhuber 1997): a string of Reber's grammar between two equal
/// symbols, T or P. Each symbol is labelled with the ones that may follow it. Most follow from the last symbols; the last but one repeats the
/// second of the string, whatever stood between. No two strings are equal, so no string of the test part was seen in training.
/// </summary>
internal static class EmbeddedReberGrammar
{
    private const int DrawsPerString = 1024;

    /// <summary>What may follow in each state of Reber's grammar, with the state it leads to.</summary>
    private static readonly (char Symbol, int State)[][] Inner =
    [
        [('B', 1)],
        [('P', 3), ('T', 2)],
        [('S', 2), ('X', 4)],
        [('T', 3), ('V', 5)],
        [('S', 6), ('X', 3)],
        [('P', 4), ('V', 6)],
        [('E', 7)],
    ];

    /// <summary>Symbol, tab and the symbols allowed next, a line each; a blank line between strings. The final E has nothing to tell and is left out.</summary>
    /// <param name="first">The first string in the fixed order of distinct ones.</param>
    /// <param name="count">How many.</param>
    internal static string Conll(int first, int count)
    {
        var draws = new Philox(4, PhiloxPurpose.Synthesize, 0);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var text = new StringBuilder();
        for (ulong index = 0; seen.Count < first + count; index += DrawsPerString)
        {
            string lines = Lines(draws, index);
            if (seen.Add(lines) && seen.Count > first)
                text.Append(lines).Append('\n');
        }

        return text.ToString();
    }

    private static string Lines(Philox draws, ulong index)
    {
        char outer = draws.Below(index++, 2) == 0 ? 'P' : 'T';
        var lines = new StringBuilder();
        Append(lines, 'B', "PT");
        Append(lines, outer, "B");
        int state = 0;
        while (state < Inner.Length)
        {
            (char Symbol, int State)[] choices = Inner[state];
            (char symbol, state) = choices[draws.Below(index++, choices.Length)];
            Append(lines, symbol, state < Inner.Length ? string.Concat(Inner[state].Select(choice => choice.Symbol)) : outer.ToString());
        }

        Append(lines, outer, "E");
        return lines.ToString();
    }

    private static void Append(StringBuilder lines, char symbol, string next) => lines.Append(symbol).Append('\t').Append(next).Append('\n');
}
