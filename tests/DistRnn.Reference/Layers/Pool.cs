namespace DistRnn.Reference;

/// <summary>What is read of a sequence of outputs.</summary>
public enum PoolKind
{
    /// <summary>The forward half of the last step, and the backward half of the first.</summary>
    Last,

    /// <summary>The mean over steps.</summary>
    Mean,

    /// <summary>The largest over steps, the first where several are equal.</summary>
    Max,

    /// <summary>The mean whose weights are learned: <see cref="AttentionPool"/>, which has parameters.</summary>
    Attention,
}

/// <summary>From a sequence [T][directions * H] to one vector [directions * H], and back.</summary>
public static class Pool
{
    /// <summary>The pooled vector.</summary>
    public static double[] Forward(PoolKind kind, double[][] outputs, int directions)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        var pooled = new double[outputs[0].Length];
        for (var i = 0; i < pooled.Length; i++)
            pooled[i] = kind == PoolKind.Mean ? outputs.Sum(step => step[i]) / outputs.Length : outputs[StepOf(kind, outputs, directions, i)][i];
        return pooled;
    }

    /// <summary>dE/d(outputs), [T][directions * H], from dE/d(pooled).</summary>
    public static double[][] Backward(PoolKind kind, double[][] outputs, int directions, double[] pooled)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(pooled);
        var gradient = outputs.Select(step => new double[step.Length]).ToArray();
        for (var i = 0; i < pooled.Length; i++)
        {
            if (kind != PoolKind.Mean)
                gradient[StepOf(kind, outputs, directions, i)][i] = pooled[i];
            else
                foreach (var step in gradient)
                    step[i] = pooled[i] / outputs.Length;
        }
        return gradient;
    }

    private static int StepOf(PoolKind kind, double[][] outputs, int directions, int unit)
    {
        if (kind == PoolKind.Last)
            return directions == 2 && unit >= outputs[0].Length / 2 ? 0 : outputs.Length - 1;
        var best = 0;
        for (var t = 1; t < outputs.Length; t++)
        {
            if (outputs[t][unit] > outputs[best][unit])
                best = t;
        }
        return best;
    }
}
