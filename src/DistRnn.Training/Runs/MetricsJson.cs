using System.Text.Json;

namespace DistRnn.Training;

/// <summary>Figures as JSON: an object of kebab-case names; what is not finite is null, since JSON knows no other numbers.</summary>
internal static class MetricsJson
{
    public static void Write(Utf8JsonWriter json, string name, MetricSet metrics)
    {
        json.WriteStartObject(name);
        foreach (var (metric, value) in metrics)
            WriteFigure(json, metric, value);
        json.WriteEndObject();
    }

    public static void WriteFigure(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    public static MetricSet Read(JsonElement metrics) =>
        new(metrics.EnumerateObject().Select(metric =>
            KeyValuePair.Create(metric.Name, metric.Value.ValueKind == JsonValueKind.Number ? metric.Value.GetDouble() : double.NaN)));
}
