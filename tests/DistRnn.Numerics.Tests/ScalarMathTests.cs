using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed class ScalarMathTests
{
    [Fact]
    public void Exp_GridOfItsRange_AgreesWithTheLibrary() => Compare(ScalarMath.Exp, Math.Exp, -708, 709.7, 2);

    [Fact]
    public void Log_GridOfMagnitudes_AgreesWithTheLibrary()
    {
        Compare(ScalarMath.Log, Math.Log, 0.1, 4, 2);
        Compare(x => ScalarMath.Log(Math.ScaleB(1.234, (int)x)), x => Math.Log(Math.ScaleB(1.234, (int)x)), -1070, 1023, 2);
    }

    [Fact]
    public void SinAndCos_GridOfAngles_AgreeWithTheLibrary()
    {
        Compare(ScalarMath.Sin, Math.Sin, -20, 20, 2);
        Compare(ScalarMath.Cos, Math.Cos, -20, 20, 2);
        Compare(ScalarMath.Sin, Math.Sin, -1_000_000, 1_000_000, 2);
        Compare(ScalarMath.Cos, Math.Cos, -1_000_000, 1_000_000, 2);
    }

    [Fact]
    public void TanhAndSigmoid_GridOfTheirRange_AgreeWithTheLibrary()
    {
        Compare(ScalarMath.Tanh, Math.Tanh, -1, 1, 3);
        Compare(ScalarMath.Tanh, Math.Tanh, -25, 25, 3);
        Compare(ScalarMath.Sigmoid, x => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x)), -700, 700, 3);
    }

    [Theory]
    [InlineData(0.75)]
    [InlineData(-1.5)]
    [InlineData(100)]
    [InlineData(1e-3)]
    public void Pow_GridOfBases_AgreesWithTheLibrary(double exponent)
    {
        Compare(x => ScalarMath.Pow(x, exponent), x => Math.Pow(x, exponent), 0.01, 1000, 3);
    }

    [Fact]
    public void Pow_BetaToTheStep_AgreesWithTheLibrary()
    {
        for (var step = 1; step < 20_000; step += 7)
            Assert.True(UnitsOff(ScalarMath.Pow(0.999, step), Math.Pow(0.999, step)) <= 3);
    }

    [Fact]
    public void Functions_SpecialValues_GiveTheSpecialResults()
    {
        Assert.Equal(0, ScalarMath.Exp(double.NegativeInfinity));
        Assert.Equal(double.PositiveInfinity, ScalarMath.Exp(710));
        Assert.Equal(double.Epsilon, ScalarMath.Exp(-744.5));
        Assert.Equal(double.NaN, ScalarMath.Exp(double.NaN));
        Assert.Equal(double.NegativeInfinity, ScalarMath.Log(0));
        Assert.Equal(double.NaN, ScalarMath.Log(-1));
        Assert.Equal(double.PositiveInfinity, ScalarMath.Log(double.PositiveInfinity));
        Assert.Equal(0, ScalarMath.Log(1));
        Assert.Equal(double.NaN, ScalarMath.Cos(double.NaN));
        Assert.Equal(1, ScalarMath.Cos(0));
        Assert.Equal((1, -1), (ScalarMath.Tanh(1000), ScalarMath.Tanh(-1000)));
        Assert.True(double.IsNegative(ScalarMath.Tanh(-0.0)));
        Assert.Equal((1, 0, 0.5), (ScalarMath.Sigmoid(800), ScalarMath.Sigmoid(-800), ScalarMath.Sigmoid(0)));
    }

    [Theory]
    [InlineData(0, 2, 0)]
    [InlineData(0, -2, double.PositiveInfinity)]
    [InlineData(0, 0, 1)]
    [InlineData(2, 10, 1024)]
    [InlineData(2, -1074, double.Epsilon)]
    [InlineData(2, 1024, double.PositiveInfinity)]
    [InlineData(0.5, double.PositiveInfinity, 0)]
    [InlineData(2, double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData(double.PositiveInfinity, -1, 0)]
    [InlineData(-8, 3, double.NaN)]
    [InlineData(double.NaN, 1, double.NaN)]
    public void Pow_SpecialValues_GiveTheSpecialResults(double x, double y, double expected) => Assert.Equal(expected, ScalarMath.Pow(x, y));

    [Theory]
    [InlineData(2_000_000)]
    [InlineData(double.PositiveInfinity)]
    public void Cos_AngleTooLarge_Throws(double angle) => Assert.Throws<ArgumentOutOfRangeException>(() => ScalarMath.Cos(angle));

    private static void Compare(Func<double, double> actual, Func<double, double> expected, double from, double to, double units)
    {
        const int Points = 200_003;
        var (worst, at) = (0.0, 0.0);
        for (var i = 0; i <= Points; i++)
        {
            var x = from + (to - from) * i / Points;
            var off = UnitsOff(actual(x), expected(x));
            if (off > worst)
                (worst, at) = (off, x);
        }
        Assert.True(worst <= units, $"{worst} units off at {at:r}.");
    }

    private static double UnitsOff(double actual, double expected) =>
        actual == expected ? 0 : Math.Abs(actual - expected) / Math.ScaleB(1, Math.Max(-1074, Math.ILogB(expected) - 52));
}
