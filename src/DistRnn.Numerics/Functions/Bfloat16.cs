namespace DistRnn.Numerics;

/// <summary>
/// Floats of 16 bits, 8 of them the exponent's: the upper half of a float32. Rounding is to nearest, ties to even; every NaN becomes 0x7FC0; what is
/// beyond the largest becomes infinite; signed zeros and subnormal numbers stay. (Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning Training".)
/// </summary>
/// <remarks>Thread-safe; nothing is allocated; the same bits at every vector width.</remarks>
public static unsafe class Bfloat16
{
    /// <summary>Bytes of one.</summary>
    public const int Bytes = 2;

    /// <summary>The nearest float whose low 16 bits are zero.</summary>
    /// <param name="value">Any float.</param>
    public static float Round(float value) => PackingScalar.RoundToBfloat16(value);

    /// <summary>Rounds each float in place; what is rounded already stays as it is.</summary>
    /// <param name="values">Any floats.</param>
    public static void Round(Span<float> values)
    {
        fixed (float* start = values)
            Bfloat16Kernels.Current.Round(start, values.Length);
    }

    /// <summary>Rounds each float in place.</summary>
    /// <param name="values">The first of them.</param>
    /// <param name="count">How many.</param>
    public static void Round(float* values, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Bfloat16Kernels.Current.Round(values, (nint)count);
    }

    /// <summary>Rounds floats and writes their upper halves, little-endian.</summary>
    /// <param name="source">Any floats.</param>
    /// <param name="destination"><see cref="Bytes"/> for each.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lengths do not fit each other.</exception>
    public static void Narrow(ReadOnlySpan<float> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)source.Length * Bytes);
        fixed (float* from = source)
        fixed (byte* to = destination)
            Bfloat16Kernels.Current.Narrow(from, (ushort*)to, source.Length);
    }

    /// <summary>Reads floats from their upper halves, little-endian; exact.</summary>
    /// <param name="source"><see cref="Bytes"/> for each float.</param>
    /// <param name="destination">Where the floats go.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lengths do not fit each other.</exception>
    public static void Widen(ReadOnlySpan<byte> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, (long)destination.Length * Bytes);
        fixed (byte* from = source)
        fixed (float* to = destination)
            Bfloat16Kernels.Current.Widen((ushort*)from, to, destination.Length);
    }
}
