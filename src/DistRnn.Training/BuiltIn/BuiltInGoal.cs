using System.Globalization;

namespace DistRnn.Training;

/// <summary>The figure that a built-in job's kept model should reach on its test part.</summary>
/// <param name="Metric">The metric's name in kebab-case, as under <c>test</c> of a run's summary.</param>
/// <param name="Bound">The figure, in the metric's own unit.</param>
/// <param name="AtLeast">Whether the metric should be at least the bound (accuracies); otherwise at most (errors).</param>
public sealed record BuiltInGoal(string Metric, double Bound, bool AtLeast)
{
    /// <summary>Whether a measured value reaches the goal.</summary>
    /// <param name="value">The metric's value; NaN never reaches it.</param>
    public bool IsReachedBy(double value) => AtLeast ? value >= Bound : value <= Bound;

    /// <summary>The goal in words: "accuracy at least 0.99".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Metric} {(AtLeast ? "at least" : "at most")} {Bound}");
}
