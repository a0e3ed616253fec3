using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.012345, "0.01235")]
    [InlineData(-0.5, "-0.5000")]
    [InlineData(1, "1.000")]
    [InlineData(17.6189, "17.62")]
    [InlineData(999.94, "999.9")]
    [InlineData(12345.6, "12,346")]
    [InlineData(0.0000123, "1.23e-5")]
    [InlineData(double.NaN, "-")]
    [InlineData(double.PositiveInfinity, "-")]
    public void Metric_Value_HasFourDigits(double value, string expected) => Assert.Equal(expected, Figures.Metric(value));

    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(9.94, "9.9 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(59.6, "1 min 00 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(7620, "2 h 07 min")]
    [InlineData(double.NaN, "-")]
    public void Seconds_Duration_IsReadable(double seconds, string expected) => Assert.Equal(expected, Figures.Seconds(seconds));

    [Theory]
    [InlineData(950, "950")]
    [InlineData(12_345, "12.3 k")]
    [InlineData(4_560_000, "4.56 M")]
    public void Rate_Value_HasItsPrefix(double value, string expected) => Assert.Equal(expected, Figures.Rate(value));

    [Theory]
    [InlineData(812, "812 B")]
    [InlineData(12_300, "12.3 KB")]
    [InlineData(4_560_000, "4.6 MB")]
    [InlineData(1_200_000_000, "1.20 GB")]
    public void Bytes_Value_HasItsUnit(long value, string expected) => Assert.Equal(expected, Figures.Bytes(value));
}
