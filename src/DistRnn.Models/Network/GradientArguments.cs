using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>What every computer of gradients asks of its arguments.</summary>
internal static class GradientArguments
{
    /// <summary>Throws where they cannot be computed with.</summary>
    /// <param name="parameters">The layout that the computer's parameters have.</param>
    /// <param name="firstShard">The number of the first shard.</param>
    /// <param name="shards">The shards.</param>
    /// <param name="gradient">Where the gradient is to go.</param>
    /// <param name="results">Where the results are to go.</param>
    /// <exception cref="ArgumentException">There are no shards, too few results, or the gradient is of another layout.</exception>
    public static void ThrowIfUnfit(ParameterTable parameters, int firstShard, ReadOnlySpan<SequenceBatch> shards, Gradient gradient, ReadOnlySpan<ShardResult> results)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentOutOfRangeException.ThrowIfNegative(firstShard);
        if (gradient.Parameters.Count != parameters.Count)
            throw new ArgumentException("The gradient is of another network.", nameof(gradient));
        if (results.Length < shards.Length)
            throw new ArgumentException($"There is room for {results.Length} results of {shards.Length} shards.", nameof(results));
        if (shards.IsEmpty)
            throw new ArgumentException("There are no shards.", nameof(shards));
    }
}
