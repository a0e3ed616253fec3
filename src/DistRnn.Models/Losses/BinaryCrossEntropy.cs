using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The loss of independent yes-no outputs with a sigmoid on top, from the logits x: -(y log s(x) + (1 - y) log(1 - s(x))), computed as
/// max(x, 0) - x y + log(1 + e^-|x|), which neither overflows nor cancels.
/// </summary>
internal static unsafe class BinaryCrossEntropy
{
    /// <summary>One row's loss, and its gradient where asked for.</summary>
    /// <param name="logits">What the network says before the sigmoid, [n].</param>
    /// <param name="targets">0, 1 or a probability between them, [n].</param>
    /// <param name="gradient">Out: dE/d logit = s(x) - y in float32, [n], or null; may be <paramref name="logits"/>.</param>
    /// <param name="count">Values, n, 0 or more.</param>
    /// <returns>The sum over the row in nats, in double: 16 interleaved partial sums.</returns>
    public static double OfRow(float* logits, float* targets, float* gradient, int count)
    {
        var sum = new InterleavedSum();
        for (var i = 0; i < count; i++)
        {
            var (x, y) = (logits[i], targets[i]);
            var positive = x <= 0 ? 0.0 : x;
            var magnitude = x < 0 ? -(double)x : x;
            sum.Add(positive - (double)x * y + ScalarMath.Log(1 + ScalarMath.Exp(-magnitude)));
            if (gradient != null)
                gradient[i] = VectorMath.Sigmoid<SimdScalar, float>(x) - y;
        }
        return sum.Total;
    }
}
