using System.Text.Json;
using System.Text.Json.Nodes;

namespace DistRnn.Training;

/// <summary>The JSON Schema (draft 2020-12) of job files, made from the same table that reads them, so that editors complete and check what is written.</summary>
public static class JobSchemaDocument
{
    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as JSON text.</summary>
    public static string Write()
    {
        var definitions = new JsonObject();
        var choices = new JsonArray();
        foreach (var task in JobSchema.AvailableTasks)
        {
            var name = JobNames.Of(task);
            definitions[name] = ObjectOf(task, "");
            choices.Add(new JsonObject
            {
                ["if"] = new JsonObject { ["properties"] = new JsonObject { ["task"] = new JsonObject { ["const"] = name } } },
                ["then"] = new JsonObject { ["$ref"] = $"#/$defs/{name}" },
            });
        }
        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "A job of DistRnn",
            ["type"] = "object",
            ["properties"] = new JsonObject { ["task"] = new JsonObject { ["enum"] = TextArray(JobSchema.AvailableTasks.Select(JobNames.Of)) } },
            ["required"] = TextArray(["task", "data"]),
            ["allOf"] = choices,
            ["$defs"] = definitions,
        }.ToJsonString(s_options) + "\n";
    }

    private static JsonObject ObjectOf(TaskKind task, string prefix)
    {
        var properties = new JsonObject();
        foreach (var key in JobSchema.KeysOf(task).Where(key => key.Path.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var rest = key.Path[prefix.Length..];
            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            var name = dot < 0 ? rest : rest[..dot];
            if (properties.ContainsKey(name))
                continue;
            var isSection = JobSchema.IsSection(task, prefix + name);
            var own = JobSchema.Find(task, prefix + name);
            properties[name] = own is null
                ? ObjectOf(task, $"{prefix}{name}.")
                : isSection ? new JsonObject { ["anyOf"] = new JsonArray(ValueOf(own, task), ObjectOf(task, $"{prefix}{name}.")) } : ValueOf(own, task);
        }
        var result = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (prefix == "data.")
            result["required"] = TextArray(["train"]);
        return result;
    }

    private static JsonObject ValueOf(JobKey key, TaskKind task)
    {
        var type = TypeOf(key);
        if (key.NoneWord is not null && key.Kind is not (ValueKind.Choice or ValueKind.Path or ValueKind.Text))
            type = new JsonObject { ["anyOf"] = new JsonArray(type, new JsonObject { ["const"] = key.NoneWord }) };
        type["description"] = key.Documentation;
        if (!key.IsShorthand && DefaultOf(key, key.DefaultOf(task)) is { } value)
            type["default"] = value;
        return type;
    }

    private static JsonObject TypeOf(JobKey key) => key.Kind switch
    {
        ValueKind.Boolean => new JsonObject { ["type"] = "boolean" },
        ValueKind.Integer => Ranged(key, "integer"),
        ValueKind.Number => Ranged(key, "number"),
        ValueKind.Choice => new JsonObject { ["enum"] = TextArray(key.NoneWord is null ? key.Choices : [.. key.Choices, key.NoneWord]) },
        ValueKind.TextList => List(key.Choices.IsEmpty ? new JsonObject { ["type"] = "string" } : new JsonObject { ["enum"] = TextArray(key.Choices) }, new JsonObject { ["type"] = "string" }),
        ValueKind.IntegerList => List(Ranged(key, "integer"), Ranged(key, "integer")),
        ValueKind.SplitPart => new JsonObject { ["type"] = "number", ["exclusiveMinimum"] = 0 },
        ValueKind.Map => new JsonObject { ["type"] = "object", ["additionalProperties"] = new JsonObject { ["type"] = "string" } },
        _ => new JsonObject { ["type"] = "string" },
    };

    private static JsonObject List(JsonObject items, JsonObject single) =>
        new() { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "array", ["items"] = items }, single) };

    private static JsonObject Ranged(JobKey key, string type)
    {
        var result = new JsonObject { ["type"] = type };
        if (!double.IsInfinity(key.Min))
            result[key.AboveMin ? "exclusiveMinimum" : "minimum"] = key.Min;
        if (!double.IsInfinity(key.Max))
            result[key.BelowMax ? "exclusiveMaximum" : "maximum"] = key.Max;
        if (key.Odd)
            result["not"] = new JsonObject { ["multipleOf"] = 2 };
        return result;
    }

    private static JsonNode? DefaultOf(JobKey key, object? value) => value switch
    {
        null => key.NoneWord,
        bool flag => flag,
        long whole => whole,
        double number => number,
        string text => text.Length == 0 ? null : text,
        System.Collections.Immutable.ImmutableArray<string> list => TextArray(list),
        System.Collections.Immutable.ImmutableArray<int> list => new JsonArray([.. list.Select(item => (JsonNode)item)]),
        _ => null,
    };

    private static JsonArray TextArray(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);
}
