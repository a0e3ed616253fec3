using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>The last line of <c>train --dry-run --json</c>.</summary>
internal static class OutlineJson
{
    internal static string Of(RunOutline outline) => JsonLine.Of(json =>
    {
        json.WriteString("task", outline.Task);
        json.WriteStartArray("data");
        foreach (var part in outline.Data)
            json.WriteStringValue(part);
        json.WriteEndArray();
        json.WriteStartArray("tensors");
        foreach (var tensor in outline.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteStartArray("shape");
            foreach (var size in tensor.Shape)
                json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("parameters", outline.Parameters);
        json.WriteNumber("state_bytes", outline.StateBytes);
        json.WriteNumber("working_bytes", outline.WorkingBytes);
        json.WriteNumber("steps", outline.Steps);
        json.WriteNumber("steps_per_epoch", outline.StepsPerEpoch);
        json.WriteNumber("epochs", outline.Epochs);
        json.WriteNumber("shards", outline.Shards);
        json.WriteNumber("threads", outline.Threads);
        json.WriteNumber("bytes_per_step", outline.BytesPerStep);
    });
}
