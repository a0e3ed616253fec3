using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Where a computation must give the same bits: every vector width alone, and two and three threads at the widest and the narrowest one.</summary>
internal static class Everywhere
{
    public static IEnumerable<(SimdWidth Width, int Threads)> Places =>
    [
        .. SimdWidths.Available.Select(width => (width, 1)),
        (SimdWidths.Available[0], 2),
        (SimdWidths.Available[^1], 2),
        (SimdWidths.Available[0], 3),
    ];
}
