using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// A weight [columns, inputs] laid out for the product that goes back through it: dX += dY W, where k runs over W's columns in column order. Inputs
/// stand in blocks of as many as the kernels do well with, each [columns][width]; the widths are multiples of 16. The only thing that is rebuilt after an update.
/// </summary>
/// <remarks>Inputs may come in segments (directions) whose outputs lie apart; no block crosses from one to the next.</remarks>
internal sealed unsafe class TransposedWeights : IDisposable
{
    // With many rows k is cut where the weights of some panels, for all inputs, and the rows they meet fit the second-level cache together: then both
    // come from the third level once. Few rows stay near anyway, and each block's weights are read from end to end.
    private const int PartFloats = 176 << 10;
    private const int PanelsPerPartMax = 8;
    private const int RowsPerPart = 192;
    private const int FewRows = 64;

    private readonly PanelShape _shape;
    private readonly int _inputs;
    private readonly Block[] _blocks;
    private readonly FloatBuffer _values;
    private readonly int _panelsPerPart;

    /// <summary>Makes room.</summary>
    /// <param name="shape">The weight's columns.</param>
    /// <param name="segment">Inputs of a segment.</param>
    /// <param name="segments">How many segments there are.</param>
    /// <param name="segmentStride">Floats from an output segment to the next; a multiple of 16 where there are several.</param>
    /// <param name="kernels">What will multiply.</param>
    public TransposedWeights(PanelShape shape, int segment, int segments, int segmentStride, MatrixKernels kernels)
    {
        _shape = shape;
        _inputs = segment * segments;
        var blocks = new List<Block>();
        long offset = 0;
        for (var s = 0; s < segments; s++)
        {
            // Blocks of nearly equal widths: 200 inputs as 64 + 48 + 48 + 48, since a last block of 16 columns would keep few registers busy.
            var (units, count) = ((segment + 15) / 16, (segment + kernels.ColumnsTogether - 1) / kernels.ColumnsTogether);
            for (int block = 0, first = 0; block < count; block++)
            {
                var width = (units / count + (block < units % count ? 1 : 0)) * 16;
                var inputs = Math.Min(width, segment - first);
                blocks.Add(new Block(s * segment + first, inputs, width, s * segmentStride + first, offset));
                offset += (long)width * shape.Columns;
                first += width;
            }
        }
        _blocks = [.. blocks];
        Columns16 = _blocks.Sum(block => block.Width / 16);
        _values = new FloatBuffer(offset);
        _panelsPerPart = Math.Clamp(PartFloats / (shape.ColumnsPerPanel * 16 * Math.Max(Columns16, 1)), 2, PanelsPerPartMax);
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _values.Count * sizeof(float);

    /// <summary>Units of work of a product: 16 output columns each.</summary>
    public int Columns16 { get; }

    /// <summary>Copies some panels of the weight.</summary>
    /// <param name="weights">The weight in panels.</param>
    /// <param name="panelStart">The first panel.</param>
    /// <param name="panelEnd">Behind the last one.</param>
    public void Rebuild(float* weights, int panelStart, int panelEnd)
    {
        for (var panel = panelStart; panel < panelEnd; panel++)
        {
            var columns = _shape.ColumnsOf(panel);
            var source = weights + _shape.OffsetOf(panel, _inputs);
            foreach (var block in _blocks)
            {
                var destination = _values.Pointer + block.Offset + (long)panel * _shape.ColumnsPerPanel * block.Width;
                MatrixTranspose.Run(source + (long)block.First * columns, columns, block.Count, columns, destination, block.Width);
            }
        }
    }

    /// <summary>dX += dY W for some output columns.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="a">dY, [rows, columns], in column order: one segment a panel, or one in all.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="output">dX.</param>
    /// <param name="outputStride">Floats from a row of dX to the next.</param>
    /// <param name="start">The first unit of 16 output columns.</param>
    /// <param name="end">Behind the last one.</param>
    public void Multiply(MatrixKernels kernels, LeftOperand a, int rows, float* output, nint outputStride, int start, int end)
    {
        var first = 0;
        if (rows <= FewRows)
        {
            foreach (var block in _blocks)
            {
                for (var panel = 0; panel < _shape.PanelCount; panel += PanelsPerPartMax)
                    MultiplyPart(kernels, a, rows, output, outputStride, panel, PanelsPerPartMax, block, start - first, end - first);
                first += block.Width / 16;
            }
            return;
        }
        for (var row = 0; row < rows; row += RowsPerPart, first = 0)
        {
            for (var panel = 0; panel < _shape.PanelCount; panel += _panelsPerPart, first = 0)
            {
                foreach (var block in _blocks)
                {
                    MultiplyPart(
                        kernels, a.From(row), Math.Min(RowsPerPart, rows - row), output + row * outputStride, outputStride, panel, _panelsPerPart, block, start - first, end - first);
                    first += block.Width / 16;
                }
            }
        }
    }

    /// <summary>dX += some gates' part of dY W: k runs over the columns of gates [gateStart, gateEnd) only, panel by panel.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="a">The first panel's gates, [rows, gates x units].</param>
    /// <param name="rowStride">Floats from a row of <paramref name="a"/> to the next.</param>
    /// <param name="panelStride">Floats from a panel of <paramref name="a"/> to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="gateStart">The first gate.</param>
    /// <param name="gateEnd">Behind the last one.</param>
    /// <param name="output">dX.</param>
    /// <param name="outputStride">Floats from a row of dX to the next.</param>
    /// <param name="start">The first unit of 16 output columns.</param>
    /// <param name="end">Behind the last one.</param>
    public void MultiplyGates(
        MatrixKernels kernels, float* a, nint rowStride, nint panelStride, int rows, int gateStart, int gateEnd, float* output, nint outputStride, int start, int end)
    {
        var first = 0;
        foreach (var block in _blocks)
        {
            var count = block.Width / 16;
            var (from, to) = (Math.Max(start - first, 0), Math.Min(end - first, count));
            first += count;
            if (from >= to)
                continue;
            for (var panel = 0; panel < _shape.PanelCount; panel++)
            {
                var units = _shape.UnitsOf(panel);
                var k = panel * _shape.ColumnsPerPanel + gateStart * units;
                kernels.Multiply(
                    new LeftOperand(a + panel * panelStride + gateStart * units, rowStride), rows, (gateEnd - gateStart) * units,
                    _values.Pointer + block.Offset + (long)k * block.Width + from * 16, block.Width, (to - from) * 16,
                    output + block.Output + from * 16, outputStride);
            }
        }
    }

    /// <summary>Sets some output columns to +0, the columns that only round up a block's width included.</summary>
    /// <param name="output">dX.</param>
    /// <param name="outputStride">Floats from a row of dX to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="start">The first unit of 16 output columns.</param>
    /// <param name="end">Behind the last one.</param>
    public void Clear(float* output, nint outputStride, int rows, int start, int end)
    {
        var first = 0;
        foreach (var block in _blocks)
        {
            var (from, to) = (Math.Max(start - first, 0), Math.Min(end - first, block.Width / 16));
            first += block.Width / 16;
            for (var row = 0; row < rows && from < to; row++)
                new Span<float>(output + row * outputStride + block.Output + from * 16, (to - from) * 16).Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();

    /// <summary>What some panels' columns and one block of inputs add to dX.</summary>
    private void MultiplyPart(MatrixKernels kernels, LeftOperand a, int rows, float* output, nint outputStride, int panel, int panels, in Block block, int start, int end)
    {
        var (from, to) = (Math.Max(start, 0), Math.Min(end, block.Width / 16));
        if (from >= to)
            return;
        var k = panel * _shape.ColumnsPerPanel;
        var depth = Math.Min(panels * _shape.ColumnsPerPanel, _shape.Columns - k);
        var skip = a.SegmentStride == 0 ? k : panel * a.SegmentStride;
        kernels.Multiply(
            a with { Pointer = a.Pointer + skip * sizeof(float) }, rows, depth, _values.Pointer + block.Offset + (long)k * block.Width + from * 16, block.Width, (to - from) * 16,
            output + block.Output + from * 16, outputStride);
    }

    private readonly record struct Block(int First, int Count, int Width, int Output, long Offset);
}
