namespace DistRnn.Reference;

/// <summary>E = 1/D sum_d (y_d - target_d)^2 over the D values of one row; dE/dy_d = 2/D (y_d - target_d).</summary>
public static class MeanSquaredError
{
    /// <summary>The loss and dE/dy.</summary>
    public static (double Loss, double[] Delta) Of(double[] outputs, double[] targets)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(targets);
        var loss = 0.0;
        var delta = new double[outputs.Length];
        for (var d = 0; d < outputs.Length; d++)
        {
            var error = outputs[d] - targets[d];
            loss += error * error / outputs.Length;
            delta[d] = 2 * error / outputs.Length;
        }
        return (loss, delta);
    }
}
