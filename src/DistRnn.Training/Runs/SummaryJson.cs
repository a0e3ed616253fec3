using System.Buffers;
using System.Text.Json;

namespace DistRnn.Training;

/// <summary>Writes a <see cref="RunSummary"/> as <c>summary.json</c> and as the last line of <c>train --json</c>.</summary>
public static class SummaryJson
{
    /// <summary>The summary as one JSON object with snake_case keys.</summary>
    /// <param name="summary">The summary.</param>
    /// <param name="indented">Whether it is laid out for people; otherwise it is one line.</param>
    public static string Of(RunSummary summary, bool indented = false)
    {
        ArgumentNullException.ThrowIfNull(summary);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(json, summary);
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes the summary as one JSON object.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="summary">The summary.</param>
    public static void Write(Utf8JsonWriter json, RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(summary);
        json.WriteStartObject();
        json.WriteString("status", NameOf(summary.Status));
        json.WriteString("task", summary.Task);
        json.WriteNumber("steps", summary.Steps);
        json.WriteNumber("epochs", summary.Epochs);
        json.WriteNumber("parameters", summary.Parameters);
        MetricsJson.Write(json, "train", summary.Train);
        MetricsJson.Write(json, "valid", summary.Valid);
        MetricsJson.Write(json, "test", summary.Task == JobNames.Of(TaskKind.WordVectors) ? WithSpeed(summary) : summary.Test);
        json.WriteString("fingerprint", summary.Fingerprint);
        json.WriteString("model_fingerprint", summary.ModelFingerprint);
        json.WriteNumber("model_step", summary.ModelStep);
        json.WriteNumber("seconds", Math.Round(summary.Seconds, 3));
        MetricsJson.WriteFigure(json, "tokens_per_second", Math.Round(summary.TokensPerSecond, 1));
        json.WriteNumber("peak_memory_bytes", summary.PeakMemoryBytes);
        json.WriteNumber("workers", summary.Workers);
        json.WriteNumber("parameter_servers", summary.ParameterServers);
        json.WriteStartObject("faults");
        foreach (var (kind, count) in summary.Faults)
            json.WriteNumber(kind, count);
        json.WriteEndObject();
        json.WriteStartArray("recoveries");
        foreach (var (what, seconds) in summary.Recoveries)
        {
            json.WriteStartObject();
            json.WriteString("what", what);
            json.WriteNumber("seconds", Math.Round(seconds, 3));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("resumed_from", summary.ResumedFrom);
        json.WriteNumber("incarnation", summary.Incarnation);
        json.WriteBoolean("reproducible", summary.Reproducible);
        json.WriteNumber("bytes_per_step", summary.BytesPerStep);
        json.WriteString("software", summary.Software);
        json.WriteString("processor", summary.Processor);
        json.WriteString("directory", summary.Directory);
        if (summary.Reason is not null)
            json.WriteString("reason", summary.Reason);
        json.WriteEndObject();
    }

    /// <summary>Of word vectors the speed is a metric of the test part; it is not among the summary's own, which are the same in every run.</summary>
    private static MetricSet WithSpeed(RunSummary summary) => new([.. summary.Test, KeyValuePair.Create("words-per-second", Math.Round(summary.TokensPerSecond, 1))]);

    /// <summary>A status as it is written.</summary>
    /// <param name="status">The status.</param>
    public static string NameOf(RunStatus status) => status switch
    {
        RunStatus.Completed => "completed",
        RunStatus.Failed => "failed",
        RunStatus.Stopped => "stopped",
        RunStatus.Interrupted => "interrupted",
        RunStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };
}
