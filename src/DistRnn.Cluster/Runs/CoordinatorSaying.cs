using System.Text.Json;
using System.Text.Json.Serialization;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>What a coordinator's process says to the command that started it: one line of JSON on its standard output, with what belongs to its kind.</summary>
internal sealed record CoordinatorSaying
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        IncludeFields = true,
        Converters = { new JsonStringEnumConverter<SayingKind>(), new MetricSetConverter() },
    };

    /// <summary>What is said.</summary>
    public required SayingKind Kind { get; init; }

    /// <summary>A sentence, or the name of a part.</summary>
    public string? Text { get; init; }

    /// <summary>A count: a step, or shards done.</summary>
    public long? Number { get; init; }

    /// <summary>Of how many.</summary>
    public long? Of { get; init; }

    /// <summary>Whether a failure is that of the job, its data or the directory.</summary>
    public bool? IsInput { get; init; }

    /// <summary>How far reading is.</summary>
    public LoadingReport? Loading { get; init; }

    /// <summary>What the run is made of.</summary>
    public RunOutline? Outline { get; init; }

    /// <summary>A step.</summary>
    public StepReport? Step { get; init; }

    /// <summary>An evaluation.</summary>
    public EvaluationReport? Evaluation { get; init; }

    /// <summary>What the run came to.</summary>
    public RunSummary? Summary { get; init; }

    /// <summary>The saying as a line.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, s_json);

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <returns>The saying, or null where the line is none: a process that is killed may leave half of one.</returns>
    public static CoordinatorSaying? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<CoordinatorSaying>(line, s_json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed class MetricSetConverter : JsonConverter<MetricSet>
    {
        public override MetricSet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            new(JsonSerializer.Deserialize<KeyValuePair<string, double>[]>(ref reader, options) ?? []);

        public override void Write(Utf8JsonWriter writer, MetricSet value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.ToArray(), options);
    }
}

/// <summary>The kinds of what a coordinator's process says.</summary>
internal enum SayingKind
{
    /// <summary>It is a member of the cluster.</summary>
    Member,

    /// <summary>It is in charge from now on.</summary>
    InCharge,

    /// <summary>Data is read.</summary>
    Loading,

    /// <summary>Training begins.</summary>
    Started,

    /// <summary>A step is done.</summary>
    Step,

    /// <summary>A part is being evaluated.</summary>
    Evaluating,

    /// <summary>A part has been evaluated.</summary>
    Evaluated,

    /// <summary>A checkpoint stands.</summary>
    Checkpoint,

    /// <summary>A person should know this.</summary>
    Note,

    /// <summary>The run is over.</summary>
    Ended,

    /// <summary>The run cannot go on, whoever is in charge.</summary>
    Failed,
}
