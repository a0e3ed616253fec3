using Xunit;

namespace DistRnn.Protocol.Tests;

public sealed class TermsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(999_999)]
    [InlineData(4_000_017)]
    [InlineData(Terms.Max)]
    public void Above_IsOfTheNextRound(long term)
    {
        var above = Terms.Above(term, ServerHarness.Head);
        Assert.Equal(term / Terms.PerRound + 1, above / Terms.PerRound);
        Assert.True(Terms.FirstOwnerEpoch(above) / Terms.OwnerEpochs == above);
    }

    [Fact]
    public void Above_OfManyNodesAndLives_IsAnotherOneForEach()
    {
        var terms = new[] { "node1:4053", "node2:4053", "10.0.0.7:4053", "10.0.0.8:4053", "coordinator-a" }
            .SelectMany(address => Enumerable.Range(1, 40).Select(life => Terms.Above(0, new NodeId(address, life)))).ToArray();
        Assert.Distinct(terms);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Terms.Max + 1)]
    public void Above_WhatIsNoTerm_IsRefused(long term) => Assert.Throws<ArgumentOutOfRangeException>(() => Terms.Above(term, ServerHarness.Head));

    [Fact]
    public void Show_HasTheRoundAndTheCoordinator() => Assert.Equal("12.000345", Terms.Show(12_000_345));
}
