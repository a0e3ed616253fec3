using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using DistRnn.Models;

namespace DistRnn.Training;

/// <summary>
/// The bytes of an <see cref="EvaluationPiece"/>, little-endian: version, kind and two zeros; first shard, shards, shards in all, counts and sums a shard as
/// int32; a shard's loss (float64), targets, sequences and correct ones (int64), for each; the counts (int64); the sums (float64), shard by shard.
/// </summary>
internal static class EvaluationPieceFormat
{
    private const byte Version = 1;
    private const int HeaderBytes = 24;
    private const int ResultBytes = 32;

    /// <summary>The largest count that is believed: sums of as many pieces as there can be shards stay far from overflow.</summary>
    private const long CountMax = 1L << 40;

    /// <summary>The piece as bytes.</summary>
    public static byte[] Write(EvaluationPiece piece)
    {
        var bytes = new byte[BytesOf(piece.Shards, piece.Counts.Length, piece.SumsPerShard)];
        (bytes[0], bytes[1]) = (Version, (byte)piece.Kind);
        var rest = bytes.AsSpan(4);
        foreach (var number in (ReadOnlySpan<int>)[piece.FirstShard, piece.Shards, piece.TotalShards, piece.Counts.Length, piece.SumsPerShard])
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, number);
            rest = rest[sizeof(int)..];
        }
        foreach (var result in piece.Results)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(rest, result.Loss);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], result.Targets);
            BinaryPrimitives.WriteInt64LittleEndian(rest[16..], result.Sequences);
            BinaryPrimitives.WriteInt64LittleEndian(rest[24..], result.Correct);
            rest = rest[ResultBytes..];
        }
        foreach (var count in piece.Counts)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, count);
            rest = rest[sizeof(long)..];
        }
        for (var i = 0; i < piece.Shards * piece.SumsPerShard; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(rest, piece.SumOfShard(i / piece.SumsPerShard, i % piece.SumsPerShard));
            rest = rest[sizeof(double)..];
        }
        return bytes;
    }

    /// <summary>Reads a piece, or says in a sentence why the bytes are none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out EvaluationPiece? piece, [NotNullWhen(false)] out string? reason)
    {
        piece = null;
        reason = Refusal(bytes);
        if (reason is not null)
            return false;
        var shards = Header(bytes, 1);
        var read = new EvaluationPiece((FigureKind)bytes[1], Header(bytes, 0), Header(bytes, 2), Header(bytes, 3), Header(bytes, 4));
        var rest = bytes[HeaderBytes..];
        for (var shard = 0; shard < shards; shard++)
        {
            var (loss, targets) = (BinaryPrimitives.ReadDoubleLittleEndian(rest), Long(rest, 1));
            var (sequences, correct) = (Long(rest, 2), Long(rest, 3));
            if (!IsCount(targets) || !IsCount(sequences) || !IsCount(correct))
            {
                reason = $"Shard {read.FirstShard + shard} of an evaluation's piece has {targets} targets, {sequences} sequences and {correct} correct ones; allowed is 0 to {CountMax}.";
                return false;
            }
            read.Add(new ShardResult(loss, targets, sequences, correct));
            rest = rest[ResultBytes..];
        }
        for (var i = 0; i < read.Counts.Length; i++)
        {
            read.Counts[i] = Long(rest, i);
            if (!IsCount(read.Counts[i]))
            {
                reason = $"Count {i} of an evaluation's piece is {read.Counts[i]}; allowed is 0 to {CountMax}.";
                return false;
            }
        }
        rest = rest[(sizeof(long) * read.Counts.Length)..];
        for (var i = 0; i < shards * read.SumsPerShard; i++)
            read.Add(BinaryPrimitives.ReadDoubleLittleEndian(rest[(sizeof(double) * i)..]));
        piece = read;
        return true;
    }

    private static string? Refusal(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes)
            return $"An evaluation's piece has {bytes.Length} bytes; its header alone has {HeaderBytes}.";
        if (bytes[0] != Version)
            return $"An evaluation's piece is of version {bytes[0]}; this program reads version {Version}.";
        var kind = (FigureKind)bytes[1];
        if (!Enum.IsDefined(kind) || bytes[2] != 0 || bytes[3] != 0)
            return $"An evaluation's piece begins with the bytes {bytes[0]}, {bytes[1]}, {bytes[2]}, {bytes[3]}, which are no kind of figures.";
        var (first, shards, total, counts, sums) = (Header(bytes, 0), Header(bytes, 1), Header(bytes, 2), Header(bytes, 3), Header(bytes, 4));
        if (first < 0 || shards < 1 || total < 1 || (long)first + shards > total)
            return $"An evaluation's piece says that it is {shards} shards from shard {first} of {total}.";
        if (!EvaluationFigures.Fits(kind, counts, sums))
            return $"An evaluation's piece of kind {kind} has {counts} counts and {sums} sums a shard, which that kind has not.";
        var expected = BytesOf(shards, counts, sums);
        return bytes.Length == expected ? null : $"An evaluation's piece has {bytes.Length} bytes; its header says {expected}.";
    }

    private static long BytesOf(long shards, long counts, long sumsPerShard) => HeaderBytes + shards * (ResultBytes + sizeof(double) * sumsPerShard) + sizeof(long) * counts;

    private static int Header(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 + sizeof(int) * index)..]);

    private static long Long(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadInt64LittleEndian(bytes[(sizeof(long) * index)..]);

    private static bool IsCount(long value) => value is >= 0 and <= CountMax;
}
