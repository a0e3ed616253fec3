using System.Collections.Immutable;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Runtime;

/// <summary>A gradient whose partitions are handed out as views, and which is free again when all of them have been released, by whichever threads.</summary>
internal sealed unsafe class PooledGradient(ParameterTable table)
{
    private int _holders;
    private bool _isRetired;

    /// <summary>The gradient.</summary>
    public Gradient Gradient { get; } = new(table);

    /// <summary>Takes it where it is free; to be followed by <see cref="Release"/> when it is computed and handed out.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _holders, 1, 0) == 0;

    /// <summary>Another view of a partition, which holds the memory until it is released; only while it is taken.</summary>
    /// <param name="layout">The partition.</param>
    public GradientPart HandOut(PartitionLayout layout)
    {
        if (Gradient.IsAbsent)
            return GradientPart.Absent(layout);
        Interlocked.Increment(ref _holders);
        return new GradientPart(layout, Gradient.Values.Pointer + layout.First, RowsOf(layout), false, Release);
    }

    /// <summary>Frees the memory as soon as nobody holds a view of it.</summary>
    public void Retire()
    {
        Volatile.Write(ref _isRetired, true);
        if (TryTake())
            Gradient.Dispose();
    }

    /// <summary>Ends what <see cref="TryTake"/> began: the memory is free as soon as all views are released.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && Volatile.Read(ref _isRetired) && TryTake())
            Gradient.Dispose();
    }

    private ImmutableArray<ImmutableArray<int>> RowsOf(PartitionLayout layout) =>
    [
        .. layout.Sparse.Select(section => Gradient.TouchedRows(section.Tensor).Where(row => row >= section.FirstRow && row < section.EndRow).ToImmutableArray()),
    ];
}
