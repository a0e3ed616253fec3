using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The ids of a long text, packed: 1 byte each up to 256 tokens, 2 up to 65,536, else 4. Immutable.</summary>
internal sealed class TokenStream
{
    /// <summary>The most tokens of one stream: what one array holds.</summary>
    public static readonly long MaxTokens = Array.MaxLength;

    private readonly byte[]? _bytes;
    private readonly ushort[]? _shorts;
    private readonly int[]? _ints;

    private TokenStream(byte[]? bytes, ushort[]? shorts, int[]? ints) => (_bytes, _shorts, _ints) = (bytes, shorts, ints);

    public long Length => _bytes?.Length ?? _shorts?.Length ?? _ints!.Length;

    /// <summary>Writes consecutive ids.</summary>
    public void CopyTo(long start, Span<int> ids)
    {
        var first = checked((int)start);
        if (_bytes is not null)
            Widen(_bytes.AsSpan(first, ids.Length), ids);
        else if (_shorts is not null)
            Widen(_shorts.AsSpan(first, ids.Length), ids);
        else
            _ints.AsSpan(first, ids.Length).CopyTo(ids);
    }

    public void AddTo(ContentDigest digest)
    {
        if (_bytes is not null)
            digest.Add<byte>(_bytes);
        else if (_shorts is not null)
            digest.Add<ushort>(_shorts);
        else
            digest.Add<int>(_ints);
    }

    /// <summary>Packs a range of what was read.</summary>
    /// <param name="read">Provisional numbers.</param>
    /// <param name="start">The first.</param>
    /// <param name="length">How many.</param>
    /// <param name="map">The id of each number.</param>
    /// <param name="vocabularySize">How many ids there are.</param>
    public static TokenStream Pack(TokenChunks read, long start, long length, ReadOnlySpan<int> map, int vocabularySize)
    {
        var bytes = vocabularySize <= 1 << 8 ? new byte[length] : null;
        var shorts = bytes is null && vocabularySize <= 1 << 16 ? new ushort[length] : null;
        var ints = bytes is null && shorts is null ? new int[length] : null;
        var block = new int[1 << 14];
        for (long done = 0; done < length;)
        {
            var count = (int)Math.Min(block.Length, length - done);
            read.CopyTo(start + done, block.AsSpan(0, count));
            for (var i = 0; i < count; i++)
            {
                var id = map[block[i]];
                if (bytes is not null)
                    bytes[done + i] = (byte)id;
                else if (shorts is not null)
                    shorts[done + i] = (ushort)id;
                else
                    ints![done + i] = id;
            }
            done += count;
        }
        return new TokenStream(bytes, shorts, ints);
    }

    internal static void Widen(ReadOnlySpan<byte> source, Span<int> ids)
    {
        for (var i = 0; i < source.Length; i++)
            ids[i] = source[i];
    }

    internal static void Widen(ReadOnlySpan<ushort> source, Span<int> ids)
    {
        for (var i = 0; i < source.Length; i++)
            ids[i] = source[i];
    }
}

/// <summary>
/// Provisional numbers as they are read, in chunks, each as narrow as its largest number allows: numbers are given in the order first seen, so a text of
/// characters takes one byte a token.
/// </summary>
internal sealed class TokenChunks(string name)
{
    private const int ChunkTokens = 1 << 18;

    private readonly List<Array> _chunks = [];
    private readonly int[] _filling = new int[ChunkTokens];
    private int _filled;

    public long Length => (long)_chunks.Count * ChunkTokens + _filled;

    public void Add(List<int> numbers)
    {
        foreach (var number in numbers)
            Add(number);
    }

    public void Add(int number)
    {
        _filling[_filled++] = number;
        if (_filled < ChunkTokens)
            return;
        if (Length > TokenStream.MaxTokens)
            throw new InvalidInputException($"{name} has more than {TokenStream.MaxTokens} tokens, which is as many as one file may have.");
        _chunks.Add(Narrow(_filling));
        _filled = 0;
    }

    public void CopyTo(long start, Span<int> numbers)
    {
        while (numbers.Length > 0)
        {
            var (chunk, offset) = ((int)(start / ChunkTokens), (int)(start % ChunkTokens));
            var array = chunk < _chunks.Count ? _chunks[chunk] : _filling;
            var count = Math.Min(numbers.Length, ChunkTokens - offset);
            switch (array)
            {
                case byte[] bytes:
                    TokenStream.Widen(bytes.AsSpan(offset, count), numbers);
                    break;
                case ushort[] shorts:
                    TokenStream.Widen(shorts.AsSpan(offset, count), numbers);
                    break;
                case int[] ints:
                    ints.AsSpan(offset, count).CopyTo(numbers);
                    break;
            }
            start += count;
            numbers = numbers[count..];
        }
    }

    /// <summary>How often each number occurs in a range.</summary>
    public long[] Counts(long start, long length, int numbers)
    {
        var counts = new long[numbers];
        var block = new int[1 << 14];
        for (long done = 0; done < length;)
        {
            var count = (int)Math.Min(block.Length, length - done);
            CopyTo(start + done, block.AsSpan(0, count));
            foreach (var number in block.AsSpan(0, count))
                counts[number]++;
            done += count;
        }
        return counts;
    }

    private static Array Narrow(int[] numbers)
    {
        var largest = 0;
        foreach (var number in numbers)
            largest = Math.Max(largest, number);
        if (largest > ushort.MaxValue)
            return (int[])numbers.Clone();
        if (largest > byte.MaxValue)
            return Array.ConvertAll(numbers, static number => (ushort)number);
        return Array.ConvertAll(numbers, static number => (byte)number);
    }
}
