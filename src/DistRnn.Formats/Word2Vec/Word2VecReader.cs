using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Formats;

/// <summary>
/// Reads the text and binary files of word2vec (<see cref="Word2VecWriter"/> says what they hold), telling them apart by their content. A text file may lack
/// its first line, as those of GloVe do; a binary one may lack the line feeds.
/// </summary>
public static class Word2VecReader
{
    /// <summary>The longest word in bytes.</summary>
    public const int MaxWordBytes = 1 << 12;

    private const long MaxFloats = 1 << 30;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It cannot be read or is not such a file; the message says where.</exception>
    public static Word2VecVectors Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be read: {error.Message}", error);
        }
        return Parse(bytes, path);
    }

    /// <summary>Reads a file's content.</summary>
    /// <param name="bytes">The content.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InvalidInputException">It is not such a file; the message says where.</exception>
    public static Word2VecVectors Parse(ReadOnlySpan<byte> bytes, string name)
    {
        var end = bytes.IndexOf((byte)'\n');
        var header = end is < 0 or > 64 ? [] : Encoding.UTF8.GetString(bytes[..end]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (header.Length != 2 || !TryCount(header[0], out var words) || !TryCount(header[1], out var dimensions))
            return ParseText(bytes, name, null);
        if (words < 1 || dimensions < 1 || words * dimensions > MaxFloats)
            throw new InvalidInputException($"{name} says that it has {words} words of {dimensions} dimensions; allowed are both from 1 and together at most {MaxFloats} numbers.");
        if (words > bytes.Length || dimensions > bytes.Length)
            throw new InvalidInputException($"{name} says that it has {words} words of {dimensions} dimensions, but has {bytes.Length} bytes.");
        var rest = bytes[(end + 1)..];
        return IsText(rest, (int)dimensions) ? ParseText(rest, name, ((int)words, (int)dimensions)) : ParseBinary(rest, name, (int)words, (int)dimensions);
    }

    private static bool TryCount(string text, out long count) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count < int.MaxValue;

    private static bool IsText(ReadOnlySpan<byte> bytes, int dimensions)
    {
        var end = bytes.IndexOf((byte)'\n');
        var line = end < 0 ? bytes : bytes[..end];
        if (line.Length > dimensions * 64 + MaxWordBytes)
            return false;
        var cells = Encoding.UTF8.GetString(line).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return cells.Length == dimensions + 1 && cells.Skip(1).All(cell => float.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
    }

    private static Word2VecVectors ParseText(ReadOnlySpan<byte> bytes, string name, (int Words, int Dimensions)? header)
    {
        var words = ImmutableArray.CreateBuilder<string>();
        var values = new List<float>();
        var (dimensions, line) = (header?.Dimensions ?? 0, header is null ? 0L : 1L);
        while (!bytes.IsEmpty)
        {
            line++;
            var end = bytes.IndexOf((byte)'\n');
            var cells = TextOf(end < 0 ? bytes : bytes[..end], name, line).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            bytes = end < 0 ? [] : bytes[(end + 1)..];
            if (cells.Length == 0)
                continue;
            if (dimensions == 0)
                dimensions = cells.Length - 1;
            if (cells.Length != dimensions + 1 || dimensions == 0)
                throw new InvalidInputException($"{name}, line {line}: there are {cells.Length} cells; a word and {Math.Max(1, dimensions)} numbers are expected.");
            words.Add(cells[0]);
            foreach (var cell in cells.AsSpan(1))
            {
                if (!float.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !float.IsFinite(value))
                    throw new InvalidInputException($"{name}, line {line}: '{(cell.Length > 40 ? cell[..40] + "..." : cell)}' is no finite number.");
                values.Add(value);
            }
        }
        if (words.Count == 0)
            throw new InvalidInputException($"{name} has no vectors; a line is a word and its numbers.");
        if (header is { } said && said.Words != words.Count)
            throw new InvalidInputException($"{name} says that it has {said.Words} words, but has {words.Count}.");
        return new Word2VecVectors(words.ToImmutable(), dimensions, [.. values]);
    }

    private static Word2VecVectors ParseBinary(ReadOnlySpan<byte> bytes, string name, int count, int dimensions)
    {
        if ((long)count * (dimensions * sizeof(float) + 2L) > bytes.Length + 1)
            throw new InvalidInputException($"{name} says that it has {count} words of {dimensions} dimensions, but ends too early for that.");
        var words = ImmutableArray.CreateBuilder<string>(count);
        var values = new float[(long)count * dimensions];
        for (var i = 0; i < count; i++)
        {
            while (!bytes.IsEmpty && bytes[0] == (byte)'\n')
                bytes = bytes[1..];
            var blank = bytes[..Math.Min(bytes.Length, MaxWordBytes)].IndexOf((byte)' ');
            if (blank < 1 || bytes.Length - blank - 1 < dimensions * sizeof(float))
                throw new InvalidInputException($"{name}: word {i + 1} of {count} is not there: a word, a blank and {dimensions} floats are expected.");
            words.Add(TextOf(bytes[..blank], name, i + 2));
            bytes = bytes[(blank + 1)..];
            for (var j = 0; j < dimensions; j++)
            {
                var value = BinaryPrimitives.ReadSingleLittleEndian(bytes[(j * sizeof(float))..]);
                if (!float.IsFinite(value))
                    throw new InvalidInputException($"{name}: number {j + 1} of the word '{words[i]}' is not finite.");
                values[(long)i * dimensions + j] = value;
            }
            bytes = bytes[(dimensions * sizeof(float))..];
        }
        return new Word2VecVectors(words.MoveToImmutable(), dimensions, values);
    }

    private static string TextOf(ReadOnlySpan<byte> bytes, string name, long line)
    {
        try
        {
            return new UTF8Encoding(false, true).GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{name}, line {line}: this is not UTF-8 text.", error);
        }
    }
}
