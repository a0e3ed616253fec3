namespace DistRnn.Reference;

/// <summary>The scores of attention.</summary>
public enum ReferenceScore
{
    /// <summary>None at all.</summary>
    None,

    /// <summary>q . m.</summary>
    Dot,

    /// <summary>q . m / sqrt(units of q).</summary>
    ScaledDot,

    /// <summary>q . W m.</summary>
    General,

    /// <summary>v . tanh(W_q q + W_m m).</summary>
    Additive,
}

/// <summary>
/// Attention of one state q over a sequence of states m_s: w = softmax of the scores, c = sum_s w_s m_s (Bahdanau et al. 2015, Luong et al. 2015).
/// </summary>
public sealed class ReferenceAttention
{
    private readonly ReferenceScore _score;
    private readonly int _query;
    private readonly int _memory;
    private readonly int _units;
    private readonly Parameter? _weight;
    private readonly Parameter? _weightQ;
    private readonly Parameter? _weightM;
    private readonly Parameter? _v;

    /// <summary>Finds its tensors: weight [query, memory]; weight_q [units, query], weight_m [units, memory] and v [units].</summary>
    public ReferenceAttention(ReferenceScore score, int query, int memory, int units, ParameterSet parameters, string prefix)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (_score, _query, _memory, _units) = (score, query, memory, units);
        if (score == ReferenceScore.General)
            _weight = parameters.Get($"{prefix}weight", query * memory);
        if (score == ReferenceScore.Additive)
        {
            _weightQ = parameters.Get($"{prefix}weight_q", units * query);
            _weightM = parameters.Get($"{prefix}weight_m", units * memory);
            _v = parameters.Get($"{prefix}v", units);
        }
    }

    private double Scale => _score == ReferenceScore.ScaledDot ? 1 / Math.Sqrt(_query) : 1;

    /// <summary>The context, [memory], and the weights, [S].</summary>
    public (double[] Context, double[] Weights) Forward(double[] query, double[][] memory)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(memory);
        var weights = SoftmaxCrossEntropy.Probabilities([.. memory.Select(m => ScoreOf(query, m))]);
        var context = new double[_memory];
        for (var s = 0; s < memory.Length; s++)
            for (var k = 0; k < context.Length; k++)
                context[k] += weights[s] * memory[s][k];
        return (context, weights);
    }

    /// <summary>Adds to the gradients of its tensors and of the memory, and returns dE/dq.</summary>
    /// <param name="query">q.</param>
    /// <param name="memory">m.</param>
    /// <param name="weights">w, of the forward pass.</param>
    /// <param name="context">dE/d(context).</param>
    /// <param name="weightGradient">dE/d(weights) from elsewhere, or null.</param>
    /// <param name="memoryGradient">What dE/dm is added to.</param>
    public double[] Backward(double[] query, double[][] memory, double[] weights, double[] context, double[]? weightGradient, double[][] memoryGradient)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(memoryGradient);
        var dw = weightGradient is null ? new double[weights.Length] : (double[])weightGradient.Clone();
        for (var s = 0; s < weights.Length; s++)
        {
            for (var k = 0; k < _memory; k++)
            {
                dw[s] += context[k] * memory[s][k];
                memoryGradient[s][k] += weights[s] * context[k];
            }
        }
        var mean = weights.Zip(dw, (w, d) => w * d).Sum();
        var dq = new double[_query];
        for (var s = 0; s < weights.Length; s++)
            ScoreBackward(query, memory[s], weights[s] * (dw[s] - mean) * Scale, dq, memoryGradient[s]);
        return dq;
    }

    private double ScoreOf(double[] query, double[] memory)
    {
        if (_score == ReferenceScore.Additive)
            return Activations(query, memory).Zip(_v!.Value, (h, v) => h * v).Sum();
        return Scale * query.Zip(_weight is null ? memory : Key(memory), (q, m) => q * m).Sum();
    }

    private double[] Key(double[] memory)
    {
        var key = new double[_query];
        Algebra.AddProduct(_weight!.Value, memory, key);
        return key;
    }

    private double[] Activations(double[] query, double[] memory)
    {
        var sum = new double[_units];
        Algebra.AddProduct(_weightQ!.Value, query, sum);
        Algebra.AddProduct(_weightM!.Value, memory, sum);
        return [.. sum.Select(Math.Tanh)];
    }

    private void ScoreBackward(double[] query, double[] memory, double delta, double[] dq, double[] dm)
    {
        if (_score == ReferenceScore.Additive)
        {
            var h = Activations(query, memory);
            var inner = h.Select((value, a) => delta * _v!.Value[a] * (1 - value * value)).ToArray();
            Algebra.Add([.. h.Select(value => delta * value)], _v!.Gradient);
            Algebra.AddOuterProduct(inner, query, _weightQ!.Gradient);
            Algebra.AddOuterProduct(inner, memory, _weightM!.Gradient);
            Algebra.AddTransposedProduct(_weightQ.Value, inner, dq);
            Algebra.AddTransposedProduct(_weightM.Value, inner, dm);
            return;
        }
        var key = _weight is null ? memory : Key(memory);
        Algebra.Add([.. key.Select(k => delta * k)], dq);
        var dKey = query.Select(q => delta * q).ToArray();
        if (_weight is null)
        {
            Algebra.Add(dKey, dm);
            return;
        }
        Algebra.AddOuterProduct(dKey, memory, _weight.Gradient);
        Algebra.AddTransposedProduct(_weight.Value, dKey, dm);
    }
}
