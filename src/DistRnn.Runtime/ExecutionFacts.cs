using System.Text.Json;
using DistRnn.Formats;

namespace DistRnn.Runtime;

/// <summary>
/// What the summary will say of an execution, beside what checkpoints and servers hold: kept in the run directory while another process may take the place of the one
/// that writes there, so that the summary speaks of both.
/// </summary>
public sealed record ExecutionFacts
{
    /// <summary>Their file's name in the run directory.</summary>
    public const string FileName = "execution.json";

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, IncludeFields = true };

    /// <summary>When it began.</summary>
    public DateTimeOffset Began { get; init; }

    /// <summary>The step that it went on from.</summary>
    public long ResumedFrom { get; init; }

    /// <summary>How often it was rolled back.</summary>
    public int Incarnation { get; init; }

    /// <summary>How often each kind of fault happened.</summary>
    public SortedDictionary<string, int> Faults { get; init; } = new(StringComparer.Ordinal);

    /// <summary>What was put right, and how long that took in seconds.</summary>
    public List<(string What, double Seconds)> Recoveries { get; init; } = [];

    /// <summary>Reads them.</summary>
    /// <param name="directory">The run directory.</param>
    /// <returns>The facts, or null where there are none.</returns>
    public static ExecutionFacts? Read(string directory)
    {
        try
        {
            return JsonSerializer.Deserialize<ExecutionFacts>(File.ReadAllBytes(Path.Combine(directory, FileName)), s_json);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes them; where that fails, a process that takes this one's place says less of it.</summary>
    /// <param name="directory">The run directory.</param>
    public void Write(string directory)
    {
        try
        {
            AtomicFile.Write(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, s_json));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Nothing that is computed depends on it.
        }
    }

    /// <summary>Removes them: the summary stands.</summary>
    /// <param name="directory">The run directory.</param>
    public static void Remove(string directory)
    {
        try
        {
            File.Delete(Path.Combine(directory, FileName));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next execution begins with facts of its own.
        }
    }
}
