using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>The squared norm of some neighbouring blocks that are a node of the tree over all blocks.</summary>
/// <param name="First">The first block.</param>
/// <param name="Count">Blocks, a power of two that divides <paramref name="First"/>.</param>
/// <param name="Value">The sum of the squares.</param>
public readonly record struct BlockSum(int First, int Count, double Value);

/// <summary>
/// The squared gradient norm, put together from partitions: each hands over the sums of the largest aligned groups of its blocks, about 2 log2(blocks) of
/// them, and the rest of the tree is added here. The value is that of <see cref="Reductions.SumOfBlocks"/> to the bit, however the vector was cut.
/// </summary>
public static class BlockSums
{
    /// <summary>The sums of a partition's blocks.</summary>
    /// <param name="firstBlock">Its first block.</param>
    /// <param name="norms">A squared norm for each of its blocks.</param>
    public static ImmutableArray<BlockSum> Of(int firstBlock, ReadOnlySpan<double> norms)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBlock);
        var sums = ImmutableArray.CreateBuilder<BlockSum>();
        var (next, end) = (firstBlock, firstBlock + norms.Length);
        while (next < end)
        {
            var size = next == 0 ? 1 << 30 : next & -next;
            while (size > end - next)
                size /= 2;
            sums.Add(new BlockSum(next, size, Reductions.SumOfBlocks(norms.Slice(next - firstBlock, size))));
            next += size;
        }
        return sums.ToImmutable();
    }

    /// <summary>The sum over all blocks.</summary>
    /// <param name="blocks">Blocks of the whole vector.</param>
    /// <param name="sums">What the partitions handed over, in any order.</param>
    /// <exception cref="ArgumentException">A block is missing.</exception>
    public static double Total(int blocks, IEnumerable<BlockSum> sums)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        ArgumentNullException.ThrowIfNull(sums);
        if (blocks == 0)
            return 0;
        var byRange = new Dictionary<(int, int), double>();
        foreach (var sum in sums)
            byRange[(sum.First, sum.Count)] = sum.Value;
        return Node(byRange, 0, blocks);
    }

    private static double Node(Dictionary<(int, int), double> sums, int from, int to)
    {
        if (sums.TryGetValue((from, to - from), out var value))
            return value;
        if (to - from == 1)
            throw new ArgumentException(FormattableString.Invariant($"The sum of block {from} is missing."));
        var split = ShardTree.SplitOf(from, to);
        return Node(sums, from, split) + Node(sums, split, to);
    }
}
