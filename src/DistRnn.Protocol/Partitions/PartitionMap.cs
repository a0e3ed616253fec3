using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>How the parameter vector is cut: partitions are contiguous ranges of whole blocks whose sizes differ by one block at most, the larger ones first.</summary>
/// <remarks>Immutable and thread-safe. With more partitions than blocks the last ones are empty.</remarks>
public sealed class PartitionMap
{
    /// <summary>The most partitions a run may have.</summary>
    public const int PartitionsMax = 1024;

    // 4 MiB take some milliseconds on their way: less is not worth a message of its own.
    private const long FloatsWorthCutting = 1 << 20;
    private const int PartitionsOfServerMax = 4;

    /// <summary>
    /// Into how many parts a vector is cut for some servers, which get every so many-th of them. Small vectors: one each. Of larger ones each server has up to four, spread over
    /// the layers: one is on its way while the next is still being computed, summed or copied, and all servers have as much to do.
    /// </summary>
    /// <param name="table">The layout of the vector.</param>
    /// <param name="servers">Parameter servers, at least 1.</param>
    /// <returns>A multiple of <paramref name="servers"/>, or <see cref="PartitionsMax"/> where that would be more.</returns>
    public static int CountFor(ParameterTable table, int servers)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(servers);
        var each = Math.Clamp((table.Count + servers * FloatsWorthCutting / 2) / (servers * FloatsWorthCutting), 1, PartitionsOfServerMax);
        return (int)Math.Min(each * servers, PartitionsMax);
    }

    /// <summary>Cuts a table.</summary>
    /// <param name="table">The layout of the vector.</param>
    /// <param name="partitions">How many parts, 1 to <see cref="PartitionsMax"/>.</param>
    public PartitionMap(ParameterTable table, int partitions)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, PartitionsMax);
        Table = table;
        var (each, more) = Math.DivRem(table.Blocks, partitions);
        Layouts =
        [
            .. Enumerable.Range(0, partitions).Select(i =>
            {
                var first = i * each + Math.Min(i, more);
                return new PartitionLayout(table, i, partitions, first, each + (i < more ? 1 : 0));
            }),
        ];
    }

    /// <summary>The layout of the whole vector.</summary>
    public ParameterTable Table { get; }

    /// <summary>The partitions, in order.</summary>
    public ImmutableArray<PartitionLayout> Layouts { get; }

    /// <summary>Partitions.</summary>
    public int Count => Layouts.Length;

    /// <summary>The partition that keeps the carried state of a shard's lanes.</summary>
    /// <param name="shard">The shard.</param>
    public int LanePartitionOf(int shard) => shard % Count;
}

/// <summary>A stretch of floats of a partition whose gradient is always whole.</summary>
/// <param name="First">Its first float in the flat vector.</param>
/// <param name="Count">Floats.</param>
public readonly record struct DenseSection(long First, long Count);

/// <summary>The part of a tensor with sparse rows that lies in a partition. Its first and last row may belong to it only partly.</summary>
/// <param name="Tensor">The tensor's index in its table.</param>
/// <param name="First">The section's first float in the flat vector.</param>
/// <param name="Count">Floats of the section.</param>
/// <param name="TensorOffset">The tensor's first float in the flat vector.</param>
/// <param name="RowSize">Floats of a whole row.</param>
public readonly record struct SparseSection(int Tensor, long First, long Count, long TensorOffset, int RowSize)
{
    /// <summary>The first row with a float in the section.</summary>
    public int FirstRow => (int)((First - TensorOffset) / RowSize);

    /// <summary>The row behind the last one with a float in the section.</summary>
    public int EndRow => (int)((First + Count - TensorOffset + RowSize - 1) / RowSize);

    /// <summary>The floats of a row that lie in the section, in the flat vector.</summary>
    /// <param name="row">A row from <see cref="FirstRow"/> to below <see cref="EndRow"/>.</param>
    public (long First, int Count) RowRange(int row)
    {
        var start = Math.Max(First, TensorOffset + (long)row * RowSize);
        var end = Math.Min(First + Count, TensorOffset + ((long)row + 1) * RowSize);
        return (start, (int)(end - start));
    }
}

/// <summary>Where a partition lies in the flat vector and what is in it. Immutable and thread-safe.</summary>
public sealed class PartitionLayout
{
    internal PartitionLayout(ParameterTable table, int index, int partitions, int firstBlock, int blocks)
    {
        (Index, Partitions, FirstBlock, Blocks) = (index, partitions, firstBlock, blocks);
        First = (long)firstBlock * ParameterTable.BlockCount;
        Count = Math.Max(0, Math.Min(First + (long)blocks * ParameterTable.BlockCount, table.Count) - First);
        var (dense, sparse) = (ImmutableArray.CreateBuilder<DenseSection>(), ImmutableArray.CreateBuilder<SparseSection>());
        var next = First;
        for (var i = 0; i < table.Tensors.Length; i++)
        {
            var tensor = table.Tensors[i];
            var (start, end) = (Math.Max(First, tensor.Offset), Math.Min(First + Count, tensor.Offset + tensor.Count));
            if (!tensor.SparseRows || start >= end)
                continue;
            if (start > next)
                dense.Add(new DenseSection(next, start - next));
            sparse.Add(new SparseSection(i, start, end - start, tensor.Offset, tensor.RowSize));
            next = end;
        }
        if (next < First + Count)
            dense.Add(new DenseSection(next, First + Count - next));
        (Dense, Sparse) = (dense.ToImmutable(), sparse.ToImmutable());
    }

    /// <summary>The partition, from 0.</summary>
    public int Index { get; }

    /// <summary>Partitions of the whole vector.</summary>
    public int Partitions { get; }

    /// <summary>Its first block of the whole vector.</summary>
    public int FirstBlock { get; }

    /// <summary>Blocks, the last of the vector possibly short.</summary>
    public int Blocks { get; }

    /// <summary>Its first float of the whole vector.</summary>
    public long First { get; }

    /// <summary>Floats; 0 for an empty partition.</summary>
    public long Count { get; }

    /// <summary>The stretches between sparse tensors, ascending.</summary>
    public ImmutableArray<DenseSection> Dense { get; }

    /// <summary>The parts of sparse tensors, ascending.</summary>
    public ImmutableArray<SparseSection> Sparse { get; }

    /// <summary>Floats of all dense sections.</summary>
    public long DenseCount => Dense.Sum(section => section.Count);
}
