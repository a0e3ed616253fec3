using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using DistRnn.Numerics;
using DistRnn.Runtime;

namespace DistRnn.Cluster;

/// <summary>A piece of a copied file: a blob.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its name.</param>
internal sealed record CopiedPiece(long Bytes, string Sha256);

/// <summary>A file of a run directory, of which copies are kept.</summary>
/// <param name="Path">Where it lies in the run directory, with slashes.</param>
/// <param name="Pieces">Its content, in order.</param>
internal sealed record CopiedFile(string Path, ImmutableArray<CopiedPiece> Pieces);

/// <summary>
/// All that other hosts hold of a run at one time: its checkpoints and rows as blobs. Equal indexes have equal names, and a later one takes the place of an
/// earlier one, so that what it does not speak of any more is dropped.
/// </summary>
/// <param name="Run">The run's name, or <see cref="QueueName"/>.</param>
/// <param name="Term">The term of the last event in the ledger when it was made; for the queue, a number that rises.</param>
/// <param name="Sequence">That event's number in its term.</param>
/// <param name="Version">The newest checkpoint's version; 0 where there is none.</param>
/// <param name="Packages">Packages of jobs that whoever holds the index holds too.</param>
/// <param name="Files">The files.</param>
internal sealed record CopyIndex(string Run, long Term, long Sequence, long Version, ImmutableArray<string> Packages, ImmutableArray<CopiedFile> Files)
{
    /// <summary>The name under which the list of runs is kept.</summary>
    public const string QueueName = "queue";

    /// <summary>The file of the list of runs.</summary>
    public const string QueueFile = "queue.json";

    /// <summary>The file of a run's rows.</summary>
    public const string MetricsFile = "metrics.jsonl";

    /// <summary>The directory of a run's checkpoints.</summary>
    public const string CheckpointsDirectory = "checkpoints";

    /// <summary>The most bytes of an index.</summary>
    public const int BytesMax = 16 << 20;

    private const int FilesMax = 4096;
    private const int PackagesMax = 1024;

    /// <summary>The names of all blobs of files, each once.</summary>
    public IEnumerable<string> Blobs => Files.SelectMany(file => file.Pieces).Select(piece => piece.Sha256).Distinct(StringComparer.Ordinal);

    /// <summary>Whether a text from outside may be a run's name; anything else is never made part of a path.</summary>
    /// <param name="name">The text.</param>
    public static bool IsRunName(string? name) => JobPackageFile.IsSafe(name) && !name!.Contains('/', StringComparison.Ordinal);

    /// <summary>The index as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, StrictJson.Options);

    /// <summary>Reads an index, and checks every name and number in it.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public static CopyIndex FromJson(ReadOnlySpan<byte> json)
    {
        if (json.Length > BytesMax)
            throw new InvalidInputException($"An index of copies has {json.Length} bytes; {BytesMax} are allowed.");
        try
        {
            var index = JsonSerializer.Deserialize<CopyIndex>(json, StrictJson.Options);
            return index is not null && Fault(index) is not { } fault ? index : throw new InvalidInputException($"An index of copies {(index is null ? "is null" : Fault(index))}.");
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"An index of copies cannot be read: {error.Message.TrimEnd('.')}.", error);
        }
    }

    private static string? Fault(CopyIndex index)
    {
        if (!IsRunName(index.Run))
            return "names no run";
        if (index.Term < 0 || index.Sequence < 0 || index.Version < 0)
            return "has a negative number";
        if (index.Packages.IsDefault || index.Files.IsDefault || index.Packages.Length > PackagesMax || index.Files.Length > FilesMax)
            return string.Create(CultureInfo.InvariantCulture, $"has no list of files or packages, or more than {FilesMax} files or {PackagesMax} packages");
        if (!index.Packages.All(BlobName.IsValid))
            return "names a package that is no blob";
        var (paths, bytes) = (new HashSet<string>(StringComparer.Ordinal), 0L);
        foreach (var file in index.Files)
        {
            if (file is null || !IsPath(file.Path) || !paths.Add(file.Path) || file.Pieces.IsDefault)
                return $"has the file '{file?.Path}', which no run has, or twice";
            foreach (var piece in file.Pieces)
            {
                if (piece is null || piece.Bytes < 0 || piece.Bytes > long.MaxValue - bytes || !BlobName.IsValid(piece.Sha256))
                    return $"has a piece of '{file.Path}' that is no blob";
                bytes += piece.Bytes;
            }
        }
        return null;
    }

    private static bool IsPath(string? path) =>
        path is MetricsFile or QueueFile or ExecutionFacts.FileName
        || JobPackageFile.IsSafe(path) && path!.Split('/') is [CheckpointsDirectory, var step, _] && step.StartsWith("step-", StringComparison.Ordinal)
        && long.TryParse(step.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && step[5..] == number.ToString(CultureInfo.InvariantCulture);
}
