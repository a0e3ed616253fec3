using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>BLEU against the values of sacrebleu's own tests.</summary>
public sealed class BleuTests
{
    [Fact]
    public void Score_CorpusWithTwoReferences_IsSacrebleus()
    {
        string[] translations = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];
        string[] first = ["The dog bit the man.", "It was not unexpected.", "The man bit him first."];
        string[] second = ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."];
        var counts = new long[BleuCounts.Count];
        for (var i = 0; i < translations.Length; i++)
            new BleuCounts(counts).Add(translations[i].Split(' '), [first[i].Split(' '), second[i].Split(' ')]);
        Assert.Equal(49.1919566, new BleuCounts(counts).Score, 1e-7);
    }

    [Fact]
    public void Add_CharactersOfASentence_CountsNGramsAsSacrebleu()
    {
        var counts = new long[BleuCounts.Count];
        new BleuCounts(counts).Add("am I am a character sequence".Split(' '), ["I am a symbol string sequence a a".Split(' ')]);
        Assert.Equal([4, 2, 1, 0, 6, 5, 4, 3, 6, 8], counts);
    }

    [Theory]
    [InlineData(83.75922397, 9, 7, 5, 3, 10, 8, 6, 4, 11, 11)]
    [InlineData(0, 0, 0, 0, 0, 4, 4, 2, 1, 0, 1)]
    [InlineData(0, 0, 0, 0, 0, 10, 11, 12, 0, 14, 10)]
    [InlineData(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    [InlineData(100, 4, 3, 2, 1, 4, 3, 2, 1, 4, 4)]
    public void Score_OfCounts_IsSacrebleus(double expected, params int[] numbers) => Assert.Equal(expected, new BleuCounts([.. numbers.Select(number => (long)number)]).Score, 1e-7);

    [Fact]
    public void Score_OrderWithoutAMatch_IsSmoothed()
    {
        // Halved once for the first empty order: 100 / (2 * 3).
        var expected = Math.Exp((Math.Log(100 * 6 / 6.0) + Math.Log(100 * 5 / 5.0) + Math.Log(100 * 4 / 4.0) + Math.Log(100 / (2.0 * 3))) / 4);
        Assert.Equal(expected, new BleuCounts(new long[] { 6, 5, 4, 0, 6, 5, 4, 3, 6, 6 }).Score, 1e-9);
    }

    [Fact]
    public void Add_ReferencesOfDifferentLengths_TakesTheNearestAndTheShorterOfEquals()
    {
        var counts = new long[BleuCounts.Count];
        new BleuCounts(counts).Add(["a", "b", "c"], [["a"], ["a", "b", "c", "d"], ["a", "b"]]);
        Assert.Equal(2, counts[^1]);
    }
}
