using System.Globalization;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>The three matrix products of a recurrent layer, on one core, at the sizes layers meet.</summary>
internal static unsafe class KernelBenchmark
{
    private const int Gates = 4;

    /// <summary>Measures.</summary>
    /// <param name="quick">Whether one size will do.</param>
    internal static IEnumerable<KernelFigures> Run(bool quick)
    {
        foreach (var (rows, units) in quick ? [(20, 200)] : new[] { (20, 200), (20, 650), (8, 64), (700, 200), (700, 650) })
        {
            yield return Product(rows, units);
            yield return BackProduct(rows, units);
            if (rows >= 64)
                yield return OuterProducts(rows, units);
        }
    }

    private static KernelFigures Product(int rows, int units)
    {
        var shape = new PanelShape(Gates, units);
        using var x = Filled((long)rows * units);
        using var weights = Filled((long)units * shape.Columns);
        using var gates = new PanelBuffer(shape.PanelCount, PanelShape.MaxColumns);
        gates.Ensure(rows);
        return Measure("forward", rows, units, shape.Columns, () =>
        {
            for (var panel = 0; panel < shape.PanelCount; panel++)
            {
                var columns = shape.ColumnsOf(panel);
                for (var row = 0; row < rows; row += 96)
                {
                    MatrixKernels.Current.Multiply(
                        new LeftOperand(x.Pointer, units).From(row), Math.Min(96, rows - row), units, weights.Pointer + shape.OffsetOf(panel, units), columns, columns,
                        gates.At(panel, row), gates.Stride);
                }
            }
        });
    }

    private static KernelFigures BackProduct(int rows, int units)
    {
        var shape = new PanelShape(Gates, units);
        using var weights = Filled((long)units * shape.Columns);
        using var transposed = new TransposedWeights(shape, units, 1, 0, MatrixKernels.Current);
        transposed.Rebuild(weights.Pointer, 0, shape.PanelCount);
        using var gates = new PanelBuffer(shape.PanelCount, PanelShape.MaxColumns);
        gates.Ensure(rows);
        var stride = (units + 15) / 16 * 16;
        using var gradient = new FloatBuffer((long)rows * stride);
        return Measure("backward", rows, shape.Columns, units, () =>
            transposed.Multiply(MatrixKernels.Current, gates.Operand(0, PanelShape.MaxColumns), rows, gradient.Pointer, stride, 0, transposed.Columns16));
    }

    private static KernelFigures OuterProducts(int rows, int units)
    {
        var shape = new PanelShape(Gates, units);
        using var x = Filled((long)rows * units);
        using var gates = new PanelBuffer(shape.PanelCount, PanelShape.MaxColumns);
        gates.Ensure(rows);
        using var gradient = new FloatBuffer((long)units * shape.Columns);
        using var scratch = new FloatBuffer(MatrixKernels.ScratchFloats);
        using var lists = new IntScratch();
        var order = lists.Ensure(rows + 2);
        for (var row = 0; row < rows; row++)
            order[row] = row;
        var offsets = order + rows;
        (offsets[0], offsets[1]) = (0, rows);
        var present = true;
        var pairs = new ShardRows(order, order, offsets, &present, 1);
        return Measure("weight-gradient", units, rows, shape.Columns, () =>
        {
            for (var panel = 0; panel < shape.PanelCount; panel++)
            {
                var columns = shape.ColumnsOf(panel);
                MatrixKernels.Current.SumOuterProducts(
                    x.Pointer, units, units, gates.At(panel, 0), gates.Stride, columns, pairs, gradient.Pointer + shape.OffsetOf(panel, units), columns, false, scratch.Pointer);
            }
        });
    }

    private static KernelFigures Measure(string name, int rows, int depth, int columns, Action action)
    {
        var peak = PeakBenchmark.Gflops(1);
        var gflops = 2.0 * rows * depth * columns / Timing.MedianSeconds(action, 0.3) / 1e9;
        return new KernelFigures(name, string.Create(CultureInfo.InvariantCulture, $"{rows}x{depth}x{columns}"), gflops, gflops / peak);
    }

    private static FloatBuffer Filled(long count)
    {
        var buffer = new FloatBuffer(count);
        for (long i = 0; i < count; i++)
            buffer.Pointer[i] = (i * 2654435761 % 1024 - 512) / 1024f;
        return buffer;
    }
}
