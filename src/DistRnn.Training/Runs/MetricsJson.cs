using System.Text.Json;

namespace DistRnn.Training;

/// <summary>Figures as JSON: an object of kebab-case names; what is not finite is null, since JSON knows no other numbers.</summary>
public static class MetricsJson
{
    /// <summary>Writes metrics as an object. Names with a dot, one after another, are an object in it: <c>a.b</c> is <c>b</c> in <c>a</c>.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="metrics">The metrics.</param>
    public static void Write(Utf8JsonWriter json, string name, MetricSet metrics)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(metrics);
        json.WriteStartObject(name);
        string? open = null;
        foreach (var (metric, value) in metrics)
        {
            var (group, last) = metric.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? (metric[..dot], metric[(dot + 1)..]) : (null, metric);
            if (open is not null && open != group)
                json.WriteEndObject();
            if (group is not null && open != group)
                json.WriteStartObject(group);
            open = group;
            WriteFigure(json, last, value);
        }
        if (open is not null)
            json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Writes a number, or null where it is not finite.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="name">Its name.</param>
    /// <param name="value">The number.</param>
    public static void WriteFigure(Utf8JsonWriter json, string name, double value)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    internal static MetricSet Read(JsonElement metrics) =>
        new(metrics.EnumerateObject().Select(metric =>
            KeyValuePair.Create(metric.Name, metric.Value.ValueKind == JsonValueKind.Number ? metric.Value.GetDouble() : double.NaN)));
}
