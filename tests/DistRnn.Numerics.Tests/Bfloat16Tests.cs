using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed unsafe class Bfloat16Tests
{
    [Theory]
    [InlineData(0x3F800000u, 0x3F800000u)] // 1
    [InlineData(0x3F808000u, 0x3F800000u)] // a tie goes to the even one, below
    [InlineData(0x3F818000u, 0x3F820000u)] // and above
    [InlineData(0x3F808001u, 0x3F810000u)]
    [InlineData(0x3F807FFFu, 0x3F800000u)]
    [InlineData(0xBF808001u, 0xBF810000u)]
    [InlineData(0x80000000u, 0x80000000u)] // -0
    [InlineData(0x00000001u, 0x00000000u)]
    [InlineData(0x80008001u, 0x80010000u)] // subnormal
    [InlineData(0x7F7F7FFFu, 0x7F7F0000u)]
    [InlineData(0x7F7F8000u, 0x7F800000u)] // beyond the largest
    [InlineData(0xFF7FFFFFu, 0xFF800000u)]
    [InlineData(0x7F800000u, 0x7F800000u)]
    [InlineData(0x7F800001u, 0x7FC00000u)] // NaN whose upper half says infinity
    [InlineData(0xFFFFFFFFu, 0x7FC00000u)]
    public void Round_OfAnyFloat_IsTheNearestTiesToEven(uint bits, uint expected) =>
        Assert.Equal(expected, BitConverter.SingleToUInt32Bits(Bfloat16.Round(BitConverter.UInt32BitsToSingle(bits))));

    [Fact]
    public void Round_OfAGridOfAllFloats_IsOneOfTheTwoNeighboursAndNotTheFartherOne()
    {
        for (ulong bits = 0; bits < 0x7F7F0000; bits += 2039)
        {
            var value = (double)BitConverter.UInt32BitsToSingle((uint)bits);
            var rounded = (double)Bfloat16.Round((float)value);
            var below = (double)BitConverter.UInt32BitsToSingle((uint)bits & 0xFFFF0000);
            var above = (double)BitConverter.UInt32BitsToSingle(((uint)bits & 0xFFFF0000) + 0x10000);
            var nearest = value - below < above - value || (value - below == above - value && ((uint)bits >> 16) % 2 == 0) ? below : above;
            if (rounded != nearest)
                Assert.Fail($"{value:r} rounds to {rounded:r}, not to {nearest:r}.");
        }
    }

    [Fact]
    public void Loops_AtEveryWidth_GiveTheBitsOfTheScalarRounding()
    {
        foreach (var width in SimdWidths.Available)
        {
            var kernels = Bfloat16Kernels.Create(width);
            foreach (var count in (int[])[0, 1, 7, 16, 33, 5000])
            {
                var values = Values(count);
                float[] rounded = [.. values];
                var halves = new ushort[count + 1];
                var widened = new float[count + 1];
                halves[count] = 77;
                widened[count] = 77;
                fixed (float* source = values, inPlace = rounded, back = widened)
                fixed (ushort* narrow = halves)
                {
                    kernels.Round(inPlace, count);
                    kernels.Narrow(source, narrow, count);
                    kernels.Widen(narrow, back, count);
                }
                for (var i = 0; i < count; i++)
                {
                    var expected = BitConverter.SingleToUInt32Bits(Bfloat16.Round(values[i]));
                    Assert.Equal(expected, BitConverter.SingleToUInt32Bits(rounded[i]));
                    Assert.Equal(expected >> 16, halves[i]);
                    Assert.Equal(expected, BitConverter.SingleToUInt32Bits(widened[i]));
                }
                Assert.Equal((77, 77f), (halves[count], widened[count]));
            }
        }
    }

    [Fact]
    public void LowBytes_AtEveryWidth_AreTheWholeNumbersThatWereShifted()
    {
        foreach (var width in SimdWidths.Available)
        {
            switch (width)
            {
                case SimdWidth.Bits512: AssertBytes<Simd512, Packing512, System.Runtime.Intrinsics.Vector512<float>>(); break;
                case SimdWidth.Bits256: AssertBytes<Simd256, Packing256, System.Runtime.Intrinsics.Vector256<float>>(); break;
                case SimdWidth.Bits128: AssertBytes<Simd128, Packing128, System.Runtime.Intrinsics.Vector128<float>>(); break;
                default: AssertBytes<SimdScalar, PackingScalar, float>(); break;
            }
        }
    }

    [Fact]
    public void Spans_OfOtherLengths_Throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Bfloat16.Narrow(new float[3], new byte[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bfloat16.Widen(new byte[6], new float[2]));
    }

    private static void AssertBytes<TSimd, TPacking, TVector>()
        where TSimd : struct, ISimd<TVector>
        where TPacking : struct, ISimdPacking<TVector>
        where TVector : struct
    {
        var floats = stackalloc float[16];
        var bytes = stackalloc sbyte[16];
        for (var first = -128; first <= 112; first += 16)
        {
            for (var i = 0; i < 16; i++)
                floats[i] = 12582912f + first + i;
            for (var i = 0; i < 16; i += TSimd.Count)
            {
                TPacking.StoreLowBytes(bytes + i, TSimd.Load(floats + i));
                TSimd.Store(floats + i, TPacking.LoadBytes(bytes + i));
            }
            for (var i = 0; i < 16; i++)
                Assert.Equal((first + i, (float)(first + i)), (bytes[i], floats[i]));
        }
        for (var i = 0; i < 16; i++)
            floats[i] = -2;
        Assert.True(TPacking.AnyMagnitudeFrom(TSimd.Load(floats), 0x40000000));
        Assert.False(TPacking.AnyMagnitudeFrom(TSimd.Load(floats), 0x40000001));
        floats[TSimd.Count - 1] = float.NaN;
        Assert.True(TPacking.AnyMagnitudeFrom(TSimd.Load(floats), 0x7F800001));
    }

    private static float[] Values(int count)
    {
        var chance = new Philox(5, PhiloxPurpose.Shuffle, 0);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = BitConverter.Int32BitsToSingle(chance.Below((ulong)i * 2, 1 << 16) << 16 | chance.Below((ulong)i * 2 + 1, 1 << 16));
        return values;
    }
}
