using System.Collections.Immutable;
using System.IO.Hashing;

namespace DistRnn.Protocol;

/// <summary>
/// A partition's share of a gradient: floats in the place that the flat vector gives them, and which rows of sparse tensors are present. Rows that are not
/// listed hold anything and are never read. The memory may be a view of a computer's own gradient, a buffer that a connection received into, or a sum.
/// </summary>
/// <remarks>
/// Whoever holds it may read it until <see cref="Release"/>; nobody changes it. Releasing twice does nothing. One holder is not thread-safe: it is handed on, or another made by <see cref="Share"/>.
/// </remarks>
public sealed unsafe class GradientPart
{
    private Holder? _holder;

    private GradientPart(GradientPart other)
    {
        (Layout, Rows, IsAbsent, _holder) = (other.Layout, other.Rows, other.IsAbsent, other._holder);
        Values = other.Values;
    }

    /// <summary>Describes floats that stand somewhere.</summary>
    /// <param name="layout">The partition.</param>
    /// <param name="values">The float of flat index <see cref="PartitionLayout.First"/>; null only for an absent part or an empty partition.</param>
    /// <param name="rows">For each of <see cref="PartitionLayout.Sparse"/> the rows that are present, ascending, each once.</param>
    /// <param name="isAbsent">Whether all shards behind it were empty: then it holds nothing and is not added.</param>
    /// <param name="release">Called once when the memory is no longer needed, or null.</param>
    /// <exception cref="ArgumentException">The rows do not fit the layout.</exception>
    public GradientPart(PartitionLayout layout, float* values, ImmutableArray<ImmutableArray<int>> rows, bool isAbsent, Action? release)
    {
        ArgumentNullException.ThrowIfNull(layout);
        if (!isAbsent && (values is null && layout.Count > 0 || rows.Length != layout.Sparse.Length))
            throw new ArgumentException("A part that is present needs its floats, and rows for each sparse section.", nameof(rows));
        (Layout, Rows, IsAbsent, _holder) = (layout, rows, isAbsent, release is null ? null : new Holder(release));
        Values = values;
        if (!isAbsent)
            CheckRows();
    }

    /// <summary>The partition.</summary>
    public PartitionLayout Layout { get; }

    /// <summary>The float of flat index <see cref="PartitionLayout.First"/>.</summary>
    public float* Values { get; }

    /// <summary>For each sparse section the rows that are present, ascending.</summary>
    public ImmutableArray<ImmutableArray<int>> Rows { get; }

    /// <summary>Whether all shards behind it were empty.</summary>
    public bool IsAbsent { get; }

    /// <summary>A part of a partition whose shards were all empty.</summary>
    /// <param name="layout">The partition.</param>
    public static GradientPart Absent(PartitionLayout layout) => new(layout, null, [], true, null);

    /// <summary>Where a float of the flat vector stands.</summary>
    /// <param name="index">Its index in the flat vector; inside the partition.</param>
    public float* At(long index) => Values + (index - Layout.First);

    /// <summary>Bytes that travel when the part is sent without a codec.</summary>
    public long ContentBytes
    {
        get
        {
            if (IsAbsent)
                return 0;
            var floats = Layout.DenseCount;
            for (var i = 0; i < Rows.Length; i++)
                foreach (var row in Rows[i])
                    floats += Layout.Sparse[i].RowRange(row).Count + 1;
            return floats * sizeof(float);
        }
    }

    /// <summary>Bytes that travel when the dense sections are sent in a codec.</summary>
    /// <param name="codec">The codec.</param>
    public long BytesIn(Codec codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        return IsAbsent ? 0 : ContentBytes - Layout.DenseCount * sizeof(float) + StepTraffic.DenseBytes(Layout, codec);
    }

    /// <summary>XXH3-128 over which rows there are and the bits of all that is present: equal for equal parts wherever they stand.</summary>
    public UInt128 Digest()
    {
        var hash = new XxHash128();
        if (!IsAbsent)
        {
            foreach (var section in Layout.Dense)
                Append(hash, At(section.First), section.Count);
            for (var i = 0; i < Rows.Length; i++)
            {
                hash.Append(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Rows[i].AsSpan()));
                foreach (var row in Rows[i])
                {
                    var (first, count) = Layout.Sparse[i].RowRange(row);
                    Append(hash, At(first), count);
                }
            }
        }
        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>Another holder of the same memory, which stays until both have released it; the two may be on different threads.</summary>
    /// <exception cref="InvalidOperationException">It was released already.</exception>
    public GradientPart Share()
    {
        _holder?.Add();
        return new GradientPart(this);
    }

    /// <summary>Lets go of the memory.</summary>
    public void Release() => Interlocked.Exchange(ref _holder, null)?.Remove();

    private sealed class Holder(Action release)
    {
        private int _count = 1;

        public void Add()
        {
            if (Interlocked.Increment(ref _count) <= 1)
                throw new InvalidOperationException("The memory has been released.");
        }

        public void Remove()
        {
            if (Interlocked.Decrement(ref _count) == 0)
                release();
        }
    }

    private static void Append(XxHash128 hash, float* values, long count)
    {
        const int PieceCount = 1 << 20;
        for (var start = 0L; start < count; start += PieceCount)
            hash.Append(new ReadOnlySpan<byte>(values + start, (int)Math.Min(PieceCount, count - start) * sizeof(float)));
    }

    private void CheckRows()
    {
        for (var i = 0; i < Rows.Length; i++)
        {
            var (section, last) = (Layout.Sparse[i], -1);
            foreach (var row in Rows[i])
            {
                if (row <= last || row < section.FirstRow || row >= section.EndRow)
                    throw new ArgumentException(FormattableString.Invariant($"Row {row} follows {last} in a section of the rows {section.FirstRow} to {section.EndRow - 1}; rows ascend, each once."));
                last = row;
            }
        }
    }
}
