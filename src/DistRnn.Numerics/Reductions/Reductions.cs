using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DistRnn.Numerics;

/// <summary>
/// Long sums, each in a stated order, so that they have one right answer. Element i goes to partial sum i mod 16 in ascending order, in double; then partial sum
/// j takes up j + 8, then j + 4, j + 2 and j + 1. The squared norm does that in each block of <see cref="ParameterTable.BlockCount"/> floats, and adds the
/// blocks by the tree that splits at the largest power of two below their count: so a range of whole blocks can be summed anywhere.
/// </summary>
/// <remarks>Thread-safe; nothing is allocated. All sums of nothing are +0.</remarks>
public static unsafe class Reductions
{
    /// <summary>Partial sums of a long sum.</summary>
    public const int Partials = 16;

    /// <summary>The sum of floats, in double.</summary>
    /// <param name="values">Any floats.</param>
    public static double Sum(ReadOnlySpan<float> values)
    {
        fixed (float* start = values)
            return Sum(start, values.Length);
    }

    /// <summary>The sum of floats, in double.</summary>
    /// <param name="values">The first of them.</param>
    /// <param name="count">How many.</param>
    public static double Sum(float* values, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var (low, high) = (Vector512<double>.Zero, Vector512<double>.Zero);
        var i = 0L;
        for (; i <= count - Partials; i += Partials)
        {
            var (first, second) = Vector512.Widen(Vector512.Load(values + i));
            low += first;
            high += second;
        }
        var partials = stackalloc double[Partials];
        low.Store(partials);
        high.Store(partials + 8);
        for (; i < count; i++)
            partials[i % Partials] += values[i];
        return SumOfPartials(partials);
    }

    /// <summary>The sum of doubles.</summary>
    /// <param name="values">Any doubles.</param>
    public static double Sum(ReadOnlySpan<double> values)
    {
        var partials = stackalloc double[Partials];
        new Span<double>(partials, Partials).Clear();
        for (var i = 0; i < values.Length; i++)
            partials[i % Partials] += values[i];
        return SumOfPartials(partials);
    }

    /// <summary>The sum of the squares of a buffer's floats.</summary>
    /// <param name="values">The buffer.</param>
    public static double SquaredNorm(FloatBuffer values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return SquaredNorm(values.Pointer, values.Count);
    }

    /// <summary>The sum of the squares of floats.</summary>
    /// <param name="values">The first of them, where a block begins.</param>
    /// <param name="count">How many.</param>
    public static double SquaredNorm(float* values, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var tree = default(BlockTree);
        for (var start = 0L; start < count; start += ParameterTable.BlockCount)
            tree.Add(SquaredNormOfBlock(values + start, Math.Min(ParameterTable.BlockCount, count - start)));
        return tree.Sum();
    }

