using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>One JSON object on one line, as <c>--json</c> ends with.</summary>
internal static class JsonLine
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line, without its end.</summary>
    /// <param name="content">Writes the object's properties.</param>
    internal static string Of(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Metrics as an object of its own; what is not finite is null.</summary>
    internal static void WriteMetrics(Utf8JsonWriter json, string name, MetricSet metrics) => MetricsJson.Write(json, name, metrics);

    /// <summary>A number, or null where it is not finite.</summary>
    internal static void WriteFigure(Utf8JsonWriter json, string name, double value) => MetricsJson.WriteFigure(json, name, value);
}
