using Xunit;

namespace DistRnn.Data.Tests;

/// <summary>Spans as conlleval counts them; the expected counts follow from its rules by hand.</summary>
public sealed class ConllSpansTests
{
    private static readonly string[] s_labels = ["O", "B-a", "I-a", "B-b", "I-b"];

    [Theory]
    [InlineData("O O O", "O O O", 0, 0, 0)]
    [InlineData("B-a I-a O", "B-a I-a O", 1, 1, 1)]
    [InlineData("B-a I-a O", "B-a O O", 1, 1, 0)]
    [InlineData("B-a I-a O", "B-a I-a I-a", 1, 1, 0)]
    [InlineData("B-a I-a", "I-a I-a", 1, 1, 1)]
    [InlineData("B-a B-a", "B-a I-a", 2, 1, 0)]
    [InlineData("B-a I-b", "B-a I-b", 2, 2, 2)]
    [InlineData("B-a I-a", "B-b I-b", 1, 1, 0)]
    [InlineData("B-a I-a", "B-a I-b", 1, 2, 0)]
    [InlineData("O B-a I-a", "O B-a I-a", 1, 1, 1)]
    [InlineData("B-a B-b B-a", "B-a O B-a", 3, 2, 2)]
    [InlineData("I-a I-a B-a", "B-a I-a B-a", 2, 2, 2)]
    [InlineData("B-a I-a I-a", "B-a B-a I-a", 1, 2, 0)]
    public void Count_SequenceOfTags_IsAsConllevalSays(string gold, string predicted, long goldSpans, long predictedSpans, long correct) =>
        Assert.Equal(new SpanCounts(goldSpans, predictedSpans, correct), new ConllSpans([.. s_labels]).Count(Ids(gold), Ids(predicted)));

    [Fact]
    public void F1_OfCounts_IsTheHarmonicMean()
    {
        var counts = new SpanCounts(4, 2, 1) + new SpanCounts(0, 0, 0);
        Assert.Equal((0.5, 0.25), (counts.Precision, counts.Recall));
        Assert.Equal(2 * 0.5 * 0.25 / 0.75, counts.F1, 15);
        Assert.Equal(0, default(SpanCounts).F1);
    }

    [Theory]
    [InlineData(true, "O", "B-x", "I-x")]
    [InlineData(true, "B-x")]
    [InlineData(false, "O")]
    [InlineData(false, "O", "NOUN")]
    [InlineData(false, "B-x", "B-")]
    public void AreSpanLabels_OnlyBioTags_AreSpans(bool expected, params string[] labels) => Assert.Equal(expected, ConllSpans.AreSpanLabels([.. labels]));

    [Fact]
    public void Count_DifferentLengths_Throws() => Assert.Throws<ArgumentException>(() => new ConllSpans([.. s_labels]).Count([0], [0, 0]));

    private static int[] Ids(string labels) => [.. labels.Split(' ').Select(label => Array.IndexOf(s_labels, label))];
}
