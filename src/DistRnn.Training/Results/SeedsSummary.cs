using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>A metric over several runs.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">The sample's standard deviation (n - 1); 0 for one run.</param>
public sealed record MetricSpread(string Metric, double Mean, double Deviation);

/// <summary>Runs of one job that differ in the seed.</summary>
/// <param name="Runs">The runs, by seed.</param>
public sealed record SeedsSummary(ImmutableArray<RunSummary> Runs)
{
    /// <summary>The validation metrics' means and deviations; empty without a validation part.</summary>
    public ImmutableArray<MetricSpread> Valid => SpreadOf(run => run.Valid);

    /// <summary>The test metrics' means and deviations; empty without a test part.</summary>
    public ImmutableArray<MetricSpread> Test => SpreadOf(run => run.Test);

    private ImmutableArray<MetricSpread> SpreadOf(Func<RunSummary, MetricSet> part)
    {
        var sets = Runs.Where(run => run.Status == RunStatus.Completed).Select(part).ToArray();
        return sets.Length == 0 ? [] : [.. sets[0].Select(metric => SpreadOf(metric.Key, [.. sets.Select(set => set[metric.Key])]))];
    }

    private static MetricSpread SpreadOf(string metric, double[] values)
    {
        var mean = values.Sum() / values.Length;
        var squares = values.Sum(value => (value - mean) * (value - mean));
        return new MetricSpread(metric, mean, values.Length < 2 ? 0 : Math.Sqrt(squares / (values.Length - 1)));
    }
}
