using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>Mean and sample deviation of each metric over runs that differ in their seed.</summary>
internal static class MetricSpread
{
    /// <summary>The metrics that every run has, in the first run's order. The deviation of one run is 0.</summary>
    /// <param name="runs">The metrics of each run, at least one.</param>
    internal static IReadOnlyList<(string Name, double Mean, double Deviation)> Of(IReadOnlyList<MetricSet> runs)
    {
        ArgumentOutOfRangeException.ThrowIfZero(runs.Count);
        var spread = new List<(string, double, double)>();
        foreach (var (name, _) in runs[0])
        {
            if (!runs.All(run => run.TryGet(name, out _)))
                continue;
            var mean = runs.Sum(run => run[name]) / runs.Count;
            var squares = runs.Sum(run => (run[name] - mean) * (run[name] - mean));
            spread.Add((name, mean, runs.Count > 1 ? Math.Sqrt(squares / (runs.Count - 1)) : 0));
        }

        return spread;
    }
}
