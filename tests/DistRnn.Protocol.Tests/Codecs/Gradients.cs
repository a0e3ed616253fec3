using DistRnn.Numerics;

namespace DistRnn.Protocol.Tests;

/// <summary>Floats as gradients are, and as they should not be, all from Philox.</summary>
internal static class Gradients
{
    /// <summary>Roughly normal floats of very different size.</summary>
    public static float[] Normal(int count, ulong seed, float scale = 1)
    {
        var chance = new Philox(seed, PhiloxPurpose.Shuffle, 0);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            var at = (ulong)i * 8;
            values[i] = scale * (chance.Uniform(at) + chance.Uniform(at + 1) + chance.Uniform(at + 2) - 1.5f) * chance.Uniform(at + 3);
        }
        return values;
    }

    /// <summary>Few different magnitudes, both signs, many zeros of both signs.</summary>
    public static float[] Ties(int count) => [.. Enumerable.Range(0, count).Select(i => (i * 7 % 5 - 2) * (i % 3 == 0 ? -0.5f : 0.5f))];

    /// <summary>Floats of any bits: subnormal, huge, infinite and NaN ones too.</summary>
    public static float[] OfAllKinds(int count, ulong seed)
    {
        var chance = new Philox(seed, PhiloxPurpose.Shuffle, 1);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = BitConverter.Int32BitsToSingle(chance.Below((ulong)i * 2, 1 << 16) << 16 | chance.Below((ulong)i * 2 + 1, 1 << 16));
        return values;
    }
}
