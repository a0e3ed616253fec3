using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed unsafe class SimdWidthsTests
{
    [Fact]
    public void Choose_Nothing_IsTheWidestAvailable()
    {
        Assert.Equal(SimdWidths.Available[0], SimdWidths.Choose(null));
        Assert.Equal(SimdWidths.Available[0], SimdWidths.Choose(""));
        Assert.Equal(SimdWidths.Available.OrderDescending(), SimdWidths.Available);
        Assert.Equal(SimdWidth.Scalar, SimdWidths.Available[^1]);
    }

    [Fact]
    public void Choose_AnAvailableName_IsThatWidth()
    {
        foreach (var width in SimdWidths.Available)
            Assert.Equal(width, SimdWidths.Choose(SimdWidths.NameOf(width)));
        Assert.Equal(SimdWidth.Scalar, SimdWidths.Choose("SCALAR"));
    }

    [Theory]
    [InlineData("1024")]
    [InlineData("avx2")]
    [InlineData(" 256")]
    public void Choose_AnotherName_SaysWhatIsAllowed(string forced)
    {
        var error = Assert.Throws<InvalidInputException>(() => SimdWidths.Choose(forced));
        Assert.Contains(SimdWidths.Variable, error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{forced}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("scalar", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_SpecialOperands_HaveTheSameBitsAtEveryWidth()
    {
        float[] values = [0, -0f, 1, -1, 1.5f, -2.75f, float.Epsilon, 1.17549435e-38f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, 3e-39f, 1e20f, -7e-12f, 100, 0.1f];
        foreach (var a in values)
            foreach (var b in values)
            {
                var expected = Results<SimdScalar, float>(a, b);
                foreach (var width in SimdWidths.Available)
                    Assert.Equal(expected, width switch
                    {
                        SimdWidth.Bits512 => Results<Simd512, System.Runtime.Intrinsics.Vector512<float>>(a, b),
                        SimdWidth.Bits256 => Results<Simd256, System.Runtime.Intrinsics.Vector256<float>>(a, b),
                        SimdWidth.Bits128 => Results<Simd128, System.Runtime.Intrinsics.Vector128<float>>(a, b),
                        _ => expected,
                    });
            }
    }

    // The bits of every operation's first and last lane; NaNs, whose sign differs between processors, as one.
    private static string Results<TSimd, TVector>(float a, float b)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var (x, y) = (TSimd.Broadcast(a), TSimd.Broadcast(b));
        var n = TSimd.Broadcast((int)(BitConverter.SingleToUInt32Bits(a) % 250) - 125);
        var positive = TSimd.Broadcast(Math.Abs(a) is >= 1.17549435e-38f and < float.PositiveInfinity ? Math.Abs(a) : 1);
        var (mantissa, exponent) = TSimd.SplitExponent(positive);
        TVector[] results =
        [
            TSimd.Add(x, y), TSimd.Subtract(x, y), TSimd.Multiply(x, y), TSimd.Divide(x, y), TSimd.SquareRoot(x), TSimd.FusedMultiplyAdd(x, y, x),
            TSimd.FusedNegateMultiplyAdd(x, y, y), TSimd.Select(TSimd.LessThan(x, y), x, y), TSimd.And(x, y), TSimd.Or(x, y), TSimd.Xor(x, y),
            TSimd.PowerOfTwo(n), TSimd.Scale(TSimd.Broadcast(1.25f), TSimd.Add(n, TSimd.Broadcast(12582912f))), mantissa, exponent,
            TSimd.And(TSimd.FirstLanes(TSimd.Count), TSimd.Broadcast(3f)), TSimd.And(TSimd.FirstLanes(0), TSimd.Broadcast(3f)),
        ];
        var lanes = stackalloc float[16];
        return string.Join(' ', results.Select(result =>
        {
            TSimd.Store(lanes, result);
            Assert.Equal(BitConverter.SingleToUInt32Bits(lanes[0]), BitConverter.SingleToUInt32Bits(lanes[TSimd.Count - 1]));
            return float.IsNaN(lanes[0]) ? "NaN" : $"{BitConverter.SingleToUInt32Bits(lanes[0]):x8}";
        }));
    }
}
