namespace DistRnn.Models;

/// <summary>
/// The loss of real values: for a row of n values y and predictions p = output + base, the mean of (p - y)^2. What a shard reports is the sum of it
/// over its rows.
/// </summary>
internal static unsafe class MeanSquaredError
{
    /// <summary>One row's loss, and its gradient where asked for.</summary>
    /// <param name="outputs">What the network says, [n].</param>
    /// <param name="baseValues">The known forecast that it corrects, [n], or null for none.</param>
    /// <param name="targets">The true values, [n].</param>
    /// <param name="gradient">Out: dE/d output, [n], or null; may be <paramref name="outputs"/>. In float32: d = (output + base) - y, then (2 * d) / n.</param>
    /// <param name="count">Values, n, at least 1.</param>
    /// <returns>The mean of double(d) squared: 16 interleaved partial sums, then one division by n.</returns>
    public static double OfRow(float* outputs, float* baseValues, float* targets, float* gradient, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var sum = new InterleavedSum();
        for (var i = 0; i < count; i++)
        {
            var prediction = baseValues == null ? outputs[i] : outputs[i] + baseValues[i];
            var difference = prediction - targets[i];
            sum.Add((double)difference * difference);
            if (gradient != null)
                gradient[i] = 2 * difference / count;
        }
        return sum.Total / count;
    }
}
