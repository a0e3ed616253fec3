using Xunit;

namespace DistRnn.Data.Tests;

public sealed class VocabularyTests
{
    [Theory]
    [InlineData("\n", @"\n")]
    [InlineData("\ufeff", @"\ufeff")]
    [InlineData("a\\b", @"a\\b")]
    [InlineData("\u0001", @"\u0001")]
    [InlineData("plain", "plain")]
    public void Escape_ThenUnescape_GivesTheTokenBack(string token, string escaped)
    {
        Assert.Equal(escaped, Vocabulary.Escape(token));
        Assert.Equal(token, Vocabulary.Unescape(escaped));
    }

    [Fact]
    public void Read_AnotherProgramsList_NeedsNoCounts()
    {
        var vocabulary = Vocabulary.Read(Given.Text("<unk>\nthe\nC:\\Program\n"));
        Assert.Equal(["<unk>", "the", "C:\\Program"], vocabulary.Tokens);
        Assert.Equal([0, 0, 0], vocabulary.Counts);
        Assert.Equal((1, -1), (vocabulary.IdOf("the"), vocabulary.IdOf("of")));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("a\nb\na\n", "line 3: the token \"a\" already stands in line 1")]
    [InlineData("a\tx\n", "line 1: \"x\" is not a count")]
    [InlineData("a\n\nb\n", "line 2: there is no token")]
    public void Read_MalformedFile_NamesTheLine(string text, string expected) => Given.Error(() => Vocabulary.Read(Given.Text(text)), "data.txt", expected);
}
