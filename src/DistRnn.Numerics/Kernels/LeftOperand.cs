namespace DistRnn.Numerics;

/// <summary>
/// The left operand of a matrix product, [rows, k], where it lies: a row every <see cref="RowStride"/> floats, and in a row k runs through segments
/// of <see cref="SegmentCount"/> floats that begin every <see cref="SegmentStride"/> floats. So one kernel reads activations (one segment, or one a
/// direction) and gate buffers (one segment a panel) without a copy.
/// </summary>
/// <param name="Pointer">The first float of row 0.</param>
/// <param name="RowStride">Floats from a row to the next.</param>
/// <param name="SegmentCount">Floats of k in a segment; the last one may have fewer.</param>
/// <param name="SegmentStride">Floats from a segment to the next.</param>
public readonly unsafe record struct LeftOperand(nint Pointer, nint RowStride, nint SegmentCount, nint SegmentStride)
{
    /// <summary>An operand of one segment.</summary>
    /// <param name="pointer">The first float of row 0.</param>
    /// <param name="rowStride">Floats from a row to the next.</param>
    public LeftOperand(float* pointer, nint rowStride)
        : this((nint)pointer, rowStride, nint.MaxValue, 0)
    {
    }

    /// <summary>An operand of several segments.</summary>
    /// <param name="pointer">The first float of row 0.</param>
    /// <param name="rowStride">Floats from a row to the next.</param>
    /// <param name="segmentCount">Floats of k in a segment.</param>
    /// <param name="segmentStride">Floats from a segment to the next.</param>
    public LeftOperand(float* pointer, nint rowStride, nint segmentCount, nint segmentStride)
        : this((nint)pointer, rowStride, segmentCount, segmentStride)
    {
    }

    /// <summary>The same operand from a later row on.</summary>
    /// <param name="row">Rows to leave out.</param>
    public LeftOperand From(nint row) => this with { Pointer = Pointer + row * RowStride * sizeof(float) };
}
