using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>The seeds of <c>--seeds A..B</c>, both ends included.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last, not below the first.</param>
internal readonly record struct SeedRange(ulong First, ulong Last)
{
    private const ulong MaxCount = 10_000;

    /// <summary>How many seeds there are.</summary>
    internal int Count => (int)(Last - First) + 1;

    /// <summary>All of them, ascending.</summary>
    internal IEnumerable<ulong> Seeds
    {
        get
        {
            for (var i = 0UL; i < (ulong)Count; i++)
                yield return First + i;
        }
    }

    /// <summary>Reads <c>A..B</c>, or <c>A</c> for one seed.</summary>
    /// <param name="text">The option's value.</param>
    /// <exception cref="InvalidInputException">It is not such a range, or one of more than 10,000 seeds.</exception>
    internal static SeedRange Parse(string text)
    {
        var ends = text.Split("..");
        if (ends.Length > 2 || !TryParse(ends[0], out var first) || !TryParse(ends[^1], out var last))
            throw new InvalidInputException($"--seeds: '{text}' is not a range of seeds. Allowed is A..B with whole numbers from 0, such as 1..5.");
        if (last < first)
            throw new InvalidInputException($"--seeds: '{text}' ends before it begins. Allowed is A..B with A at most B.");
        if (last - first >= MaxCount)
            throw new InvalidInputException($"--seeds: '{text}' has more than 10,000 seeds, which is the most.");
        return new SeedRange(first, last);
    }

    private static bool TryParse(string text, out ulong seed) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seed);
}
