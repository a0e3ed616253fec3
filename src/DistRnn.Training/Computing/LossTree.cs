using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Sums over shards by the gradient tree: [a, b) splits at the largest power of two below b - a, and an empty shard is not added.</summary>
internal static class LossTree
{
    /// <summary>The losses of neighbouring shards, the first of which begins a subtree.</summary>
    /// <param name="results">The shards, in order.</param>
    public static double Sum(ReadOnlySpan<ShardResult> results) => Node(results) ?? 0;

    /// <summary>Figures of all shards.</summary>
    /// <param name="figures">A figure a shard; NaN takes part like any number.</param>
    public static double Sum(ReadOnlySpan<double> figures)
    {
        if (figures.Length <= 1)
            return figures.Length == 0 ? 0 : figures[0];
        var middle = ShardTree.SplitOf(0, figures.Length);
        return Sum(figures[..middle]) + Sum(figures[middle..]);
    }

    private static double? Node(ReadOnlySpan<ShardResult> results)
    {
        if (results.Length == 0)
            return null;
        if (results.Length == 1)
            return results[0].Sequences == 0 ? null : results[0].Loss;
        var middle = ShardTree.SplitOf(0, results.Length);
        return (Node(results[..middle]), Node(results[middle..])) switch
        {
            (double left, double right) => left + right,
            (double left, null) => left,
            (null, var right) => right,
        };
    }
}
