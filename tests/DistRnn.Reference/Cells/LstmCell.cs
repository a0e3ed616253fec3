namespace DistRnn.Reference;

/// <summary>
/// Long short-term memory. Its core is the constant error carousel c_t = c_{t-1} + a_t, along which the gradient is 1; an input gate decides what
/// enters, an output gate what is seen, a forget gate what stays (Gers, Schmidhuber and Cummins 2000), and peepholes let the gates see c
/// (Gers and Schmidhuber 2000):
/// <code>
/// i = s(W_i x + U_i h + p_i*c_{t-1} + b_i)    f = s(W_f x + U_f h + p_f*c_{t-1} + b_f)    g = tanh(W_g x + U_g h + b_g)
/// c = f*c_{t-1} + i*g                         o = s(W_o x + U_o h + p_o*c + b_o)          h = o*tanh(c)
/// </code>
/// </summary>
public sealed class LstmCell : ICell
{
    private readonly Parameter _inputWeight;
    private readonly Parameter _recurrentWeight;
    private readonly Parameter _inputBias;
    private readonly Parameter _recurrentBias;
    private readonly Parameter[] _peepholes;

    /// <summary>Finds its tensors: weight_ih [4H, I], weight_hh [4H, H], bias_ih and bias_hh [4H], gates i f g o; weight_ci, weight_cf and weight_co [H].</summary>
    public LstmCell(int inputs, int hidden, bool peepholes, ParameterSet parameters, string prefix, string suffix)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (Inputs, Hidden) = (inputs, hidden);
        _inputWeight = parameters.Get($"{prefix}weight_ih_{suffix}", 4 * hidden * inputs);
        _recurrentWeight = parameters.Get($"{prefix}weight_hh_{suffix}", 4 * hidden * hidden);
        _inputBias = parameters.Get($"{prefix}bias_ih_{suffix}", 4 * hidden);
        _recurrentBias = parameters.Get($"{prefix}bias_hh_{suffix}", 4 * hidden);
        _peepholes = peepholes ? [.. new[] { "ci", "cf", "co" }.Select(gate => parameters.Get($"{prefix}weight_{gate}_{suffix}", hidden))] : [];
    }

    /// <inheritdoc/>
    public int Hidden { get; }

    /// <inheritdoc/>
    public int Inputs { get; }

    /// <inheritdoc/>
    public bool HasMemory => true;

    /// <inheritdoc/>
    public StepTrace Forward(double[] input, CellState before)
    {
        ArgumentNullException.ThrowIfNull(before);
        var a = new double[4 * Hidden];
        Algebra.Add(_inputBias.Value, a);
        Algebra.Add(_recurrentBias.Value, a);
        Algebra.AddProduct(_inputWeight.Value, input, a);
        Algebra.AddProduct(_recurrentWeight.Value, before.Read, a);
        var (i, f, g, o) = (new double[Hidden], new double[Hidden], new double[Hidden], new double[Hidden]);
        var (c, h) = (new double[Hidden], new double[Hidden]);
        for (var j = 0; j < Hidden; j++)
        {
            i[j] = Algebra.Sigmoid(a[j] + Peephole(0, j) * before.Memory[j]);
            f[j] = Algebra.Sigmoid(a[Hidden + j] + Peephole(1, j) * before.Memory[j]);
            g[j] = Math.Tanh(a[2 * Hidden + j]);
            c[j] = f[j] * before.Memory[j] + i[j] * g[j];
            o[j] = Algebra.Sigmoid(a[3 * Hidden + j] + Peephole(2, j) * c[j]);
            h[j] = o[j] * Math.Tanh(c[j]);
        }
        return new StepTrace(input, before, new CellState(h, c), i, f, g, o);
    }

    /// <inheritdoc/>
    public (double[] Input, CellState Before) Backward(StepTrace trace, CellState after)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(after);
        var (i, f, g, o) = (trace.Gates[0], trace.Gates[1], trace.Gates[2], trace.Gates[3]);
        var (before, c) = (trace.Before.Memory, trace.After.Memory);
        var (da, dx, dh, dc) = (new double[4 * Hidden], new double[Inputs], new double[Hidden], new double[Hidden]);
        for (var j = 0; j < Hidden; j++)
        {
            var tanhC = Math.Tanh(c[j]);
            var dao = after.Hidden[j] * tanhC * o[j] * (1 - o[j]);
            var dcj = after.Memory[j] + after.Hidden[j] * o[j] * (1 - tanhC * tanhC) + dao * Peephole(2, j);
            var dai = dcj * g[j] * i[j] * (1 - i[j]);
            var daf = dcj * before[j] * f[j] * (1 - f[j]);
            var dag = dcj * i[j] * (1 - g[j] * g[j]);
            (da[j], da[Hidden + j], da[2 * Hidden + j], da[3 * Hidden + j]) = (dai, daf, dag, dao);
            dc[j] = dcj * f[j] + dai * Peephole(0, j) + daf * Peephole(1, j);
            if (_peepholes.Length == 0)
                continue;
            _peepholes[0].Gradient[j] += dai * before[j];
            _peepholes[1].Gradient[j] += daf * before[j];
            _peepholes[2].Gradient[j] += dao * c[j];
        }
        Algebra.AddOuterProduct(da, trace.Input, _inputWeight.Gradient);
        Algebra.AddOuterProduct(da, trace.Before.Read, _recurrentWeight.Gradient);
        Algebra.Add(da, _inputBias.Gradient);
        Algebra.Add(da, _recurrentBias.Gradient);
        Algebra.AddTransposedProduct(_inputWeight.Value, da, dx);
        Algebra.AddTransposedProduct(_recurrentWeight.Value, da, dh);
        return (dx, new CellState(trace.Before.Masked(dh), dc));
    }

    private double Peephole(int gate, int unit) => _peepholes.Length == 0 ? 0 : _peepholes[gate].Value[unit];
}
