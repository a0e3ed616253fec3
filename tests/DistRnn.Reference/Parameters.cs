namespace DistRnn.Reference;

/// <summary>A tensor and the gradient that backward passes add to, both row-major in PyTorch's layout.</summary>
/// <param name="Value">Its elements.</param>
/// <param name="Gradient">dE/dValue so far.</param>
public sealed record Parameter(double[] Value, double[] Gradient);

/// <summary>A model's tensors by PyTorch's names, each beside its gradient, which begins at 0.</summary>
public sealed class ParameterSet
{
    private readonly Dictionary<string, Parameter> _parameters = new(StringComparer.Ordinal);

    /// <summary>Takes the values as they are (not copied) and makes zero gradients.</summary>
    /// <param name="values">Elements by name.</param>
    public ParameterSet(IReadOnlyDictionary<string, double[]> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var (name, value) in values)
            _parameters.Add(name, new Parameter(value, new double[value.Length]));
    }

    /// <summary>The gradients by name.</summary>
    public Dictionary<string, double[]> Gradients => _parameters.ToDictionary(pair => pair.Key, pair => pair.Value.Gradient, StringComparer.Ordinal);

    /// <summary>A tensor that must exist with so many elements.</summary>
    /// <param name="name">PyTorch's name.</param>
    /// <param name="count">Elements.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="ArgumentException">It has another size.</exception>
    public Parameter Get(string name, int count)
    {
        var parameter = _parameters[name];
        if (parameter.Value.Length != count)
            throw new ArgumentException($"'{name}' has {parameter.Value.Length} elements, not {count}.", nameof(name));
        return parameter;
    }
}
