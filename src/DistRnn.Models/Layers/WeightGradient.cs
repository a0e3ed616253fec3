using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// dE/dW of a weight in panels: the sum of outer products of the rows that entered it with the gradients of what came out. The inputs are taken block
/// by block, and a block's part of the rows is first copied together in the order that counts, since in place every row is another page of memory.
/// </summary>
internal static unsafe class WeightGradient
{
    private const int Group = MatrixKernels.GroupInputs;

    /// <summary>The floats of the scratch block for a batch.</summary>
    /// <param name="rows">Packed rows.</param>
    public static long ScratchFloats(int rows) => MatrixKernels.ScratchFloats + (long)rows * MostOf(rows, MatrixKernels.BlockInputsMax, MatrixKernels.InputFloatsMax);

    /// <summary>Sums for a share of all panels' inputs, one panel after another: [start, end) of panels x inputs.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="x">What entered, [rows, inputs], with its segments.</param>
    /// <param name="inputs">Inputs in all.</param>
    /// <param name="pairs">Left: rows of <paramref name="x"/>; right: rows of the gradients.</param>
    /// <param name="order">The numbers 0, 1, 2 ...</param>
    /// <param name="parts">Which columns of a panel's weight come from which gradients; one part or two.</param>
    /// <param name="shape">The weight's panels.</param>
    /// <param name="destination">The weight's gradient.</param>
    /// <param name="share">The thread's share.</param>
    /// <param name="scratch">The thread's scratch block.</param>
    /// <param name="bias">The gradient of the bias that was added where the weight's product was, in column order; null where it is not wanted here.</param>
    public static void Sum(
        MatrixKernels kernels, in LeftOperand x, int inputs, in ShardRows pairs, int* order, ReadOnlySpan<GradientColumns> parts, PanelShape shape, float* destination,
        (int Start, int End) share, float* scratch, float* bias = null)
    {
        var (start, end) = (WholeGroups(share.Start, inputs), WholeGroups(share.End, inputs));
        if (start >= end)
            return;
        var packed = scratch + MatrixKernels.ScratchFloats;
        var count = pairs.Offsets[pairs.Shards];
        var (panelStart, panelEnd) = (start / inputs, (end - 1) / inputs + 1);
        var rows = new ShardRows(order, pairs.Right, pairs.Offsets, pairs.Present, pairs.Shards);
        var block = BlockOf(kernels, inputs, count);
        for (var first = 0; first < inputs; first += block)
        {
            var width = Math.Min(block, inputs - first);
            if (panelEnd - panelStart == 1 && Math.Max(first, start - panelStart * inputs) >= Math.Min(first + width, end - panelStart * inputs))
                continue;
            Pack(x, pairs.Left, count, first, width, packed, 0, count);
            for (var panel = panelStart; panel < panelEnd; panel++)
            {
                var from = Math.Max(first, start - panel * inputs);
                var to = Math.Min(first + width, end - panel * inputs);
                if (from >= to)
                    continue;
                var columns = shape.ColumnsOf(panel);
                if (bias != null && from == 0)
                    SumBias(kernels, parts[0].Gradients, panel, columns, rows, bias + (nint)panel * shape.ColumnsPerPanel, scratch);
                var panelGradient = destination + shape.OffsetOf(panel, inputs) + (nint)from * columns;
                foreach (var part in parts)
                {
                    var (offset, size) = part.Of(shape.UnitsOf(panel), columns);
                    // Each shard's rows are numbered on in the packed copy, so its list of left rows begins where its offset says.
                    kernels.SumOuterProducts(
                        packed + (nint)(from - first) * count, Group, (nint)Group * count, to - from, part.Gradients.At(panel, 0) + part.Skip(shape.UnitsOf(panel)),
                        part.Gradients.Stride, size, rows, panelGradient + offset, columns, false, scratch);
                }
            }
        }
    }

    /// <summary>The sum of a panel's gradients, which the sums of products are about to read too: the bias is the weight of an input that is always 1.</summary>
    private static void SumBias(MatrixKernels kernels, PanelBuffer gradients, int panel, int columns, in ShardRows rows, float* bias, float* scratch)
    {
        var one = 1f;
        kernels.SumOuterProducts(&one, 0, 1, gradients.At(panel, 0), gradients.Stride, columns, rows, bias, columns, false, scratch);
    }

    /// <summary>The first input of the group in which an item of panels x inputs lies: threads share whole groups.</summary>
    public static int WholeGroups(int item, int inputs) => item - item % inputs % Group;

    /// <summary>Inputs that are copied together: blocks of nearly equal size.</summary>
    public static int BlockOf(MatrixKernels kernels, int inputs, int rows)
    {
        var most = MostOf(rows, kernels.InputsTogether, kernels.InputFloatsTogether);
        var blocks = (inputs + most - 1) / most;
        return ((inputs + blocks - 1) / blocks + Group - 1) / Group * Group;
    }

    private static int MostOf(int rows, int inputsMax, int floatsMax) => Math.Clamp(floatsMax / Math.Max(rows, 1), 2 * Group, inputsMax) / Group * Group;

    /// <summary>Copies some inputs of the rows into groups, [groups][total][24], from row <paramref name="place"/> of each group on.</summary>
    public static void Pack(in LeftOperand x, int* rows, int count, int first, int width, float* packed, int place, int total)
    {
        var source = (float*)x.Pointer;
        for (var k = 0; k < count; k++)
        {
            var row = source + rows[k] * x.RowStride;
            var target = packed + ((nint)place + k) * Group;
            for (int at = first, end = first + width; at < end; target += (nint)Group * total)
            {
                for (int filled = 0, group = Math.Min(Group, end - at); filled < group;)
                {
                    var segment = x.SegmentStride == 0 ? 0 : at / (int)x.SegmentCount;
                    var inside = x.SegmentStride == 0 ? at : at - segment * (int)x.SegmentCount;
                    var size = x.SegmentStride == 0 ? group - filled : Math.Min(group - filled, (int)x.SegmentCount - inside);
                    new ReadOnlySpan<float>(row + segment * x.SegmentStride + inside, size).CopyTo(new Span<float>(target + filled, size));
                    at += size;
                    filled += size;
                }
            }
        }
    }
}

/// <summary>Some columns of every panel of a weight, and the gradients they come from.</summary>
/// <param name="Gradients">The gradients, panel by panel.</param>
/// <param name="GateStart">The first gate; the columns before it belong to others.</param>
/// <param name="Gates">How many gates; 0 for all columns.</param>
/// <param name="SkipGates">Gates that stand before the wanted ones in a row of <paramref name="Gradients"/>.</param>
internal readonly record struct GradientColumns(PanelBuffer Gradients, int GateStart, int Gates, int SkipGates)
{
    /// <summary>All columns.</summary>
    public GradientColumns(PanelBuffer gradients)
        : this(gradients, 0, 0, 0)
    {
    }

    /// <summary>The first column and how many there are, in a panel of so many units.</summary>
    public (int Offset, int Size) Of(int units, int columns) => Gates == 0 ? (0, columns) : (GateStart * units, Gates * units);

    /// <summary>Floats to skip in a row of the gradients.</summary>
    public int Skip(int units) => SkipGates * units;
}
