using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class SeedRangeTests
{
    [Theory]
    [InlineData("1..3", 1, 3)]
    [InlineData("7", 7, 7)]
    [InlineData("0..0", 0, 0)]
    public void Parse_Range_HasBothEnds(string text, ulong first, ulong last)
    {
        var range = SeedRange.Parse(text);
        Assert.Equal(first, range.Seeds.First());
        Assert.Equal(last, range.Seeds.Last());
        Assert.Equal(range.Count, range.Seeds.Count());
    }

    [Theory]
    [InlineData("3..1")]
    [InlineData("a..b")]
    [InlineData("-1..2")]
    [InlineData("1..2..3")]
    [InlineData("1...3")]
    [InlineData("")]
    [InlineData("0..18446744073709551615")]
    public void Parse_AnythingElse_IsRefusedByName(string text)
    {
        var error = Assert.Throws<InvalidInputException>(() => SeedRange.Parse(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Seeds_AtTheEndOfTheRange_End() =>
        Assert.Equal([ulong.MaxValue - 1, ulong.MaxValue], SeedRange.Parse("18446744073709551614..18446744073709551615").Seeds);
}
