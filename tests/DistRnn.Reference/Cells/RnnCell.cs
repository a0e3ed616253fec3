namespace DistRnn.Reference;

/// <summary>f of a plain recurrent network.</summary>
public enum RnnFunction
{
    /// <summary>tanh u.</summary>
    Tanh,

    /// <summary>max(0, u).</summary>
    Relu,

    /// <summary>1 / (1 + e^-u).</summary>
    Sigmoid,
}

/// <summary>
/// The recurrent network of the notes: u_t = W_in x_t + W z_{t-1} + b, z_t = f(u_t). PyTorch writes b as the sum of two vectors, whose
/// gradients are equal.
/// </summary>
/// <remarks>
/// With delta_t = dE/du_t = dE/dz_t * f'(u_t): dE/dW_in = sum_t delta_t x_t^T, dE/dW = sum_t delta_t z_{t-1}^T, dE/db = sum_t delta_t,
/// and W^T delta_t is what the step before receives.
/// </remarks>
public sealed class RnnCell : ICell
{
    private readonly RnnFunction _function;
    private readonly Parameter _inputWeight;
    private readonly Parameter _recurrentWeight;
    private readonly Parameter _inputBias;
    private readonly Parameter _recurrentBias;

    /// <summary>Finds its tensors: weight_ih [H, I], weight_hh [H, H], bias_ih and bias_hh [H].</summary>
    public RnnCell(int inputs, int hidden, RnnFunction function, ParameterSet parameters, string prefix, string suffix)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (Inputs, Hidden, _function) = (inputs, hidden, function);
        _inputWeight = parameters.Get($"{prefix}weight_ih_{suffix}", hidden * inputs);
        _recurrentWeight = parameters.Get($"{prefix}weight_hh_{suffix}", hidden * hidden);
        _inputBias = parameters.Get($"{prefix}bias_ih_{suffix}", hidden);
        _recurrentBias = parameters.Get($"{prefix}bias_hh_{suffix}", hidden);
    }

    /// <inheritdoc/>
    public int Hidden { get; }

    /// <inheritdoc/>
    public int Inputs { get; }

    /// <inheritdoc/>
    public bool HasMemory => false;

    /// <inheritdoc/>
    public StepTrace Forward(double[] input, CellState before)
    {
        ArgumentNullException.ThrowIfNull(before);
        var u = new double[Hidden];
        Algebra.Add(_inputBias.Value, u);
        Algebra.Add(_recurrentBias.Value, u);
        Algebra.AddProduct(_inputWeight.Value, input, u);
        Algebra.AddProduct(_recurrentWeight.Value, before.Read, u);
        var z = new double[Hidden];
        for (var j = 0; j < Hidden; j++)
            z[j] = _function switch { RnnFunction.Tanh => Math.Tanh(u[j]), RnnFunction.Relu => Math.Max(0, u[j]), _ => Algebra.Sigmoid(u[j]) };
        return new StepTrace(input, before, new CellState(z, []));
    }

    /// <inheritdoc/>
    public (double[] Input, CellState Before) Backward(StepTrace trace, CellState after)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(after);
        var delta = new double[Hidden];
        for (var j = 0; j < Hidden; j++)
        {
            var z = trace.After.Hidden[j];
            delta[j] = after.Hidden[j] * _function switch { RnnFunction.Tanh => 1 - z * z, RnnFunction.Relu => z > 0 ? 1 : 0, _ => z * (1 - z) };
        }
        Algebra.AddOuterProduct(delta, trace.Input, _inputWeight.Gradient);
        Algebra.AddOuterProduct(delta, trace.Before.Read, _recurrentWeight.Gradient);
        Algebra.Add(delta, _inputBias.Gradient);
        Algebra.Add(delta, _recurrentBias.Gradient);
        var (dx, dh) = (new double[Inputs], new double[Hidden]);
        Algebra.AddTransposedProduct(_inputWeight.Value, delta, dx);
        Algebra.AddTransposedProduct(_recurrentWeight.Value, delta, dh);
        return (dx, new CellState(trace.Before.Masked(dh), []));
    }
}
