using System.Runtime.InteropServices;

namespace DistRnn.Cluster;

/// <summary>Consecutive floats of the parameter vector. 16 bytes on the wire.</summary>
/// <param name="First">The first float; 0 or more.</param>
/// <param name="Count">How many; 1 or more.</param>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal readonly record struct FloatRange(long First, long Count);

/// <summary>Rows of a tensor of which only some are touched.</summary>
internal readonly ref struct RowSet
{
    internal RowSet(int tensor, long floatCount, ReadOnlySpan<int> rows)
    {
        Tensor = tensor;
        FloatCount = floatCount;
        Rows = rows;
    }

    /// <summary>The tensor's place in the parameter table.</summary>
    public int Tensor { get; }

    /// <summary>The floats of these rows that are inside the partition, row after row: a row at the partition's edge may be cut.</summary>
    public long FloatCount { get; }

    /// <summary>The rows, ascending, each once.</summary>
    public ReadOnlySpan<int> Rows { get; }
}
