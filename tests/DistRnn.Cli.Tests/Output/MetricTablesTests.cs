using DistRnn.Training;
using Spectre.Console;
using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class MetricTablesTests
{
    [Fact]
    public void OfPart_Forecasts_StandBesideTheSimpleOnes()
    {
        var lines = Render(MetricTables.OfPart("test", Metrics(("mse", 0.5), ("naive-mse", 2), ("seasonal-mse", 3), ("mae", 0.25), ("naive-mae", 1), ("seasonal-mae", 1.5))));
        Assert.Contains(lines, line => Words(line) is ["test", "model", "last", "value", "last", "season"]);
        Assert.Contains(lines, line => Words(line) is ["mse", "0.5000", "2.000", "3.000"]);
        Assert.Contains(lines, line => Words(line) is ["mae", "0.2500", "1.000", "1.500"]);
        Assert.DoesNotContain(lines, line => line.Contains("naive", StringComparison.Ordinal));
    }

    [Fact]
    public void OfParts_PartsWithoutMetrics_AreLeftOut()
    {
        var lines = Render(MetricTables.OfParts([("train", Metrics(("loss", 1))), ("valid", MetricSet.Empty), ("test", Metrics(("loss", 2), ("accuracy", 0.75)))]));
        Assert.Contains(lines, line => Words(line) is ["metric", "train", "test"]);
        Assert.Contains(lines, line => Words(line) is ["loss", "1.000", "2.000"]);
        Assert.Contains(lines, line => Words(line) is ["accuracy", "0.7500"]);
    }

    [Fact]
    public void OfSpread_Metrics_HaveMeanAndDeviation()
    {
        var lines = Render(MetricTables.OfSpread("test", [new MetricSpread("mse", 2, 0.5)]));
        Assert.Contains(lines, line => Words(line) is ["test", "mean", "deviation"]);
        Assert.Contains(lines, line => Words(line) is ["mse", "2.000", "0.5000"]);
    }

    private static MetricSet Metrics(params (string Name, double Value)[] metrics) => new(metrics.Select(metric => KeyValuePair.Create(metric.Name, metric.Value)));

    private static string[] Render(Table table)
    {
        using var writer = new StringWriter();
        Consoles.Of(writer, isLive: false).Write(table);
        return writer.ToString().Split('\n');
    }

    private static string[] Words(string line) => line.Split([' ', '│', '\r'], StringSplitOptions.RemoveEmptyEntries);
}
