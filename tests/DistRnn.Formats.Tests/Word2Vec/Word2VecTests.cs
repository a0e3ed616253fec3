using System.Text;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Formats.Tests;

public sealed class Word2VecTests
{
    private static readonly Word2VecVectors s_vectors = new(["the", "café", "日本", "0.5"], 3, [1, -0.1f, 3e-30f, 0, float.Epsilon, 1f / 3, 16777216, -2.5f, float.MaxValue, 7, 8, 9]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parse_WhatWasWritten_IsTheSameToTheBit(bool isBinary)
    {
        var read = Word2VecReader.Parse(BytesOf(isBinary), "v");

        Assert.Equal(s_vectors.Words, read.Words);
        Assert.Equal(3, read.Dimensions);
        Assert.Equal(s_vectors.Values, read.Values);
        Assert.Equal([0, float.Epsilon, 1f / 3], read.VectorOf(1).ToArray());
    }

    [Fact]
    public void Write_Text_IsThatOfWord2Vec() =>
        Assert.StartsWith("4 3\nthe 1 -0.1 3E-30\ncafé 0 ", Encoding.UTF8.GetString(BytesOf(isBinary: false)), StringComparison.Ordinal);

    [Fact]
    public void Write_Binary_IsThatOfWord2Vec()
    {
        using var stream = new MemoryStream();
        Word2VecWriter.Write(stream, new Word2VecVectors(["a", "b"], 1, [1, 2]), isBinary: true);

        Assert.Equal((byte[])[.. "2 1\na "u8, 0, 0, 0x80, 0x3f, (byte)'\n', .. "b "u8, 0, 0, 0, 0x40, (byte)'\n'], stream.ToArray());
    }

    [Fact]
    public void Parse_BinaryWithoutLineFeeds_IsReadToo()
    {
        var read = Word2VecReader.Parse([.. "2 1\na "u8, 0, 0, 0x80, 0x3f, .. "b "u8, 0, 0, 0, 0x40], "v");

        Assert.Equal(["a", "b"], read.Words);
        Assert.Equal([1f, 2f], read.Values);
    }

    [Fact]
    public void Parse_TextWithoutAFirstLine_IsReadToo()
    {
        var read = Word2VecReader.Parse("a 1 2\nb 3 4\n"u8, "v");

        Assert.Equal(["a", "b"], read.Words);
        Assert.Equal([1f, 2, 3, 4], read.Values);
    }

    [Fact]
    public void Parse_BinaryCutShortAnywhere_IsRefused()
    {
        var binary = BytesOf(isBinary: true);
        for (var length = "4 3\n".Length; length < binary.Length - 1; length++)
        {
            var cut = binary[..length];
            Assert.Throws<InvalidInputException>(() => Word2VecReader.Parse(cut, "v"));
        }
    }

    [Theory]
    [InlineData("", "has no vectors")]
    [InlineData("2 2\na 1 2\n", "says that it has 2 words, but has 1")]
    [InlineData("2 2\na 1 2\nb 1\n", "line 3: there are 2 cells")]
    [InlineData("2 2\na 1 2\nb 1 x\n", "line 3: 'x' is no finite number")]
    [InlineData("2 2\na 1 2\nb 1 NaN\n", "line 3: 'NaN' is no finite number")]
    [InlineData("999999999 999999999\n", "together at most")]
    [InlineData("99999 9999\na 1\n", "bytes")]
    [InlineData("0 3\n", "both from 1")]
    public void Parse_WhatIsNoSuchFile_IsRefusedWithTheReason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidInputException>(() => Word2VecReader.Parse(Encoding.UTF8.GetBytes(text), "v")).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_ANumberThatIsNotFinite_IsRefused() =>
        Assert.Throws<InvalidInputException>(() => Word2VecReader.Parse([.. "1 1\na "u8, 0, 0, 0xc0, 0x7f], "v"));

    [Fact]
    public void Read_NoFile_IsRefused() => Assert.Throws<InvalidInputException>(() => Word2VecReader.Read("no-such-file.bin"));

    [Fact]
    public void Write_AWordWithABlank_IsTheCallersError() =>
        Assert.Throws<ArgumentException>(() => Word2VecWriter.Write(Stream.Null, new Word2VecVectors(["a b"], 1, [1]), isBinary: false));

    private static byte[] BytesOf(bool isBinary)
    {
        using var stream = new MemoryStream();
        Word2VecWriter.Write(stream, s_vectors, isBinary);
        return stream.ToArray();
    }
}
