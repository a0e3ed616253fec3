using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Protocol;

/// <summary>Runs the pieces of a loop, in any order and by any threads. The pieces write different memory, so who runs them cannot change a bit.</summary>
public interface IPieceRunner
{
    /// <summary>Runs the pieces 0 to <paramref name="pieces"/> - 1 and returns when all are done.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="piece">Runs one of them.</param>
    void Run(int pieces, Action<int> piece);
}

/// <summary>Runs pieces one after another on the caller's thread.</summary>
public sealed class SequentialRunner : IPieceRunner
{
    /// <summary>The only one that is needed.</summary>
    public static SequentialRunner Instance { get; } = new();

    /// <inheritdoc/>
    public void Run(int pieces, Action<int> piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        for (var i = 0; i < pieces; i++)
            piece(i);
    }
}

/// <summary>Rounds floats in place, as a codec that has one right answer asks of every node of the gradient tree.</summary>
/// <param name="values">The floats.</param>
public delegate void FloatRounding(Span<float> values);

/// <summary>What a parameter server computes: sums of two gradients, squared norms of blocks, updates. It knows floats and rows, no layer.</summary>
/// <param name="runner">Who runs the pieces.</param>
public sealed unsafe class PartitionArithmetic(IPieceRunner runner)
{
    private const long PieceCount = 16 * ParameterTable.BlockCount;

