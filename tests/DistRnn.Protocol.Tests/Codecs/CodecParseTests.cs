using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

public sealed class CodecParseTests
{
    [Fact]
    public void Parse_OfTopKAlone_HasTheFractionOfTheAllowedList() => Assert.Equal("top-k(0.01)", Codec.Parse("top-k").ToString());

    [Theory]
    [InlineData("fp8", "no codec")]
    [InlineData("", "no codec")]
    [InlineData("BF16", "no codec")]
    [InlineData("int8(4)", "takes none")]
    [InlineData("top-k(0.1,2)", "takes one")]
    [InlineData("top-k(0)", "above 0 and at most 1")]
    [InlineData("top-k(1.5)", "above 0 and at most 1")]
    [InlineData("top-k(many)", "above 0 and at most 1")]
    [InlineData("top-k(0.1", "brackets")]
    public void Parse_OfAnythingElse_IsRefusedWithTheKeyAndWhatIsAllowed(string text, string words)
    {
        var message = Assert.Throws<InvalidInputException>(() => Codec.Parse(text)).Message;
        Assert.Contains("cluster.codec", message, StringComparison.Ordinal);
        Assert.Contains(words, message, StringComparison.Ordinal);
        if (!words.StartsWith("above", StringComparison.Ordinal))
            Assert.Contains(Codec.Allowed, message, StringComparison.Ordinal);
    }
}
