using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>
/// Where a computation must give the same bits: every vector width alone, two threads at the widest, and for every third case two at the narrowest
/// and three at the widest one. (More threads than cores make every barrier slow.)
/// </summary>
internal static class Everywhere
{
    public static IEnumerable<(SimdWidth Width, int Threads)> Places(int number)
    {
        var alone = SimdWidths.Available.Select(width => (width, 1)).Append((SimdWidths.Available[0], 2));
        return number % 3 == 0 ? [.. alone, (SimdWidths.Available[^1], 2), (SimdWidths.Available[0], 3)] : alone;
    }
}
