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

    /// <summary>Takes it where it is free.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _holders, 1, 0) == 0;

    /// <summary>Views of all partitions.</summary>
    /// <param name="partitions">The partitions.</param>
    public ImmutableArray<GradientPart> HandOut(PartitionMap partitions)
    {
        if (Gradient.IsAbsent)
        {
            Release();
            return [.. partitions.Layouts.Select(GradientPart.Absent)];
        }
        Interlocked.Add(ref _holders, partitions.Count - 1);
        return [.. partitions.Layouts.Select(layout => new GradientPart(layout, Gradient.Values.Pointer + layout.First, RowsOf(layout), false, Release))];
    }

    /// <summary>Frees the memory as soon as nobody holds a view of it.</summary>
    public void Retire()
    {
        Volatile.Write(ref _isRetired, true);
        if (TryTake())
            Gradient.Dispose();
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && Volatile.Read(ref _isRetired) && TryTake())
            Gradient.Dispose();
    }

    private ImmutableArray<ImmutableArray<int>> RowsOf(PartitionLayout layout) =>
    [
        .. layout.Sparse.Select(section => Gradient.TouchedRows(section.Tensor).Where(row => row >= section.FirstRow && row < section.EndRow).ToImmutableArray()),
    ];
}
