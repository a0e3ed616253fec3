namespace DistRnn.Reference;

/// <summary>The output layer of the notes: v_t = W_out z_t + c; dE/dW_out = sum delta_out z^T, dE/dc = sum delta_out.</summary>
public sealed class Dense
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly int _inputs;
    private readonly int _outputs;

    /// <summary>Finds its tensors: weight [outputs, inputs], bias [outputs].</summary>
    /// <param name="inputs">Inputs.</param>
    /// <param name="outputs">Outputs.</param>
    /// <param name="parameters">All tensors.</param>
    /// <param name="prefix">What stands before their names.</param>
    /// <param name="weight">The weight's name where another layer shares it, or null.</param>
    public Dense(int inputs, int outputs, ParameterSet parameters, string prefix, string? weight = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (_inputs, _outputs) = (inputs, outputs);
        _weight = parameters.Get(weight ?? $"{prefix}weight", outputs * inputs);
        _bias = parameters.Get($"{prefix}bias", outputs);
    }

    /// <summary>v, [outputs].</summary>
    public double[] Forward(double[] input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentOutOfRangeException.ThrowIfNotEqual(input.Length, _inputs);
        var v = (double[])_bias.Value.Clone();
        Algebra.AddProduct(_weight.Value, input, v);
        return v;
    }

    /// <summary>Adds to the gradients and returns dE/d(input).</summary>
    /// <param name="input">What <see cref="Forward"/> read.</param>
    /// <param name="delta">dE/dv, [outputs].</param>
    public double[] Backward(double[] input, double[] delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        ArgumentOutOfRangeException.ThrowIfNotEqual(delta.Length, _outputs);
        Algebra.AddOuterProduct(delta, input, _weight.Gradient);
        Algebra.Add(delta, _bias.Gradient);
        var dx = new double[_inputs];
        Algebra.AddTransposedProduct(_weight.Value, delta, dx);
        return dx;
    }
}
