using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace DistRnn.Formats;

/// <summary>
/// Writes vectors as word2vec.c does, so that gensim and others read them: a line with the number of words and of dimensions, and then for each word
/// the word, a blank, its floats, and a line feed. The text form has each float as the shortest decimal that reads back to it, with a blank before the
/// next; the binary form has them in little-endian float32.
/// </summary>
public static class Word2VecWriter
{
    private const int FlushBytes = 1 << 16;

    /// <summary>Writes all vectors.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="vectors">The vectors.</param>
    /// <param name="isBinary">Whether the form is binary.</param>
    /// <exception cref="ArgumentException">A word is empty or has white space in it, or the vectors' count is not that of the words.</exception>
    public static void Write(Stream stream, Word2VecVectors vectors, bool isBinary)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(vectors);
        if (vectors.Values.Length != (long)vectors.Words.Length * vectors.Dimensions)
            throw new ArgumentException($"There are {vectors.Values.Length} floats for {vectors.Words.Length} words of {vectors.Dimensions}.", nameof(vectors));
        using var buffer = new MemoryStream();
        buffer.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{vectors.Words.Length} {vectors.Dimensions}\n")));
        for (var i = 0; i < vectors.Words.Length; i++)
        {
            var word = vectors.Words[i];
            if (word.Length == 0 || word.Any(char.IsWhiteSpace))
                throw new ArgumentException($"The word '{word}' is empty or has white space in it, which the format cannot say.", nameof(vectors));
            buffer.Write(Encoding.UTF8.GetBytes(word + " "));
            if (isBinary)
                WriteBinary(buffer, vectors.VectorOf(i));
            else
                buffer.Write(Encoding.UTF8.GetBytes(TextOf(vectors.VectorOf(i))));
            buffer.WriteByte((byte)'\n');
            if (buffer.Length < FlushBytes && i < vectors.Words.Length - 1)
                continue;
            buffer.WriteTo(stream);
            buffer.SetLength(0);
        }
        buffer.WriteTo(stream);
    }

    private static void WriteBinary(Stream stream, ReadOnlySpan<float> values)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }

    private static string TextOf(ReadOnlySpan<float> values)
    {
        var text = new StringBuilder();
        foreach (var value in values)
            text.Append(text.Length > 0 ? " " : "").Append(value.ToString("R", CultureInfo.InvariantCulture));
        return text.ToString();
    }
}
