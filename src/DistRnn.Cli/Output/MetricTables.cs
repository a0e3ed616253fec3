using System.Globalization;
using DistRnn.Training;
using Spectre.Console;

namespace DistRnn.Cli;

/// <summary>Metrics as tables: a forecaster's errors beside the simple forecasts', others' by part.</summary>
internal static class MetricTables
{
    private const string Naive = "naive-";
    private const string Seasonal = "seasonal-";

    /// <summary>A table of one part's metrics, with columns for the simple forecasts where they were measured.</summary>
    /// <param name="part">The part's name.</param>
    /// <param name="metrics">Its metrics.</param>
    internal static Table OfPart(string part, MetricSet metrics)
    {
        var hasForecasts = metrics.Any(metric => metric.Key.StartsWith(Naive, StringComparison.Ordinal));
        var table = Create(part);
        AddNumberColumn(table, "model");
        if (hasForecasts)
        {
            AddNumberColumn(table, "last value");
            AddNumberColumn(table, "last season");
        }

        foreach (var (name, value) in metrics)
        {
            if (name.StartsWith(Naive, StringComparison.Ordinal) || name.StartsWith(Seasonal, StringComparison.Ordinal))
                continue;
            if (hasForecasts)
                table.AddRow(name, Figures.Metric(value), Other(metrics, Naive + name), Other(metrics, Seasonal + name));
            else
                table.AddRow(name, Figures.Metric(value));
        }

        return table;
    }

    /// <summary>A table with a column for each part that has metrics.</summary>
    /// <param name="parts">Names and metrics of the parts.</param>
    internal static Table OfParts(IEnumerable<(string Name, MetricSet Metrics)> parts)
    {
        var shown = parts.Where(part => part.Metrics.Count > 0).ToArray();
        var table = Create("metric");
        foreach (var part in shown)
            AddNumberColumn(table, part.Name);
        foreach (var name in shown.SelectMany(part => part.Metrics.Select(metric => metric.Key)).Distinct(StringComparer.Ordinal))
            table.AddRow([name, .. shown.Select(part => Other(part.Metrics, name))]);
        return table;
    }

    /// <summary>A table of each metric's mean and deviation over runs.</summary>
    /// <param name="part">The part's name.</param>
    /// <param name="spreads">The metrics.</param>
    internal static Table OfSpread(string part, IEnumerable<MetricSpread> spreads)
    {
        var table = Create(part);
        AddNumberColumn(table, "mean");
        AddNumberColumn(table, "deviation");
        foreach (var spread in spreads)
            table.AddRow(spread.Metric, Figures.Metric(spread.Mean), Figures.Metric(spread.Deviation));
        return table;
    }

    private static Table Create(string firstColumn) => new Table().Border(TableBorder.Simple).AddColumn(new TableColumn(Markup.Escape(firstColumn)).NoWrap());

    private static void AddNumberColumn(Table table, string name) => table.AddColumn(new TableColumn(Markup.Escape(name)).RightAligned().NoWrap());

    private static string Other(MetricSet metrics, string name) => metrics.TryGet(name, out var value) ? Figures.Metric(value) : "";
}
