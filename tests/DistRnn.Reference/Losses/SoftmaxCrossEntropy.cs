namespace DistRnn.Reference;

/// <summary>y = softmax(v), E = -w_class log y_class, in nats; dE/dv = w_class (y - 1_class).</summary>
public static class SoftmaxCrossEntropy
{
    /// <summary>The probabilities of logits.</summary>
    public static double[] Probabilities(double[] logits)
    {
        var max = logits.Max();
        var exponentials = logits.Select(v => Math.Exp(v - max)).ToArray();
        var sum = exponentials.Sum();
        return [.. exponentials.Select(e => e / sum)];
    }

    /// <summary>The loss and dE/d(logits).</summary>
    /// <param name="logits">v, [classes].</param>
    /// <param name="target">The right class.</param>
    /// <param name="weight">Its weight.</param>
    public static (double Loss, double[] Delta) Of(double[] logits, int target, double weight)
    {
        ArgumentNullException.ThrowIfNull(logits);
        var max = logits.Max();
        var loss = weight * (max + Math.Log(logits.Sum(v => Math.Exp(v - max))) - logits[target]);
        var delta = Probabilities(logits);
        delta[target] -= 1;
        return (loss, [.. delta.Select(d => weight * d)]);
    }
}
