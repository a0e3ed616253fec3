namespace DistRnn.Reference;

/// <summary>
/// The update rules that the language-model cases use, as PyTorch defines them: W &lt;- W - epsilon dE/dW, with momentum
/// (v &lt;- mu v + g, W &lt;- W - epsilon v), or Adam (Kingma and Ba 2015).
/// </summary>
public sealed class ReferenceOptimizer
{
    private readonly double _rate;
    private readonly double _momentum;
    private readonly bool _adam;
    private readonly Dictionary<string, double[]> _first = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double[]> _second = new(StringComparer.Ordinal);
    private int _updates;

    /// <summary>Makes an optimiser.</summary>
    /// <param name="rate">The learning rate.</param>
    /// <param name="momentum">mu, 0 for none.</param>
    /// <param name="adam">Adam with 0.9, 0.999 and 1e-8 instead.</param>
    public ReferenceOptimizer(double rate, double momentum = 0, bool adam = false) => (_rate, _momentum, _adam) = (rate, momentum, adam);

    /// <summary>Scales gradients in place so that their norm over all tensors is at most <paramref name="limit"/>, and returns the norm before.</summary>
    public static double Clip(IReadOnlyDictionary<string, double[]> gradients, double limit)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        var norm = Math.Sqrt(gradients.Values.Sum(gradient => gradient.Sum(g => g * g)));
        var factor = Math.Min(1, limit / (norm + 1e-6));
        foreach (var gradient in gradients.Values)
            for (var i = 0; i < gradient.Length; i++)
                gradient[i] *= factor;
        return norm;
    }

    /// <summary>Applies one update in place.</summary>
    public void Update(IReadOnlyDictionary<string, double[]> parameters, IReadOnlyDictionary<string, double[]> gradients)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradients);
        _updates++;
        foreach (var (name, gradient) in gradients)
        {
            var value = parameters[name];
            var (m, v) = (Slot(_first, name, value.Length), Slot(_second, name, value.Length));
            for (var i = 0; i < value.Length; i++)
            {
                if (_adam)
                {
                    m[i] = 0.9 * m[i] + 0.1 * gradient[i];
                    v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
                    var root = Math.Sqrt(v[i] / (1 - Math.Pow(0.999, _updates)));
                    value[i] -= _rate * m[i] / (1 - Math.Pow(0.9, _updates)) / (root + 1e-8);
                    continue;
                }
                m[i] = _momentum * m[i] + gradient[i];
                value[i] -= _rate * m[i];
            }
        }
    }

    private static double[] Slot(Dictionary<string, double[]> slots, string name, int count) =>
        slots.TryGetValue(name, out var slot) ? slot : slots[name] = new double[count];
}