    /// <summary>The sum of two neighbours in the gradient tree: rows of both are added, rows of one are copied, an absent child is not added.</summary>
    /// <param name="left">The left child.</param>
    /// <param name="right">The right child; of the same partition.</param>
    /// <param name="destination">Room for the partition's floats; neither child's memory.</param>
    /// <param name="rounding">Rounds every sum where the codec asks that of each node of the tree; null for none.</param>
    /// <param name="release">Called when the sum's memory is no longer needed.</param>
    public GradientPart Sum(GradientPart left, GradientPart right, float* destination, FloatRounding? rounding, Action? release)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        if (left.IsAbsent || right.IsAbsent)
            throw new ArgumentException("An absent child is not added: pass the other one on.", nameof(left));
        var layout = left.Layout;
        foreach (var section in layout.Dense)
            AddRange(left.At(section.First), right.At(section.First), destination + (section.First - layout.First), section.Count, rounding);
        var rows = ImmutableArray.CreateBuilder<ImmutableArray<int>>(layout.Sparse.Length);
        for (var i = 0; i < layout.Sparse.Length; i++)
            rows.Add(SumRows(layout.Sparse[i], left, right, i, destination - layout.First, rounding));
        return new GradientPart(layout, destination, rows.MoveToImmutable(), false, release);
    }

    /// <summary>The squared norm of each block of a partition; rows that are not present count as +0.</summary>
    /// <param name="part">A gradient.</param>
    public double[] SquaredNorms(GradientPart part)
    {
        ArgumentNullException.ThrowIfNull(part);
        var layout = part.Layout;
        var norms = new double[layout.Blocks];
        if (part.IsAbsent)
            return norms;
        var blocksPerPiece = (int)(PieceCount / ParameterTable.BlockCount);
        runner.Run((layout.Blocks + blocksPerPiece - 1) / blocksPerPiece, piece =>
        {
            var scratch = stackalloc float[ParameterTable.BlockCount];
            for (var block = piece * blocksPerPiece; block < Math.Min(layout.Blocks, (piece + 1) * blocksPerPiece); block++)
                norms[block] = SquaredNorm(part, block, scratch);
        });
        return norms;
    }

    /// <summary>Updates a partition's parameters and optimiser state. In meaning the gradient is dense: rows that are not present are +0.</summary>
    /// <param name="step">The update's constants.</param>
    /// <param name="gradient">The gradient's sum.</param>
    /// <param name="parameters">The partition's floats.</param>
    /// <param name="state">The optimiser's vectors of the partition.</param>
    public void Update(UpdateStep step, GradientPart gradient, FloatBuffer parameters, OptimizerState state)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(state);
        var layout = gradient.Layout;
        var state0 = state.Vectors.Length > 0 ? state.Vectors[0].Pointer : null;
        var state1 = state.Vectors.Length > 1 ? state.Vectors[1].Pointer : null;
        var zeros = new FloatBuffer(ParameterTable.BlockCount);
        using (zeros)
        {
            if (gradient.IsAbsent)
            {
                ApplyZeros(layout.First, layout.Count);
                return;
            }
            foreach (var section in layout.Dense)
                Pieces(section.Count, (start, count) => Apply(section.First + start, gradient.At(section.First + start), count));
            for (var i = 0; i < layout.Sparse.Length; i++)
                UpdateRows(layout.Sparse[i], gradient.Rows[i]);
        }

        void UpdateRows(SparseSection section, ImmutableArray<int> rows)
        {
            const int RowsPerPiece = 256;
            runner.Run((rows.Length + RowsPerPiece - 1) / RowsPerPiece, piece =>
            {
                foreach (var row in rows.AsSpan()[(piece * RowsPerPiece)..Math.Min(rows.Length, (piece + 1) * RowsPerPiece)])
                {
                    var (first, count) = section.RowRange(row);
                    Apply(first, gradient.At(first), count);
                }
            });
            if (step.Rule.IsIdleOnZeroGradient)
                return;
            var next = section.First;
            foreach (var row in rows)
            {
                var (first, count) = section.RowRange(row);
                ApplyZeros(next, first - next);
                next = first + count;
            }
            ApplyZeros(next, section.First + section.Count - next);
        }

        void ApplyZeros(long first, long count)
        {
            if (step.Rule.IsIdleOnZeroGradient)
                return;
            Pieces(count, (start, length) =>
            {
                for (var at = 0L; at < length; at += ParameterTable.BlockCount)
                    Apply(first + start + at, zeros.Pointer, Math.Min(ParameterTable.BlockCount, length - at));
            });
        }

        void Apply(long first, float* from, long count)
        {
            var at = first - layout.First;
            step.Update(parameters.Pointer + at, from, state0 is null ? null : state0 + at, state1 is null ? null : state1 + at, count);
        }
    }

    private static double SquaredNorm(GradientPart part, int block, float* scratch)
    {
        var layout = part.Layout;
        var first = layout.First + (long)block * ParameterTable.BlockCount;
        var count = Math.Min(ParameterTable.BlockCount, layout.First + layout.Count - first);
        var norm = 0.0;
        foreach (var section in layout.Dense)
        {
            if (section.First <= first && first + count <= section.First + section.Count)
            {
                Reductions.SquaredNormsOfBlocks(part.At(first), count, 0, new Span<double>(ref norm));
                return norm;
            }
        }
        Gather(part, first, count, scratch);
        Reductions.SquaredNormsOfBlocks(scratch, count, 0, new Span<double>(ref norm));
        return norm;
    }

    private static void Gather(GradientPart part, long first, long count, float* scratch)
    {
        new Span<float>(scratch, (int)count).Clear();
        foreach (var section in part.Layout.Dense)
            Copy(section.First, section.Count);
        for (var i = 0; i < part.Rows.Length; i++)
        {
            var section = part.Layout.Sparse[i];
            if (section.First >= first + count || section.First + section.Count <= first)
                continue;
            var rows = part.Rows[i].AsSpan();
            var start = rows.BinarySearch((int)Math.Max(0, (first - section.TensorOffset) / section.RowSize));
            for (var r = start < 0 ? ~start : start; r < rows.Length; r++)
            {
                var (rowFirst, rowCount) = section.RowRange(rows[r]);
                if (rowFirst >= first + count)
                    break;
                Copy(rowFirst, rowCount);
            }
        }

        void Copy(long from, long length)
        {
            var (start, end) = (Math.Max(from, first), Math.Min(from + length, first + count));
            if (start < end)
                new ReadOnlySpan<float>(part.At(start), (int)(end - start)).CopyTo(new Span<float>(scratch + (start - first), (int)(end - start)));
        }
    }

    private static ImmutableArray<int> SumRows(SparseSection section, GradientPart left, GradientPart right, int index, float* destination, FloatRounding? rounding)
    {
        var (mine, theirs) = (left.Rows[index], right.Rows[index]);
        var union = ImmutableArray.CreateBuilder<int>(mine.Length + theirs.Length);
        for (int i = 0, j = 0; i < mine.Length || j < theirs.Length;)
        {
            var fromLeft = j == theirs.Length || i < mine.Length && mine[i] <= theirs[j];
            var fromRight = i == mine.Length || j < theirs.Length && theirs[j] <= mine[i];
            var row = fromLeft ? mine[i] : theirs[j];
            var (first, count) = section.RowRange(row);
            if (fromLeft && fromRight)
                Add(left.At(first), right.At(first), destination + first, count, rounding);
            else
                new ReadOnlySpan<float>((fromLeft ? left : right).At(first), count).CopyTo(new Span<float>(destination + first, count));
            union.Add(row);
            i += fromLeft ? 1 : 0;
            j += fromRight ? 1 : 0;
        }
        return union.ToImmutable();
    }

    private static void Add(float* left, float* right, float* sum, long count, FloatRounding? rounding)
    {
        var i = 0L;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
                (Vector512.Load(left + i) + Vector512.Load(right + i)).Store(sum + i);
        }
        for (; i <= count - Vector128<float>.Count; i += Vector128<float>.Count)
            (Vector128.Load(left + i) + Vector128.Load(right + i)).Store(sum + i);
        for (; i < count; i++)
            sum[i] = left[i] + right[i];
        rounding?.Invoke(new Span<float>(sum, (int)count));
    }

    private void AddRange(float* left, float* right, float* sum, long count, FloatRounding? rounding) =>
        Pieces(count, (start, length) => Add(left + start, right + start, sum + start, length, rounding));

    private void Pieces(long count, Action<long, long> body)
    {
        if (count <= 0)
            return;
        runner.Run((int)((count + PieceCount - 1) / PieceCount), piece => body(piece * PieceCount, Math.Min(PieceCount, count - piece * PieceCount)));
    }
}
