using Xunit;

namespace DistRnn.Numerics.Tests;

/// <summary>Every kernel against plain loops of fused multiply-adds, to the bit. Buffers are over-long and filled with NaN, so that what is read by mistake shows.</summary>
public sealed unsafe class MatrixKernelsTests
{
    public static readonly TheoryData<SimdWidth> Widths = [.. SimdWidths.Available];

    [Theory]
    [MemberData(nameof(Widths))]
    public void Multiply_RandomShapes_HasTheBitsOfPlainLoops(SimdWidth width)
    {
        var kernels = MatrixKernels.Create(width);
        Assert.Equal(width, kernels.Width);
        for (ulong trial = 0; trial < 160; trial++)
        {
            var draw = new Draws(trial);
            var (rows, depth, columns) = (draw.Next(1, 40), draw.Next(1, trial % 4 == 0 ? 300 : 40), draw.Next(1, 64));
            var segment = draw.Next(1, depth + 5);
            var segmentStride = segment + draw.Next(0, 9);
            var aStride = (depth + segment - 1) / segment * segmentStride + draw.Next(0, 5);
            var (wStride, cStride) = (columns + draw.Next(0, 20), (columns + 15) / 16 * 16 + draw.Next(0, 17));
            using var a = Garbage(rows * aStride);
            using var w = Garbage(depth * wStride);
            using var c = Garbage(rows * cStride + 64);
            for (var row = 0; row < rows; row++)
                for (var k = 0; k < depth; k++)
                    a.Pointer[row * aStride + k / segment * segmentStride + k % segment] = draw.NextFloat();
            for (var k = 0; k < depth; k++)
                for (var column = 0; column < columns; column++)
                    w.Pointer[k * wStride + column] = draw.NextFloat();
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column++)
                    c.Pointer[row * cStride + column] = draw.NextFloat();
            var expected = new float[rows * columns];
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column++)
                {
                    var sum = c.Pointer[row * cStride + column];
                    for (var k = 0; k < depth; k++)
                        sum = MathF.FusedMultiplyAdd(a.Pointer[row * aStride + k / segment * segmentStride + k % segment], w.Pointer[k * wStride + column], sum);
                    expected[row * columns + column] = sum;
                }
            var left = segment >= depth ? new LeftOperand(a.Pointer, aStride) : new LeftOperand(a.Pointer, aStride, segment, segmentStride);
            kernels.Multiply(left, rows, depth, w.Pointer, wStride, columns, c.Pointer, cStride);
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column++)
                    AssertBits(expected[row * columns + column], c.Pointer[row * cStride + column], $"trial {trial}: {rows} x {depth} x {columns}, segment {segment}, at {row}, {column}");
            for (var i = rows * cStride; i < c.Count; i++)
                Assert.True(float.IsNaN(c.Pointer[i]), $"trial {trial} wrote behind the last row.");
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Multiply_RowsAndColumnsInParts_HasTheBitsOfTheWhole(SimdWidth width)
    {
        var kernels = MatrixKernels.Create(width);
        const int Rows = 23, Depth = 50, Columns = 64;
        var draw = new Draws(1);
        using var a = Filled(Rows * Depth, draw);
        using var w = Filled(Depth * Columns, draw);
        using var whole = Filled(Rows * Columns, draw);
        using var parts = new FloatBuffer(Rows * Columns);
        parts.CopyFrom(whole);
        kernels.Multiply(new LeftOperand(a.Pointer, Depth), Rows, Depth, w.Pointer, Columns, Columns, whole.Pointer, Columns);
        foreach (var (row, rows) in new[] { (0, 1), (1, 5), (6, 17) })
            for (var column = 0; column < Columns; column += 16)
                foreach (var (k, depth) in new[] { (0, 7), (7, 43) })
                    kernels.Multiply(new LeftOperand(a.Pointer + k, Depth).From(row), rows, depth, w.Pointer + k * Columns + column, Columns, 16, parts.Pointer + row * Columns + column, Columns);
        Assert.Equal(whole.Span, parts.Span);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Multiply_NothingToDo_LeavesTheOutput(SimdWidth width)
    {
        using var c = Garbage(64);
        c.Span.Fill(3);
        MatrixKernels.Create(width).Multiply(new LeftOperand(c.Pointer, 0), 1, 0, c.Pointer, 16, 16, c.Pointer, 16);
        MatrixKernels.Create(width).Multiply(new LeftOperand(c.Pointer, 0), 0, 1, c.Pointer, 16, 16, c.Pointer, 16);
        Assert.All(c.Span.ToArray(), value => Assert.Equal(3, value));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void SumOuterProducts_RandomShapesAndShards_HasTheBitsOfPlainLoops(SimdWidth width)
    {
        var kernels = MatrixKernels.Create(width);
        using var scratch = Garbage(MatrixKernels.ScratchFloats);
        var absent = 0;
        for (ulong trial = 0; trial < 160; trial++)
        {
            var draw = new Draws(1000 + trial);
            var (inputs, columns, shards) = (draw.Next(1, 60), draw.Next(1, 64), draw.Next(1, trial % 3 == 0 ? 9 : 3));
            var goOn = shards == 1 && draw.Next(0, 1) == 1;
            var sourceRows = draw.Next(1, 60);
            var (aStride, bStride, dStride) = (inputs + draw.Next(0, 9), columns + draw.Next(0, 9), columns + draw.Next(0, 9));
            using var a = Garbage(sourceRows * aStride);
            using var b = Garbage(sourceRows * bStride);
            using var d = Garbage(inputs * dStride);
            for (var row = 0; row < sourceRows; row++)
            {
                for (var i = 0; i < inputs; i++)
                    a.Pointer[row * aStride + i] = draw.NextFloat();
                for (var i = 0; i < columns; i++)
                    b.Pointer[row * bStride + i] = draw.NextFloat();
            }
            for (var i = 0; i < inputs; i++)
                for (var j = 0; j < columns; j++)
                    d.Pointer[i * dStride + j] = goOn ? draw.NextFloat() : float.NaN;
            var present = new bool[shards];
            var offsets = new int[shards + 1];
            for (var shard = 0; shard < shards; shard++)
            {
                present[shard] = goOn || draw.Next(0, 3) > 0;
                absent += present[shard] ? 0 : 1;
                // A shard may be present and have no rows here: its sum is +0 then, not absent.
                offsets[shard + 1] = offsets[shard] + (present[shard] ? draw.Next(0, trial % 10 == 0 ? 300 : 30) : 0);
            }
            var left = Enumerable.Range(0, offsets[shards]).Select(_ => draw.Next(0, sourceRows - 1)).ToArray();
            var right = Enumerable.Range(0, offsets[shards]).Select(_ => draw.Next(0, sourceRows - 1)).ToArray();
            var expected = new float[inputs * columns];
            for (var i = 0; i < inputs; i++)
                for (var j = 0; j < columns; j++)
                {
                    var (row, column) = (i, j);
                    bool Leaf(int shard, out float sum)
                    {
                        sum = goOn ? d.Pointer[row * dStride + column] : 0;
                        for (var k = offsets[shard]; k < offsets[shard + 1]; k++)
                            sum = MathF.FusedMultiplyAdd(a.Pointer[left[k] * aStride + row], b.Pointer[right[k] * bStride + column], sum);
                        return present[shard];
                    }
                    expected[i * columns + j] = ShardTree.TrySum<float>(0, shards, Leaf, (x, y) => x + y, out var total) ? total : 0;
                }
            const int Group = MatrixKernels.GroupInputs;
            using var grouped = Garbage((inputs + Group - 1) / Group * Group * sourceRows);
            for (var row = 0; row < sourceRows; row++)
                for (var i = 0; i < inputs; i++)
                    grouped.Pointer[(i / Group * sourceRows + row) * Group + i % Group] = a.Pointer[row * aStride + i];
            fixed (int* l = left, r = right, o = offsets)
            fixed (bool* p = present)
            {
                // Arrays without elements have no address, and then no kernel reads them.
                var rows = new ShardRows(l, r, o, p, shards);
                if (trial % 2 == 0)
                    kernels.SumOuterProducts(a.Pointer, aStride, inputs, b.Pointer, bStride, columns, rows, d.Pointer, dStride, goOn, scratch.Pointer);
                else
                    kernels.SumOuterProducts(grouped.Pointer, Group, Group * sourceRows, inputs, b.Pointer, bStride, columns, rows, d.Pointer, dStride, goOn, scratch.Pointer);
            }
            for (var i = 0; i < inputs; i++)
                for (var j = 0; j < dStride; j++)
                {
                    var value = d.Pointer[i * dStride + j];
                    if (j < columns)
                        AssertBits(expected[i * columns + j], value, $"trial {trial}: {inputs} x {columns}, {shards} shards, at {i}, {j}");
                    else
                        Assert.True(float.IsNaN(value), $"trial {trial} wrote between rows.");
                }
        }
        Assert.True(absent > 40);
    }

    private static void AssertBits(float expected, float actual, string where)
    {
        if (BitConverter.SingleToInt32Bits(expected) != BitConverter.SingleToInt32Bits(actual))
            Assert.Fail($"{where}: expected {expected:r}, got {actual:r}.");
    }

    private static FloatBuffer Garbage(long count)
    {
        var buffer = new FloatBuffer(count);
        new Span<float>(buffer.Pointer, (int)count + FloatBuffer.MarginCount).Fill(float.NaN);
        return buffer;
    }

    private static FloatBuffer Filled(int count, Draws draw)
    {
        var buffer = new FloatBuffer(count);
        for (var i = 0; i < count; i++)
            buffer.Pointer[i] = draw.NextFloat();
        return buffer;
    }

    private sealed class Draws(ulong seed)
    {
        private readonly Philox _philox = new(seed, PhiloxPurpose.Synthesize, 0);
        private ulong _next;

        public int Next(int least, int most) => least + _philox.Below(_next++, most - least + 1);

        public float NextFloat() => _philox.Uniform(_next++) * 2 - 1;
    }
}
