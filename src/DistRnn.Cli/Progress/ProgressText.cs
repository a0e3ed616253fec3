using System.Globalization;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>The sentences of progress, the same in a log and beside a live bar.</summary>
internal static class ProgressText
{
    private const int MetricsShown = 3;

    /// <summary>What a run is made of, a line each.</summary>
    internal static IEnumerable<string> Outline(RunOutline outline)
    {
        foreach (var part in outline.Data)
            yield return part;
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{outline.Task}: {Figures.Count(outline.Parameters)} parameters, {Figures.Count(outline.Steps)} steps in {outline.Epochs} epochs, {outline.Threads} threads");
        if (outline.ResumedFrom > 0)
            yield return $"going on from step {Figures.Count(outline.ResumedFrom)}";
    }

    /// <summary>A step's figures in one line.</summary>
    internal static string Step(in StepReport report)
    {
        var skipped = report.Applied ? "" : " (passed over: the gradient is not finite)";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"step {report.Step}/{report.Steps}  epoch {report.Epoch}/{report.Epochs}  loss {Figures.Metric(report.Loss)}  {Figures.Rate(report.TokensPerSecond)} tokens/s  {Figures.Seconds(report.SecondsLeft)} left{skipped}");
    }

    /// <summary>An evaluation's first figures in one line.</summary>
    internal static string Evaluation(EvaluationReport report)
    {
        var metrics = string.Join("  ", report.Metrics.Take(MetricsShown).Select(metric => $"{metric.Key} {Figures.Metric(metric.Value)}"));
        return string.Create(CultureInfo.InvariantCulture, $"step {report.Step}  {report.Part}: {metrics}{(report.IsBest ? "  (best so far)" : "")}");
    }
}