    /// <summary>The squared norms of a range of blocks, for threads and partitions that share the work; <see cref="SumOfBlocks"/> of all of them is <see cref="SquaredNorm(float*, long)"/>.</summary>
    /// <param name="values">The first float of block 0.</param>
    /// <param name="count">Floats of all blocks; the last block may be short.</param>
    /// <param name="firstBlock">The first block of the range.</param>
    /// <param name="norms">A squared norm for each block of the range.</param>
    /// <exception cref="ArgumentOutOfRangeException">A block of the range does not exist.</exception>
    public static void SquaredNormsOfBlocks(float* values, long count, int firstBlock, Span<double> norms)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBlock);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstBlock + (long)norms.Length, (count + ParameterTable.BlockCount - 1) / ParameterTable.BlockCount, nameof(norms));
        for (var i = 0; i < norms.Length; i++)
        {
            var start = (firstBlock + (long)i) * ParameterTable.BlockCount;
            norms[i] = SquaredNormOfBlock(values + start, Math.Min(ParameterTable.BlockCount, count - start));
        }
    }

    /// <summary>The sum of all blocks' values by the tree.</summary>
    /// <param name="blocks">A value a block, from block 0 on.</param>
    public static double SumOfBlocks(ReadOnlySpan<double> blocks)
    {
        var tree = default(BlockTree);
        foreach (var block in blocks)
            tree.Add(block);
        return tree.Sum();
    }

    /// <summary>Whether no float is infinite or NaN.</summary>
    /// <param name="values">Any floats.</param>
    public static bool AllFinite(ReadOnlySpan<float> values)
    {
        fixed (float* start = values)
            return AllFinite(start, values.Length);
    }

    /// <summary>Whether no float is infinite or NaN.</summary>
    /// <param name="values">The first of them.</param>
    /// <param name="count">How many.</param>
    public static bool AllFinite(float* values, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        const int Exponent = 0x7F800000;
        var i = 0L;
        var found = Vector512<int>.Zero;
        for (; i <= count - 16; i += 16)
            found |= Vector512.Equals(Vector512.Load((int*)values + i) & Vector512.Create(Exponent), Vector512.Create(Exponent));
        if (found != Vector512<int>.Zero)
            return false;
        for (; i < count; i++)
        {
            if (!float.IsFinite(values[i]))
                return false;
        }
        return true;
    }

    /// <summary>Adds the squares of whole groups of floats to partial sums, for callers that know where zeros are: those add nothing.</summary>
    /// <param name="values">The first of them, a multiple of <see cref="Partials"/> floats behind a block's beginning.</param>
    /// <param name="groups">Groups of <see cref="Partials"/> floats.</param>
    /// <param name="partials">The partial sums of the block, [<see cref="Partials"/>].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddSquares(float* values, long groups, double* partials)
    {
        var (low, high) = (Vector512.Load(partials), Vector512.Load(partials + 8));
        for (var end = values + groups * Partials; values < end; values += Partials)
        {
            var (first, second) = Vector512.Widen(Vector512.Load(values));
            low += first * first;
            high += second * second;
        }
        low.Store(partials);
        high.Store(partials + 8);
    }

    /// <summary>The sum of partial sums: j takes up j + 8, then j + 4, j + 2 and j + 1. The partial sums are lost.</summary>
    /// <param name="partials">The partial sums, [<see cref="Partials"/>].</param>
    public static double SumOfPartials(double* partials)
    {
        for (var half = Partials / 2; half > 0; half /= 2)
        {
            for (var j = 0; j < half; j++)
                partials[j] += partials[j + half];
        }
        return partials[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SquaredNormOfBlock(float* values, long count)
    {
        // The product of two floats is exact in double.
        var (low, high) = (Vector512<double>.Zero, Vector512<double>.Zero);
        var i = 0L;
        for (; i <= count - Partials; i += Partials)
        {
            var (first, second) = Vector512.Widen(Vector512.Load(values + i));
            low += first * first;
            high += second * second;
        }
        var partials = stackalloc double[Partials];
        low.Store(partials);
        high.Store(partials + 8);
        for (; i < count; i++)
            partials[i % Partials] += (double)values[i] * values[i];
        return SumOfPartials(partials);
    }

    /// <summary>The tree over blocks without recursion: a binary counter whose carries add neighbours of equal size.</summary>
    private struct BlockTree
    {
        private Levels _levels;
        private long _count;

        public void Add(double value)
        {
            var level = BitOperations.TrailingZeroCount(~_count);
            for (var i = 0; i < level; i++)
                value = _levels[i] + value;
            _levels[level] = value;
            _count++;
        }

        public readonly double Sum()
        {
            var sum = 0.0;
            var empty = true;
            for (var level = 0; level < 64; level++)
            {
                if ((_count >> level & 1) == 0)
                    continue;
                sum = empty ? _levels[level] : _levels[level] + sum;
                empty = false;
            }
            return sum;
        }
    }

    [InlineArray(64)]
    private struct Levels
    {
        private double _first;
    }
}
