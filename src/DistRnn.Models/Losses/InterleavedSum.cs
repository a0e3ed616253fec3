using System.Runtime.CompilerServices;

namespace DistRnn.Models;

/// <summary>
/// A sum in the order that long sums have everywhere: value k goes to partial sum k mod 16, ascending, and the 16 partial sums are then added in halves
/// (i and i + 8, i and i + 4, i and i + 2, i and i + 1).
/// </summary>
internal struct InterleavedSum
{
    private Partials _partials;
    private int _next;

    /// <summary>The sum of what was added; +0 of nothing.</summary>
    public readonly double Total
    {
        get
        {
            var partials = _partials;
            for (var half = Partials.Count / 2; half > 0; half /= 2)
                for (var i = 0; i < half; i++)
                    partials[i] += partials[i + half];
            return partials[0];
        }
    }

    /// <summary>Adds the next value.</summary>
    /// <param name="value">The value.</param>
    public void Add(double value)
    {
        _partials[_next] += value;
        _next = (_next + 1) % Partials.Count;
    }

    [InlineArray(Count)]
    private struct Partials
    {
        public const int Count = 16;

        private double _first;
    }
}
