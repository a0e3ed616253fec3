using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Over-long buffers for tests: random numbers where a test puts them, one odd value everywhere else, so that a stray read or write shows.</summary>
internal static class GarbageFloats
{
    /// <summary>What stands where nothing belongs.</summary>
    public const float Garbage = -7.25e30f;

    /// <summary>A buffer full of garbage.</summary>
    public static FloatBuffer Of(long count)
    {
        var buffer = new FloatBuffer(count);
        buffer.Span.Fill(Garbage);
        return buffer;
    }

    /// <summary>Numbers in [-1, 1).</summary>
    public static void Fill(Span<float> values, Random random)
    {
        foreach (ref var value in values)
            value = 2 * random.NextSingle() - 1;
    }

    /// <summary>The bits of floats, to compare exactly.</summary>
    public static int[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new int[values.Length];
        for (var i = 0; i < bits.Length; i++)
            bits[i] = BitConverter.SingleToInt32Bits(values[i]);
        return bits;
    }
}
