using System.Buffers.Binary;
using System.Runtime.InteropServices;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Writes a <see cref="TensorPrefix"/> into bytes of exactly its size: all ranges, then all sums, then all row sets.</summary>
internal ref struct TensorPrefixWriter
{
    private readonly Span<FloatRange> _ranges;
    private readonly Span<NodeSums> _sums;
    private readonly Span<byte> _sets;
    private readonly Span<int> _rows;
    private int _range;
    private int _shard;
    private int _set;
    private int _row;

    /// <summary>Begins a prefix.</summary>
    /// <param name="bytes">Where to: as many bytes as <see cref="TensorPrefix.BytesOf"/> says.</param>
    /// <param name="ranges">Dense ranges that will be added.</param>
    /// <param name="sums">Shards whose sums will be added.</param>
    /// <param name="rowSets">Row sets that will be added.</param>
    /// <param name="rows">Rows of all sets together.</param>
    /// <exception cref="ArgumentException">There is not exactly as much room.</exception>
    public TensorPrefixWriter(Span<byte> bytes, int ranges, int sums, int rowSets, int rows)
    {
        if (bytes.Length != TensorPrefix.BytesOf(ranges, sums, rowSets, rows))
            throw new ArgumentException($"The prefix takes {TensorPrefix.BytesOf(ranges, sums, rowSets, rows)} bytes, not {bytes.Length}.", nameof(bytes));
        TensorPrefix.WriteHead(bytes, ranges, sums, rowSets);
        bytes = bytes[16..];
        _ranges = MemoryMarshal.Cast<byte, FloatRange>(bytes[..(16 * ranges)]);
        bytes = bytes[(16 * ranges)..];
        _sums = MemoryMarshal.Cast<byte, NodeSums>(bytes[..(40 * sums)]);
        bytes = bytes[(40 * sums)..];
        _sets = bytes[..(16 * rowSets)];
        _rows = MemoryMarshal.Cast<byte, int>(bytes[(16 * rowSets)..]);
    }

    /// <summary>Adds a dense range; they ascend.</summary>
    public void Add(FloatRange range) => _ranges[_range++] = range;

    /// <summary>Adds the sums of the node's next shard.</summary>
    public void Add(NodeSums sums) => _sums[_shard++] = sums;

    /// <summary>Adds a row set; tensors ascend.</summary>
    /// <param name="tensor">The tensor's place in the parameter table.</param>
    /// <param name="floatCount">The floats of the rows that are inside the partition.</param>
    /// <param name="rows">The rows, ascending.</param>
    public void Add(int tensor, long floatCount, ReadOnlySpan<int> rows)
    {
        var set = _sets.Slice(16 * _set++, 16);
        BinaryPrimitives.WriteInt32LittleEndian(set, tensor);
        BinaryPrimitives.WriteInt32LittleEndian(set[4..], rows.Length);
        BinaryPrimitives.WriteInt64LittleEndian(set[8..], floatCount);
        rows.CopyTo(_rows[_row..]);
        _row += rows.Length;
    }
}
