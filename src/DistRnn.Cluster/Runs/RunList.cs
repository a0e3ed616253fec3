using System.Text.Json;

namespace DistRnn.Cluster;

/// <summary>A run as the list of runs has it, for the next coordinator.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Package">The blob of its job's package.</param>
/// <param name="Status">Its status.</param>
/// <param name="Note">What there is to say beside it.</param>
/// <param name="Summary">What it came to, as JSON; empty before.</param>
internal sealed record ListedRun(string Run, string Package, string Status, string Note, string Summary);

/// <summary>The runs of a cluster in the order of their submission, as bytes that other hosts hold.</summary>
internal static class RunList
{
    /// <summary>The most runs that are listed; those that ended the longest ago are left out first.</summary>
    public const int RunsMax = 512;

    /// <summary>The list as bytes.</summary>
    /// <param name="runs">The runs.</param>
    public static byte[] ToJson(IEnumerable<ListedRun> runs) => JsonSerializer.SerializeToUtf8Bytes(runs.TakeLast(RunsMax), StrictJson.Options);

    /// <summary>Reads a list; runs whose names cannot be are left out.</summary>
    /// <param name="json">The bytes.</param>
    /// <returns>The runs, none where the bytes are no list.</returns>
    public static IReadOnlyList<ListedRun> FromJson(byte[] json)
    {
        try
        {
            var runs = JsonSerializer.Deserialize<ListedRun[]>(json, StrictJson.Options) ?? [];
            return [.. runs.Take(RunsMax).Where(run => run is not null && CopyIndex.IsRunName(run.Run) && BlobName.IsValid(run.Package) && IsJson(run.Summary)).DistinctBy(run => run.Run, StringComparer.Ordinal)];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static bool IsJson(string text)
    {
        if (text.Length == 0)
            return true;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
