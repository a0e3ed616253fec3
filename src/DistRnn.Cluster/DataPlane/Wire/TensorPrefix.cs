using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// What floats follow, or are asked for: dense ranges of the parameter vector, then rows of tensors of which only some are touched, in this order; and,
/// of a gradient, the sums of its node's shards. The prefix of pushes, of requests for parameters, of parameters and of what goes to replicas.
/// </summary>
/// <remarks>
/// Little-endian. 0: version (1), 1: 0 (1), 2: ranges (2), 4: row sets (2), 6: 0 (2), 8: shards with sums (4), 12: 0 (4); ranges of first (8) and count (8); sums of loss (8, a double),
/// targets (8), sequences (8), correct (8), tokens (8); row sets of tensor (4), rows (4), floats (8); row numbers (4 each), set after set.
/// A view of bytes: it allocates nothing and lives as long as they do.
/// </remarks>
internal readonly ref struct TensorPrefix
{
    private const byte Version = 1;
    private const int HeadBytes = 16;
    private const int SetBytes = 16;

    private readonly ReadOnlySpan<byte> _sets;
    private readonly ReadOnlySpan<int> _rows;

    private TensorPrefix(ReadOnlySpan<FloatRange> ranges, ReadOnlySpan<NodeSums> sums, ReadOnlySpan<byte> sets, ReadOnlySpan<int> rows, long floatCount)
    {
        Ranges = ranges;
        Sums = sums;
        _sets = sets;
        _rows = rows;
        FloatCount = floatCount;
    }

    /// <summary>The dense ranges, ascending, apart from one another.</summary>
    public ReadOnlySpan<FloatRange> Ranges { get; }

    /// <summary>The sums of the node's shards, in their order; none where the frame is no gradient, or not the one that carries them.</summary>
    public ReadOnlySpan<NodeSums> Sums { get; }

    /// <summary>How many row sets there are.</summary>
    public int RowSetCount => _sets.Length / SetBytes;

    /// <summary>All floats of ranges and rows: what the payload holds before a codec.</summary>
    public long FloatCount { get; }

    /// <summary>One of the row sets; their tensors ascend.</summary>
    /// <param name="index">Which, 0 to <see cref="RowSetCount"/> - 1.</param>
    public RowSet RowSet(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)RowSetCount);
        var first = 0;
        for (var i = 0; i < index; i++)
            first += RowsOf(_sets, i);
        return new RowSet(TensorOf(_sets, index), FloatsOf(_sets, index), _rows.Slice(first, RowsOf(_sets, index)));
    }

    /// <summary>Bytes that a prefix takes.</summary>
    /// <param name="ranges">Dense ranges.</param>
    /// <param name="sums">Shards with sums.</param>
    /// <param name="rowSets">Row sets.</param>
    /// <param name="rows">Rows of all sets together.</param>
    public static int BytesOf(int ranges, int sums, int rowSets, int rows) => checked(HeadBytes + 16 * ranges + 40 * sums + SetBytes * rowSets + 4 * rows);

    /// <summary>Writes the fixed part; ranges, sums and rows are then filled in by <see cref="TensorPrefixWriter"/>.</summary>
    internal static void WriteHead(Span<byte> bytes, int ranges, int sums, int rowSets)
    {
        bytes[..HeadBytes].Clear();
        bytes[0] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], checked((ushort)ranges));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], checked((ushort)rowSets));
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], sums);
    }

    /// <summary>Reads a prefix and checks that it is whole, ordered and adds up.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <param name="prefix">What they say.</param>
    /// <returns>Whether they are one.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TensorPrefix prefix)
    {
        prefix = default;
        if (bytes.Length < HeadBytes || bytes[0] != Version)
            return false;
        var ranges = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        var sets = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        var sums = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var setsAt = HeadBytes + 16L * ranges + 40L * sums;
        var rowsAt = setsAt + SetBytes * sets;
        if (sums < 0 || rowsAt > bytes.Length)
            return false;
        var setBytes = bytes[(int)setsAt..(int)rowsAt];
        long rows = 0;
        for (var i = 0; i < sets; i++)
        {
            if (RowsOf(setBytes, i) < 0)
                return false;
            rows += RowsOf(setBytes, i);
        }
        if (rowsAt + 4 * rows != bytes.Length)
            return false;
        var rangeSpan = MemoryMarshal.Cast<byte, FloatRange>(bytes.Slice(HeadBytes, 16 * ranges));
        var sumSpan = MemoryMarshal.Cast<byte, NodeSums>(bytes.Slice(HeadBytes + 16 * ranges, 40 * sums));
        var rowSpan = MemoryMarshal.Cast<byte, int>(bytes[(int)rowsAt..]);
        if (!TryCount(rangeSpan, out var floats) || !AreSums(sumSpan) || !TryCountRows(setBytes, rowSpan, ref floats))
            return false;
        prefix = new TensorPrefix(rangeSpan, sumSpan, setBytes, rowSpan, floats);
        return true;
    }

    private static bool TryCount(ReadOnlySpan<FloatRange> ranges, out long floats)
    {
        (floats, var end) = (0, 0L);
        foreach (var range in ranges)
        {
            if (range.First < end || range.Count < 1 || range.First > long.MaxValue - range.Count)
                return false;
            end = range.First + range.Count;
            floats += range.Count;
        }
        return true;
    }

    private static bool AreSums(ReadOnlySpan<NodeSums> sums)
    {
        foreach (ref readonly var shard in sums)
        {
            if (shard.Targets < 0 || shard.Sequences < 0 || shard.Correct < 0 || shard.Tokens < 0)
                return false;
        }
        return true;
    }

    private static bool TryCountRows(ReadOnlySpan<byte> sets, ReadOnlySpan<int> rows, ref long floats)
    {
        var (tensor, first) = (-1, 0);
        for (var i = 0; i < sets.Length / SetBytes; i++)
        {
            var (next, count, setFloats) = (TensorOf(sets, i), RowsOf(sets, i), FloatsOf(sets, i));
            if (next <= tensor || setFloats < count || (count == 0 && setFloats > 0) || setFloats > long.MaxValue - floats)
                return false;
            var row = -1;
            foreach (var id in rows.Slice(first, count))
            {
                if (id <= row)
                    return false;
                row = id;
            }
            (tensor, first) = (next, first + count);
            floats += setFloats;
        }
        return true;
    }

    private static int TensorOf(ReadOnlySpan<byte> sets, int index) => BinaryPrimitives.ReadInt32LittleEndian(sets[(SetBytes * index)..]);

    private static int RowsOf(ReadOnlySpan<byte> sets, int index) => BinaryPrimitives.ReadInt32LittleEndian(sets[(SetBytes * index + 4)..]);

    private static long FloatsOf(ReadOnlySpan<byte> sets, int index) => BinaryPrimitives.ReadInt64LittleEndian(sets[(SetBytes * index + 8)..]);
}
