using System.Globalization;
using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>A JSON object a line, blank lines left out.</summary>
internal sealed class JsonLines(TextSource source, IProgress<DataProgress>? progress) : IDisposable
{
    private readonly LineReader _lines = new(source, progress);
    private JsonDocument? _document;

    /// <summary>The object read last.</summary>
    public JsonElement Object => _document!.RootElement;

    public bool Read()
    {
        _document?.Dispose();
        _document = null;
        while (_lines.TryRead(out var line))
        {
            if (line.IsWhiteSpace())
                continue;
            try
            {
                _document = JsonDocument.Parse(line.ToString());
            }
            catch (JsonException e)
            {
                throw new InvalidInputException(_lines.Error(FormattableString.Invariant($"this is not JSON (column {(e.BytePositionInLine ?? 0) + 1}); a line is one JSON object")).Message, e);
            }
            if (Object.ValueKind != JsonValueKind.Object)
                throw Error($"found {Describe(Object)}; a line is one JSON object");
            return true;
        }
        return false;
    }

    /// <summary>The value of a key, or null where it is missing.</summary>
    public JsonElement? Find(string key) => Object.TryGetProperty(key, out var value) ? value : null;

    /// <summary>A string, or a number or truth value as it is written.</summary>
    public string Text(JsonElement value, string key) => value.ValueKind switch
    {
        JsonValueKind.String when value.GetString() is { Length: > 0 } text => text,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw Error($"\"{key}\" is {Describe(value)}; a text that is not empty, or a number, is expected"),
    };

    /// <summary>Appends the values of one step: a list of numbers, or one number.</summary>
    public void Values(JsonElement step, int index, List<float> values)
    {
        values.Clear();
        if (step.ValueKind == JsonValueKind.Number)
        {
            values.Add(Number(step, index));
            return;
        }
        if (step.ValueKind != JsonValueKind.Array)
            throw Error($"step {index + 1} of \"sequence\" is {Describe(step)}; a list of numbers is expected");
        foreach (var value in step.EnumerateArray())
            values.Add(Number(value, index));
    }

    public InvalidInputException Error(string reason) => _lines.Error(reason);

    /// <inheritdoc cref="SourceReader.Finish"/>
    public SourceFile Finish() => _lines.Finish();

    public void Dispose()
    {
        _document?.Dispose();
        _lines.Dispose();
    }

    /// <summary>What a value is, in words.</summary>
    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => string.Create(CultureInfo.InvariantCulture, $"a list of {value.GetArrayLength()}"),
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a truth value",
    };

    private float Number(JsonElement value, int index)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || !float.IsFinite((float)number))
            throw Error(FormattableString.Invariant($"step {index + 1} of \"sequence\" has {(value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Describe(value))}; a finite number is expected"));
        return (float)number;
    }
}
