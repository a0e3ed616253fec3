using System.Collections.Immutable;
using System.Text.Json;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>The last line of <c>train --seeds A..B --json</c>: the runs' summaries, and each metric's mean and deviation.</summary>
internal static class SeedsJson
{
    internal static string Of(SeedsSummary summary) => JsonLine.Of(json =>
    {
        WriteSpreads(json, "valid", summary.Valid);
        WriteSpreads(json, "test", summary.Test);
        json.WriteStartArray("runs");
        foreach (var run in summary.Runs)
            SummaryJson.Write(json, run);
        json.WriteEndArray();
    });

    private static void WriteSpreads(Utf8JsonWriter json, string part, ImmutableArray<MetricSpread> spreads)
    {
        json.WriteStartObject(part);
        foreach (var spread in spreads)
        {
            json.WriteStartObject(spread.Metric);
            JsonLine.WriteFigure(json, "mean", spread.Mean);
            JsonLine.WriteFigure(json, "deviation", spread.Deviation);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
