using System.Buffers;
using System.Globalization;
using System.Text.Json;
using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// The files of a run: <c>job.yaml</c>, <c>metrics.jsonl</c>, <c>summary.json</c>, <c>nodes.json</c>, <c>checkpoints/</c> and <c>model/</c>. Files
/// are replaced whole, so none is ever half-written; <c>metrics.jsonl</c> grows by whole rows.
/// </summary>
internal sealed class RunDirectory
{
    private RunDirectory(string path) => Path = path;

    /// <summary>The directory, absolute.</summary>
    public string Path { get; }

    /// <summary>The job with every default spelled out.</summary>
    public string JobFile => In("job.yaml");

    /// <summary>A row a step.</summary>
    public string MetricsFile => In("metrics.jsonl");

    /// <summary>What the run came to.</summary>
    public string SummaryFile => In("summary.json");

    /// <summary>A row a node.</summary>
    public string NodesFile => In("nodes.json");

    /// <summary>A directory a checkpoint.</summary>
    public string Checkpoints => In("checkpoints");

    /// <summary>The kept model.</summary>
    public string Model => In("model");

    /// <summary>Names an existing or future directory.</summary>
    /// <param name="path">Its path.</param>
    public static RunDirectory At(string path) => new(System.IO.Path.GetFullPath(path));

    /// <summary>Finds where a run goes, and checks that it may go there; creates nothing.</summary>
    /// <param name="jobName">A short name of the job, for the default.</param>
    /// <param name="options">How the job is executed.</param>
    /// <exception cref="InvalidInputException">The directory is a file, or is not empty and is not to be resumed.</exception>
    public static RunDirectory Choose(string jobName, TrainingRunOptions options)
    {
        if (options.OutputDirectory is null)
            return Default(jobName, options.Clock);
        var path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(options.OutputDirectory));
        if (File.Exists(path))
            throw new InvalidInputException($"The output {path} is a file; a run needs a directory of its own.");
        if (!options.Resume && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(entry => System.IO.Path.GetFileName(entry) != RunLock.FileName))
            throw new InvalidInputException($"The output directory {path} is not empty. Give --resume to go on from its newest checkpoint, or another --output.");
        return new RunDirectory(path);
    }

    /// <summary>Makes the directory and those in it.</summary>
    /// <exception cref="InvalidInputException">It cannot be made.</exception>
    public void Create() => Make(Path, Checkpoints, Model);

    /// <summary>Makes the directory alone.</summary>
    /// <exception cref="InvalidInputException">It cannot be made.</exception>
    public void CreateEmpty() => Make(Path);

    private void Make(params ReadOnlySpan<string> directories)
    {
        try
        {
            foreach (var directory in directories)
                Directory.CreateDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The output directory {Path} cannot be made: {error.Message}", error);
        }
    }

    /// <summary>Writes <c>nodes.json</c>: this process, which holds every role.</summary>
    /// <param name="left">When it left, or null while it is there.</param>
    public void WriteNodes(DateTimeOffset? left)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteStartArray("roles");
            foreach (var role in (ReadOnlySpan<string>)["coordinator", "worker", "parameter-server"])
                json.WriteStringValue(role);
            json.WriteEndArray();
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteString("address", "in-process");
            if (left is { } time)
                json.WriteString("left", time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            else
                json.WriteNull("left");
            json.WriteEndObject();
            json.WriteEndArray();
        }
        AtomicFile.Write(NodesFile, buffer.WrittenMemory);
    }

    /// <summary>Writes <c>summary.json</c>.</summary>
    /// <param name="summary">The summary.</param>
    public void WriteSummary(RunSummary summary) => AtomicFile.WriteText(SummaryFile, SummaryJson.Of(summary, indented: true) + "\n");

    private static RunDirectory Default(string jobName, TimeProvider clock)
    {
        var time = clock.GetLocalNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine("runs", $"{jobName}-{time}"));
        for (var number = 2; Directory.Exists(path) || File.Exists(path); number++)
            path = System.IO.Path.GetFullPath(System.IO.Path.Combine("runs", FormattableString.Invariant($"{jobName}-{time}-{number}")));
        return new RunDirectory(path);
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
