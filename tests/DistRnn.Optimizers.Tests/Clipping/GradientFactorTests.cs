using Xunit;

namespace DistRnn.Optimizers.Tests;

public sealed class GradientFactorTests
{
    [Fact]
    public void Of_WithoutClipping_IsTheReciprocalOfTheCount()
    {
        var factor = GradientFactor.Of(49, 700, null);
        Assert.Equal(1f / 700, factor.Value);
        Assert.Equal(0.01, factor.Norm, 15);
        Assert.True(factor.IsFinite);
    }

    [Fact]
    public void Of_ANormBelowTheClip_IsTheReciprocalOfTheCount() => Assert.Equal((float)(1.0 / 3), GradientFactor.Of(2.25, 3, 1).Value);

    [Fact]
    public void Of_ANormAboveTheClip_IsTheFormulaRoundedOnce() =>
        Assert.Equal((float)(5 / (100.0 / 20 * 7 + 1e-6) / 20), GradientFactor.Of(700.0 * 700, 20, 5).Value);

    [Fact]
    public void Of_TorchsExample_ClipsAsClipGradNormDoes()
    {
        // clip_grad_norm_ of [3, -4, 12, 0] / 7 to 1 gives the first.
        var factor = GradientFactor.Of(169, 7, 1);
        Assert.Equal(0.2307691065089427, 3 * (double)factor.Value, 7);
        Assert.Equal(13.0 / 7, factor.Norm, 15);
    }

    [Fact]
    public void Of_AZeroGradient_DividesByTheCountOnly() => Assert.Equal(new GradientFactor(0.25f, 0, true), GradientFactor.Of(0, 4, 5));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Of_ANormThatIsNotFinite_SaysSo(double squaredNorm)
    {
        foreach (double? clip in new double?[] { null, 1 })
        {
            var factor = GradientFactor.Of(squaredNorm, 4, clip);
            Assert.False(factor.IsFinite);
            Assert.Equal(0, factor.Value);
        }
    }

    [Fact]
    public void Of_ImpossibleArguments_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientFactor.Of(1, 0, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientFactor.Of(1, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientFactor.Of(1, 1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => GradientFactor.Of(-1, 1, null));
    }
}
