using System.Text.Json;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>What is known of a run that an earlier coordinator began.</summary>
/// <param name="Description">What its parameter servers were told of it.</param>
/// <param name="Version">The newest version that is held.</param>
/// <param name="Position">Its position.</param>
internal sealed record TakenOverRun(RunDescription Description, long Version, ReadOnlyMemory<byte> Position);

/// <summary>A run that was submitted: what it is, and how far it has come. Thread-safe; it is its own observer.</summary>
/// <param name="name">The run's name.</param>
/// <param name="package">The blob of its job's package.</param>
/// <param name="job">The job, laid out on this node; null for a run that has ended under an earlier coordinator.</param>
/// <param name="directory">Its run directory.</param>
internal sealed class QueuedRun(string name, string package, JobOptions? job, string directory) : ITrainingProgress, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private volatile string _status = "queued";
    private volatile string _note = "";
    private StepReport _last;
    private volatile string _summary = "";

    public string Name => name;

    public string Package => package;

    public JobOptions Job => job ?? throw new InvalidOperationException($"The run {name} has ended, and its job was not read.");

    public string Directory => directory;

    /// <summary>Where the run was begun by an earlier coordinator and parameter servers hold it, what is known of it.</summary>
    public TakenOverRun? TakenOver { get; set; }

    /// <summary>Whether the run was begun by an earlier coordinator.</summary>
    public bool IsBegun { get; set; }

    /// <summary>Keeps its job on this node; null where it is not here.</summary>
    public IDisposable? Use { get; set; }

    /// <summary>Its number in the order of submission.</summary>
    public long Number { get; set; }

    /// <summary>What it came to, as JSON; empty before.</summary>
    public string Summary => _summary;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _status is not ("queued" or "waiting" or "running");

    /// <summary>What there is to say beside its status.</summary>
    public string Remark => _note;

    /// <summary>Cancelled when the run is to end.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>What the run is doing: queued, waiting, running, or how it ended.</summary>
    public string Status
    {
        get => _status;
        set => _status = value;
    }

    /// <summary>Has the run end.</summary>
    public void Cancel()
    {
        if (_status == "queued")
            _status = "cancelled";
        _stop.Cancel();
    }

    /// <summary>Notes how the run ended.</summary>
    /// <param name="summary">What it came to.</param>
    public void End(RunSummary summary)
    {
        NoteEnd(summary.Steps, summary.Train.Select(metric => metric.Value).FirstOrDefault());
        (_summary, _status) = (SummaryJson.Of(summary), JobNames.Of(summary.Status));
    }

    /// <summary>Takes up what an earlier coordinator noted of a run that has ended.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="note">What there was to say.</param>
    /// <param name="summary">What it came to, as JSON.</param>
    public void Recall(string status, string note, string summary)
    {
        if (summary.Length > 0)
        {
            using var json = JsonDocument.Parse(summary);
            if (json.RootElement.TryGetProperty("steps", out var count) && count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out var steps))
                NoteEnd(steps, json.RootElement.TryGetProperty("train", out var train) && train.ValueKind == JsonValueKind.Object ? FirstOf(train) : 0);
        }
        (_note, _summary, _status) = (note, summary, status);
    }

    /// <summary>Notes why the run could not go on.</summary>
    /// <param name="reason">Why, in a sentence.</param>
    public void Fail(string reason) => (_note, _status) = (reason, "failed");

    /// <summary>Writes what is known of the run.</summary>
    /// <param name="json">Where to.</param>
    public void Write(Utf8JsonWriter json)
    {
        StepReport last;
        lock (_stop)
            last = _last;
        json.WriteStartObject();
        json.WriteString("run", name);
        json.WriteString("status", _status);
        json.WriteNumber("step", last.Step);
        json.WriteNumber("steps", last.Steps);
        json.WriteNumber("epoch", last.Epoch);
        json.WriteNumber("loss", double.IsFinite(last.Loss) ? last.Loss : 0);
        json.WriteNumber("tokens_per_second", double.IsFinite(last.TokensPerSecond) ? last.TokensPerSecond : 0);
        json.WriteString("note", _note);
        json.WriteString("directory", directory);
        if (_summary is { Length: > 0 } summary)
        {
            json.WritePropertyName("summary");
            json.WriteRawValue(summary);
        }
        json.WriteEndObject();
    }

    public void Loading(LoadingReport report)
    {
    }

    public void Started(RunOutline outline)
    {
        // A run that goes on has its first step behind it before it says so.
        lock (_stop)
            _last = _last.Steps > 0 ? _last : _last with { Step = outline.ResumedFrom, Steps = outline.Steps };
        _status = "running";
    }

    public void StepDone(in StepReport report)
    {
        lock (_stop)
            _last = report;
    }

    public void Evaluating(string part, int shard, int shards)
    {
    }

    public void Evaluated(EvaluationReport report)
    {
    }

    public void CheckpointWritten(long step)
    {
    }

    public void Note(string sentence) => _note = sentence;

    public void Dispose()
    {
        Use?.Dispose();
        _stop.Dispose();
    }

    private static double FirstOf(JsonElement metrics) =>
        metrics.EnumerateObject().Select(metric => metric.Value.ValueKind == JsonValueKind.Number ? metric.Value.GetDouble() : 0).FirstOrDefault();

    /// <summary>Where no step was seen here, because another coordinator led them, what the run came to stands in the last one's place.</summary>
    private void NoteEnd(long steps, double loss)
    {
        lock (_stop)
            _last = _last.Steps > 0 && _last.Step > 0 && _last.Loss > 0 ? _last : _last with { Step = steps, Steps = Math.Max(_last.Steps, steps), Loss = loss };
    }
}
