namespace DistRnn.Reference;

/// <summary>y = s(v), E = -sum_d (t_d log y_d + (1 - t_d) log(1 - y_d)); dE/dv_d = y_d - t_d.</summary>
public static class BinaryCrossEntropy
{
    /// <summary>The loss, summed over outputs, and dE/d(logits).</summary>
    /// <param name="logits">v.</param>
    /// <param name="targets">Each from 0 to 1.</param>
    public static (double Loss, double[] Delta) Of(double[] logits, double[] targets)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        var loss = 0.0;
        var delta = new double[logits.Length];
        for (var d = 0; d < logits.Length; d++)
        {
            loss += Math.Max(logits[d], 0) - logits[d] * targets[d] + Math.Log(1 + Math.Exp(-Math.Abs(logits[d])));
            delta[d] = Algebra.Sigmoid(logits[d]) - targets[d];
        }
        return (loss, delta);
    }
}
