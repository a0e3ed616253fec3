using System.Runtime.InteropServices;
using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed unsafe class VectorMathTests
{
    // A prime, so that the grid meets mantissas of every kind.
    private const uint Stride = 3011;

    public static readonly TheoryData<string> Functions = ["Exp", "Log", "Tanh", "Sigmoid", "Relu"];

    [Theory]
    [InlineData("Exp", 1.2)]
    [InlineData("Log", 0.9)]
    [InlineData("Tanh", 4.3)]
    [InlineData("Sigmoid", 2.5)]
    public void Function_GridOfAllFloats_StaysWithinItsBound(string function, double bound)
    {
        var (worst, at) = (0.0, 0f);
        ForEachBlock(Stride, (x, y) =>
        {
            for (var i = 0; i < x.Length; i++)
            {
                if (float.IsNaN(x[i]) || IsCutOff(function, x[i]))
                    continue;
                var off = UnitsOff(y[i], TrueValue(function, x[i]));
                if (off > worst)
                    (worst, at) = (off, x[i]);
            }
        }, function, SimdWidths.Available[0]);
        Assert.True(worst <= bound, $"{function} is {worst:f3} units off at {at:r}; its bound is {bound}.");
        Assert.True(worst > bound / 2, $"{function} is never more than {worst:f3} units off: a bound of {bound} is not what it does.");
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Function_GridOfAllFloats_HasTheSameBitsAtEveryWidth(string function)
    {
        foreach (var width in SimdWidths.Available.Skip(1))
        {
            ForEachBlock(16411, (x, y) =>
            {
                var z = new float[x.Length];
                Apply(function, SimdWidths.Available[0], x, z);
                Assert.True(MemoryMarshal.AsBytes<float>(y).SequenceEqual(MemoryMarshal.AsBytes<float>(z)), $"{function} differs between {width} and {SimdWidths.Available[0]} somewhere in {x[0]:r} .. {x[^1]:r}.");
            }, function, width);
        }
    }

    [Theory]
    [InlineData("Exp", float.NegativeInfinity, 0f)]
    [InlineData("Exp", -87.00001f, 0f)]
    [InlineData("Exp", float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData("Exp", VectorMath.ExpOverflow, float.PositiveInfinity)]
    [InlineData("Exp", 0f, 1f)]
    [InlineData("Log", 0f, float.NegativeInfinity)]
    [InlineData("Log", -1f, float.NaN)]
    [InlineData("Log", -1e-40f, float.NaN)]
    [InlineData("Log", float.NegativeInfinity, float.NaN)]
    [InlineData("Log", float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData("Log", 1f, 0f)]
    [InlineData("Log", float.Epsilon, -103.278929f)]
    [InlineData("Tanh", 0f, 0f)]
    [InlineData("Sigmoid", 0f, 0.5f)]
    [InlineData("Sigmoid", float.PositiveInfinity, 1f)]
    [InlineData("Sigmoid", float.NegativeInfinity, 0f)]
    [InlineData("Sigmoid", 100f, 1f)]
    [InlineData("Sigmoid", -100f, 0f)]
    [InlineData("Relu", -3f, 0f)]
    [InlineData("Relu", 3f, 3f)]
    [InlineData("Relu", float.NegativeInfinity, 0f)]
    [InlineData("Relu", float.PositiveInfinity, float.PositiveInfinity)]
    public void Function_SpecialValue_GivesTheSpecialResultAtEveryWidth(string function, float x, float expected)
    {
        foreach (var width in SimdWidths.Available)
        {
            var y = new float[1];
            Apply(function, width, [x], y);
            if (float.IsNaN(expected))
                Assert.True(float.IsNaN(y[0]));
            else
                Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(y[0]));
        }
    }

    [Theory]
    [InlineData("Exp", 0x3F800000u)]
    [InlineData("Log", 0xFF800000u)]
    [InlineData("Tanh", 0x80000000u)]
    [InlineData("Sigmoid", 0x3F000000u)]
    [InlineData("Relu", 0u)]
    public void Function_NegativeZero_GivesTheseBitsAtEveryWidth(string function, uint expected)
    {
        foreach (var width in SimdWidths.Available)
        {
            var y = new float[1];
            Apply(function, width, [-0f], y);
            Assert.Equal(expected, BitConverter.SingleToUInt32Bits(y[0]));
        }
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Function_AnyNaN_GivesNaN(string function)
    {
        float[] x = [.. new uint[] { 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF, 0x7FC00123 }.Select(BitConverter.UInt32BitsToSingle)];
        foreach (var width in SimdWidths.Available)
        {
            var y = new float[x.Length];
            Apply(function, width, x, y);
            Assert.All(y, value => Assert.True(float.IsNaN(value)));
        }
    }

    [Fact]
    public void Tanh_AnyFloat_IsNeverAboveOneAndConstantBeyondTheClamp()
    {
        ForEachBlock(5003, (x, y) =>
        {
            for (var i = 0; i < x.Length; i++)
            {
                Assert.False(Math.Abs(y[i]) > 1);
                if (Math.Abs(x[i]) >= VectorMath.TanhClamp)
                    Assert.Equal(Math.CopySign(1 - 4 / 16777216f, x[i]), y[i]);
            }
        }, "Tanh", SimdWidths.Available[0]);
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Function_SpanOfAnyLength_WritesExactlyTheSpan(string function)
    {
        foreach (var width in SimdWidths.Available)
            for (var length = 0; length < 40; length++)
            {
                var x = Enumerable.Range(0, length).Select(i => 0.3f + i / 7f).ToArray();
                var y = Enumerable.Repeat(-99f, length + 2).ToArray();
                Apply(function, width, x, y.AsSpan(1, length));
                Assert.Equal((-99f, -99f), (y[0], y[^1]));
                for (var i = 0; i < length; i++)
                    Assert.Equal((float)TrueValue(function, x[i]), y[i + 1], 1e-5f * Math.Max(1, Math.Abs(y[i + 1])));
            }
    }

    [Fact]
    public void SpanForms_InPlaceAndOfUnequalLengths_WorkAndThrow()
    {
        float[] x = [-1, 0, 1];
        var y = new float[3];
        VectorMath.Exp(x, y);
        Assert.Equal(Math.Exp(1), y[2], 1e-6);
        VectorMath.Log(y, y);
        Assert.Equal(-1, y[0], 1e-6);
        VectorMath.Tanh(x, y);
        Assert.Equal(Math.Tanh(1), y[2], 1e-6);
        VectorMath.Sigmoid(x, y);
        Assert.Equal(0.5f, y[1]);
        VectorMath.Relu(x, y);
        Assert.Equal([0, 0, 1], y);
        Assert.Throws<ArgumentOutOfRangeException>(() => VectorMath.Exp(x, new float[2]));
    }

    private static void ForEachBlock(uint stride, Action<float[], float[]> check, string function, SimdWidth width)
    {
        const int BlockCount = 4096;
        var (x, y) = (new float[BlockCount], new float[BlockCount]);
        for (ulong bits = 0; bits < 1UL << 32;)
        {
            for (var i = 0; i < BlockCount; i++, bits += stride)
                x[i] = BitConverter.UInt32BitsToSingle((uint)bits);
            Apply(function, width, x, y);
            check(x, y);
        }
    }

    private static void Apply(string function, SimdWidth width, ReadOnlySpan<float> source, Span<float> destination)
    {
        var functions = SpanFunctions.Create(width);
        fixed (float* x = source, y = destination)
        {
            switch (function)
            {
                case "Exp": functions.Exp(x, y, source.Length); break;
                case "Log": functions.Log(x, y, source.Length); break;
                case "Tanh": functions.Tanh(x, y, source.Length); break;
                case "Sigmoid": functions.Sigmoid(x, y, source.Length); break;
                default: functions.Relu(x, y, source.Length); break;
            }
        }
    }

    private static double TrueValue(string function, double x) => function switch
    {
        "Exp" => Math.Exp(x),
        "Log" => Math.Log(x),
        "Tanh" => Math.Tanh(x),
        "Sigmoid" => 1 / (1 + Math.Exp(-x)),
        _ => Math.Max(x, 0),
    };

    // Where a function is defined to be something simpler than its true value; special values have a test of their own.
    private static bool IsCutOff(string function, float x) => function switch
    {
        "Exp" => x < VectorMath.ExpUnderflow,
        "Sigmoid" => x < -VectorMath.ExpOverflow,
        "Log" => x < 0,
        _ => false,
    };

    private static double UnitsOff(float actual, double expected)
    {
        if (actual == (float)expected)
            return Math.Abs(actual - expected) is var off && double.IsFinite(off) ? off / UnitOf(expected) : 0;
        return Math.Abs(actual - expected) / UnitOf(expected);
    }

    private static double UnitOf(double value)
    {
        var exponent = value == 0 ? -149 : Math.Max(-149, Math.ILogB(value) - 23);
        return Math.ScaleB(1, exponent);
    }
}
