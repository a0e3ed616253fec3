namespace DistRnn.Reference;

/// <summary>
/// The weighted mean of a sequence's own steps: u_t = tanh(W h_t + b), e_t = v . u_t, a = softmax(e), p = sum_t a_t h_t; W [D, D], b and v [D].
/// </summary>
public sealed class AttentionPool
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly Parameter _context;
    private readonly int _size;

    /// <summary>Finds its tensors: pooling.weight, pooling.bias and pooling.context.</summary>
    public AttentionPool(int size, ParameterSet parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _size = size;
        _weight = parameters.Get("pooling.weight", size * size);
        _bias = parameters.Get("pooling.bias", size);
        _context = parameters.Get("pooling.context", size);
    }

    /// <summary>p, [D].</summary>
    public double[] Forward(double[][] states)
    {
        ArgumentNullException.ThrowIfNull(states);
        var (_, weights) = Weights(states);
        var pooled = new double[_size];
        for (var t = 0; t < states.Length; t++)
            for (var i = 0; i < _size; i++)
                pooled[i] += weights[t] * states[t][i];
        return pooled;
    }

    /// <summary>Adds to the gradients and returns dE/dh, [T][D].</summary>
    /// <param name="states">What <see cref="Forward"/> read.</param>
    /// <param name="pooled">dE/dp, [D].</param>
    public double[][] Backward(double[][] states, double[] pooled)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(pooled);
        var (u, weights) = Weights(states);
        var toWeights = states.Select(state => state.Zip(pooled, (h, d) => h * d).Sum()).ToArray();
        var mean = weights.Zip(toWeights, (a, d) => a * d).Sum();
        var gradients = new double[states.Length][];
        for (var t = 0; t < states.Length; t++)
        {
            gradients[t] = [.. pooled.Select(d => weights[t] * d)];
            var score = weights[t] * (toWeights[t] - mean);
            var delta = new double[_size];
            for (var i = 0; i < _size; i++)
            {
                _context.Gradient[i] += score * u[t][i];
                delta[i] = score * _context.Value[i] * (1 - u[t][i] * u[t][i]);
            }
            Algebra.AddOuterProduct(delta, states[t], _weight.Gradient);
            Algebra.Add(delta, _bias.Gradient);
            Algebra.AddTransposedProduct(_weight.Value, delta, gradients[t]);
        }
        return gradients;
    }

    private (double[][] U, double[] Weights) Weights(double[][] states)
    {
        var u = new double[states.Length][];
        var scores = new double[states.Length];
        for (var t = 0; t < states.Length; t++)
        {
            u[t] = (double[])_bias.Value.Clone();
            Algebra.AddProduct(_weight.Value, states[t], u[t]);
            for (var i = 0; i < _size; i++)
            {
                u[t][i] = Math.Tanh(u[t][i]);
                scores[t] += _context.Value[i] * u[t][i];
            }
        }
        return (u, SoftmaxCrossEntropy.Probabilities(scores));
    }
}
