using System.Collections;

namespace DistRnn.Training;

/// <summary>Named figures in the order in which they are shown, such as <c>loss</c>, <c>perplexity</c>, <c>bits</c>. Names are kebab-case.</summary>
/// <remarks>Immutable and thread-safe. A figure that could not be measured is NaN; JSON shows it as null.</remarks>
public sealed class MetricSet : IReadOnlyList<KeyValuePair<string, double>>
{
    private readonly KeyValuePair<string, double>[] _metrics;

    /// <summary>Collects figures.</summary>
    /// <param name="metrics">Names and figures; each name once.</param>
    /// <exception cref="ArgumentException">A name comes twice.</exception>
    public MetricSet(IEnumerable<KeyValuePair<string, double>> metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _metrics = [.. metrics];
        for (var i = 0; i < _metrics.Length; i++)
            for (var j = 0; j < i; j++)
                if (_metrics[i].Key == _metrics[j].Key)
                    throw new ArgumentException($"The metric '{_metrics[i].Key}' comes twice.", nameof(metrics));
    }

    /// <summary>No figures at all.</summary>
    public static MetricSet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _metrics.Length;

    /// <inheritdoc/>
    public KeyValuePair<string, double> this[int index] => _metrics[index];

    /// <summary>A figure by its name.</summary>
    /// <param name="name">The metric.</param>
    /// <exception cref="KeyNotFoundException">There is no such metric.</exception>
    public double this[string name] => TryGet(name, out var value) ? value : throw new KeyNotFoundException($"There is no metric '{name}'.");

    /// <summary>A figure by its name, where it exists.</summary>
    /// <param name="name">The metric.</param>
    /// <param name="value">The figure.</param>
    public bool TryGet(string name, out double value)
    {
        foreach (var metric in _metrics)
        {
            if (metric.Key != name)
                continue;
            value = metric.Value;
            return true;
        }
        value = double.NaN;
        return false;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, double>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, double>>)_metrics).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _metrics.GetEnumerator();
}
