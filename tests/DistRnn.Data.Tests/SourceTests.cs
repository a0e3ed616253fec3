using System.Text;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

/// <summary>What every reader has in common: files, bytes, lines.</summary>
public sealed class SourceTests
{
    [Fact]
    public void Load_MissingFile_NamesIt() =>
        Given.Error(new LanguageModelDataOptions { Train = TextSource.FromFile(Path.Combine(Path.GetTempPath(), "no-such-file.txt")) }, "no-such-file.txt does not exist");

    [Fact]
    public void Load_DirectoryInsteadOfFile_SaysSo()
    {
        using var directory = new TemporaryDirectory();
        Given.Error(new LanguageModelDataOptions { Train = TextSource.FromFile(directory.Root) }, directory.Root, "is a directory");
    }

    [Fact]
    public void Load_FileInsteadOfDirectory_SaysSo()
    {
        using var directory = new TemporaryDirectory();
        var options = new ClassificationDataOptions { Train = directory.Write("a.txt", "x"), Format = ClassificationFormat.Directory };
        Given.Error(options, "a.txt is a file", "directory");
    }

    [Theory]
    [InlineData(TokenKind.Word)]
    [InlineData(TokenKind.Char)]
    public void Load_InvalidUtf8_NamesLineAndOffset(TokenKind tokens)
    {
        byte[] bytes = [.. "good\nbad "u8, 0xE4, .. " text\n"u8];
        var options = new LanguageModelDataOptions { Train = TextSource.FromBytes("latin1.txt", bytes), Tokens = tokens };
        Given.Error(options, "latin1.txt, line 2", "0xe4", "offset 9", "UTF-8");
    }

    [Fact]
    public void Load_Utf8CutShortAtTheEnd_IsInvalid() =>
        Given.Error(new LanguageModelDataOptions { Train = TextSource.FromBytes("cut.txt", [.. "abc"u8, 0xC3]) }, "cut.txt, line 1", "offset 3");

    [Fact]
    public void Load_InvalidUtf8FarIntoAFile_NamesItsOffset()
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("äöü\n", 30000)));
        bytes[140001] = 0xFF;
        var options = new LanguageModelDataOptions { Train = TextSource.FromBytes("far.txt", bytes), Tokens = TokenKind.Char };
        var message = Assert.Throws<InvalidInputException>(() => TaskData.Load(options, 1)).Message;
        Assert.Contains("line 20001:", message, StringComparison.Ordinal);
        Assert.Matches("offset 14000[01] ", message);
    }

    [Fact]
    public void ReadBytes_InvalidUtf8_IsFineAsBytes()
    {
        var data = Given.Load<LanguageModelData>(new LanguageModelDataOptions { Train = TextSource.FromBytes("bytes", [0xFF, 0x00, 0xFF]), Tokens = TokenKind.Byte });
        Assert.Equal([0xFF, 0x00], Given.Shard(data.CreateTrainingPlan(1, 1, 1, 5), 0).Tokens(0).ToArray());
    }

    [Fact]
    public void TryRead_CrLfAndBom_AreNotInTheLines()
    {
        using var lines = new LineReader(Given.Text("\ufeffone\r\ntwo\n\r\nfour"));
        var read = new List<string>();
        while (lines.TryRead(out var line))
            read.Add(line.ToString());
        Assert.Equal(["one", "two", "", "four"], read);
    }

    [Fact]
    public void Decode_MultiByteCharactersAcrossBlocks_AreWhole()
    {
        var text = string.Concat(Enumerable.Range(0, 50000).Select(i => i % 3 == 0 ? "ä" : i % 3 == 1 ? "€" : "😀"));
        using var reader = new SourceReader(Given.Text(text));
        Assert.Equal(text, reader.ReadToEnd());
    }

    [Fact]
    public void Files_AfterLoading_HaveSizeAndSha256()
    {
        var file = Assert.Single(TaskData.Load(Given.Stream("abc"), 1).Files);
        Assert.Equal(new SourceFile("data.txt", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), file);
    }

    [Fact]
    public void Progress_OfALongFile_EndsAtItsSize()
    {
        var seen = new List<DataProgress>();
        TaskData.Load(Given.Stream(new string('a', 3 << 20)), 1, new Collector(seen));
        Assert.True(seen.Count >= 3);
        Assert.Equal(new DataProgress("data.txt", 3 << 20, 3 << 20), seen[^1]);
    }

    private sealed class Collector(List<DataProgress> seen) : IProgress<DataProgress>
    {
        public void Report(DataProgress value) => seen.Add(value);
    }
}
