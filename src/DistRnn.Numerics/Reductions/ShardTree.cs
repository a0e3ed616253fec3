using System.Diagnostics.CodeAnalysis;

namespace DistRnn.Numerics;

/// <summary>
/// The gradient tree, written plainly: shards [from, to) split at the largest power of two below to - from, and a node is the sum of its children. A child that
/// is absent (all its shards are empty) is not added: the node is a copy of the other, since -0 + 0 would be +0.
/// </summary>
/// <remarks>
/// What faster code has to agree with, and good enough for anything small. Where it is called for [0, n), every node is an aligned range: its
/// size up to a power of two divides its start.
/// </remarks>
public static class ShardTree
{
    /// <summary>Where a node's right child begins.</summary>
    /// <param name="from">The node's first shard.</param>
    /// <param name="to">The shard behind its last one; at least <paramref name="from"/> + 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">The node has no children.</exception>
    public static int SplitOf(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(to - from, 2, nameof(to));
        return from + (int)(1u << System.Numerics.BitOperations.Log2((uint)(to - from - 1)));
    }

    /// <summary>The sum of a node, if any of its shards is present.</summary>
    /// <typeparam name="T">What is summed.</typeparam>
    /// <param name="from">The node's first shard.</param>
    /// <param name="to">The shard behind its last one.</param>
    /// <param name="leaves">A shard's own value, or false where it is absent; asked once a shard, ascending.</param>
    /// <param name="combine">The sum of a left and a right child.</param>
    /// <param name="sum">The sum, where there is one.</param>
    public static bool TrySum<T>(int from, int to, Leaf<T> leaves, Func<T, T, T> combine, [MaybeNullWhen(false)] out T sum)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        ArgumentNullException.ThrowIfNull(combine);
        if (to - from <= 1)
        {
            sum = default;
            return to > from && leaves(from, out sum);
        }
        var split = SplitOf(from, to);
        var hasLeft = TrySum(from, split, leaves, combine, out var left);
        if (!TrySum(split, to, leaves, combine, out var right))
        {
            sum = left;
            return hasLeft;
        }
        sum = hasLeft ? combine(left!, right) : right;
        return true;
    }

    /// <summary>A shard's own value.</summary>
    /// <typeparam name="T">What is summed.</typeparam>
    /// <param name="shard">The shard.</param>
    /// <param name="value">Its value, where it is present.</param>
    /// <returns>Whether it is present.</returns>
    public delegate bool Leaf<T>(int shard, [MaybeNullWhen(false)] out T value);
}
