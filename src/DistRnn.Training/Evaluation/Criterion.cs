namespace DistRnn.Training;

/// <summary>By which metric of the validation part evaluations are compared, and which way is better.</summary>
/// <param name="Metric">The metric's name.</param>
/// <param name="HigherIsBetter">Whether larger values are better; smaller ones otherwise.</param>
internal sealed record Criterion(string Metric, bool HigherIsBetter)
{
    private static readonly string[] Rising = ["accuracy", "macro-f1", "f1", "exact-match", "token-accuracy", "bleu"];

    /// <summary>The criterion of a metric.</summary>
    /// <param name="metric">Its name.</param>
    public static Criterion Of(string metric) => new(metric, Rising.Contains(metric, StringComparer.Ordinal));

    /// <summary>Whether a value beats the best so far; ties go to the earlier one, and what is not a number never wins.</summary>
    /// <param name="value">The new value.</param>
    /// <param name="best">The best so far, or null.</param>
    public bool IsBetter(double value, double? best) => !double.IsNaN(value) && (best is not { } old || (HigherIsBetter ? value > old : value < old));
}
