namespace DistRnn.Reference;

/// <summary>
/// The gated recurrent unit (Cho et al. 2014):
/// <code>
/// r = s(W_r x + U_r h + b_r)   z = s(W_z x + U_z h + b_z)   h' = (1-z)*n + z*h
/// n = tanh(W_n x + b_n + r*(U_n h + b_hn))      reset after the product: PyTorch, cuDNN
/// n = tanh(W_n x + b_n + U_n (r*h) + b_hn)      the textbook form; its two biases add up
/// </code>
/// </summary>
public sealed class GruCell : ICell
{
    private readonly bool _resetAfter;
    private readonly Parameter _inputWeight;
    private readonly Parameter _recurrentWeight;
    private readonly Parameter _inputBias;
    private readonly Parameter _recurrentBias;

    /// <summary>Finds its tensors: weight_ih [3H, I], weight_hh [3H, H], bias_ih and bias_hh [3H], gates r z n.</summary>
    public GruCell(int inputs, int hidden, bool resetAfter, ParameterSet parameters, string prefix, string suffix)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (Inputs, Hidden, _resetAfter) = (inputs, hidden, resetAfter);
        _inputWeight = parameters.Get($"{prefix}weight_ih_{suffix}", 3 * hidden * inputs);
        _recurrentWeight = parameters.Get($"{prefix}weight_hh_{suffix}", 3 * hidden * hidden);
        _inputBias = parameters.Get($"{prefix}bias_ih_{suffix}", 3 * hidden);
        _recurrentBias = parameters.Get($"{prefix}bias_hh_{suffix}", 3 * hidden);
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
        var (h, read) = (before.Hidden, before.Read);
        var (fromInput, fromState) = ((double[])_inputBias.Value.Clone(), (double[])_recurrentBias.Value.Clone());
        Algebra.AddProduct(_inputWeight.Value, input, fromInput);
        Algebra.AddProduct(_recurrentWeight.Value, read, fromState);
        var (r, z, n, candidate, after) = (new double[Hidden], new double[Hidden], new double[Hidden], new double[Hidden], new double[Hidden]);
        for (var j = 0; j < Hidden; j++)
        {
            r[j] = Algebra.Sigmoid(fromInput[j] + fromState[j]);
            z[j] = Algebra.Sigmoid(fromInput[Hidden + j] + fromState[Hidden + j]);
        }
        for (var j = 0; j < Hidden; j++)
        {
            candidate[j] = fromState[2 * Hidden + j];
            if (!_resetAfter)
            {
                candidate[j] = _recurrentBias.Value[2 * Hidden + j];
                for (var k = 0; k < Hidden; k++)
                    candidate[j] += _recurrentWeight.Value[(2 * Hidden + j) * Hidden + k] * (r[k] * read[k]);
            }
            n[j] = Math.Tanh(fromInput[2 * Hidden + j] + (_resetAfter ? r[j] : 1) * candidate[j]);
            after[j] = (1 - z[j]) * n[j] + z[j] * h[j];
        }
        return new StepTrace(input, before, new CellState(after, []), r, z, n, candidate);
    }

    /// <inheritdoc/>
    public (double[] Input, CellState Before) Backward(StepTrace trace, CellState after)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(after);
        var (r, z, n, candidate, h) = (trace.Gates[0], trace.Gates[1], trace.Gates[2], trace.Gates[3], trace.Before.Hidden);
        var (read, dRead) = (trace.Before.Read, new double[Hidden]);
        var (dInput, dState, dx, dh) = (new double[3 * Hidden], new double[3 * Hidden], new double[Inputs], new double[Hidden]);
        var dr = new double[Hidden];
        for (var j = 0; j < Hidden; j++)
        {
            var dn = after.Hidden[j] * (1 - z[j]) * (1 - n[j] * n[j]);
            var dz = after.Hidden[j] * (h[j] - n[j]) * z[j] * (1 - z[j]);
            dh[j] = after.Hidden[j] * z[j];
            (dInput[Hidden + j], dState[Hidden + j]) = (dz, dz);
            (dInput[2 * Hidden + j], dState[2 * Hidden + j]) = (dn, _resetAfter ? dn * r[j] : dn);
            dr[j] = _resetAfter ? dn * candidate[j] : 0;
        }
        if (!_resetAfter)
            BackwardThroughReset(dState, r, read, dr, dRead);
        for (var j = 0; j < Hidden; j++)
            dInput[j] = dState[j] = dr[j] * r[j] * (1 - r[j]);
        var recurrentRows = (_resetAfter ? 3 : 2) * Hidden;
        Algebra.AddOuterProduct(dInput, trace.Input, _inputWeight.Gradient);
        Algebra.AddOuterProduct(dState[..recurrentRows], read, _recurrentWeight.Gradient);
        Algebra.Add(dInput, _inputBias.Gradient);
        Algebra.Add(dState, _recurrentBias.Gradient);
        Algebra.AddTransposedProduct(_inputWeight.Value, dInput, dx);
        Algebra.AddTransposedProduct(_recurrentWeight.Value, dState[..recurrentRows], dRead);
        Algebra.Add(trace.Before.Masked(dRead), dh);
        return (dx, new CellState(dh, []));
    }

    /// <summary>The textbook form: U_n multiplies r*h, so its gradient is dn (r*h)^T, and U_n^T dn is shared out to r and h.</summary>
    private void BackwardThroughReset(double[] dState, double[] r, double[] h, double[] dr, double[] dh)
    {
        for (var k = 0; k < Hidden; k++)
        {
            var dProduct = 0.0;
            for (var j = 0; j < Hidden; j++)
            {
                var element = (2 * Hidden + j) * Hidden + k;
                dProduct += _recurrentWeight.Value[element] * dState[2 * Hidden + j];
                _recurrentWeight.Gradient[element] += dState[2 * Hidden + j] * r[k] * h[k];
            }
            dr[k] = dProduct * h[k];
            dh[k] += dProduct * r[k];
        }
    }
}
