using System.Collections.Immutable;
using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Formats;

/// <summary>What a checkpoint is to hold.</summary>
/// <param name="Name">The part's name, which is its file's.</param>
/// <param name="Write">Writes its content to a stream that can only be written forwards.</param>
public sealed record CheckpointPart(string Name, Action<Stream> Write);

/// <summary>A checkpoint that is there but cannot be used.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Reason">Why not, a sentence that names the file.</param>
public sealed record CheckpointDefect(long Step, string Reason);

/// <summary>What a search for a checkpoint found.</summary>
/// <param name="Newest">The newest complete one, or null where there is none.</param>
/// <param name="Defects">Newer ones that could not be used, the newest first.</param>
public sealed record CheckpointSearch(Checkpoint? Newest, ImmutableArray<CheckpointDefect> Defects);

/// <summary>
/// The directory <c>checkpoints</c> of a run: one directory <c>step-N</c> a checkpoint, with its parts and, written last, its manifest. What has no
/// manifest is no checkpoint. Deleting begins with the manifest, so that whatever a crash leaves is no checkpoint either.
/// </summary>
/// <remarks>One writer at a time.</remarks>
/// <param name="path">The directory; made at the first checkpoint.</param>
/// <param name="store">The file system; null for this machine's.</param>
public sealed class CheckpointDirectory(string path, IFileStore? store = null)
{
    private const string Prefix = "step-";

    private readonly IFileStore _store = store ?? FileStore.Local;

    /// <summary>The directory.</summary>
    public string Path { get; } = path;

    /// <summary>Steps of which there is a directory, complete or not, ascending.</summary>
    public ImmutableArray<long> Steps =>
        Directory.Exists(Path)
            ? [.. Directory.EnumerateDirectories(Path, Prefix + "*").Select(StepOf).OfType<long>().Order()]
            : [];

    /// <summary>The directory of a step's checkpoint.</summary>
    /// <param name="step">The step, at least 0.</param>
    public string PathOf(long step) => System.IO.Path.Combine(Path, Prefix + step.ToString(CultureInfo.InvariantCulture));

    /// <summary>Writes a checkpoint: its parts, then its manifest. One of the same step is replaced.</summary>
    /// <param name="manifest">What the manifest says; its parts are filled in here.</param>
    /// <param name="parts">The parts, no name twice.</param>
    /// <returns>The manifest as it was written.</returns>
    /// <exception cref="StorageException">It could not be written. Other checkpoints are untouched, and nothing half-written will be read.</exception>
    public Manifest Write(Manifest manifest, IReadOnlyList<CheckpointPart> parts)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentOutOfRangeException.ThrowIfNegative(manifest.Step, nameof(manifest));
        if (parts.Select(part => part.Name).Append(Checkpoint.ManifestName).Distinct(StringComparer.Ordinal).Count() <= parts.Count)
            throw new ArgumentException("A part's name comes twice, or is the manifest's.", nameof(parts));
        var directory = PathOf(manifest.Step);
        try
        {
            _store.CreateDirectory(directory);
            _store.SyncDirectory(Path);
            Unpublish(directory);
            var written = manifest with { Parts = [] };
            foreach (var part in parts)
            {
                var content = AtomicFile.Write(System.IO.Path.Combine(directory, part.Name), part.Write, _store);
                written = written with { Parts = written.Parts.Add(new ManifestPart(part.Name, content.Bytes, content.Sha256)) };
            }
            AtomicFile.Write(System.IO.Path.Combine(directory, Checkpoint.ManifestName), written.ToJson(), _store);
            return written;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            DeleteQuietly(directory);
            if (error is StorageException)
                throw;
            throw new StorageException($"{directory} cannot be written: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>The newest complete checkpoint. Damaged ones are passed over, with the reason.</summary>
    public CheckpointSearch FindNewestComplete()
    {
        var defects = ImmutableArray.CreateBuilder<CheckpointDefect>();
        foreach (var step in Steps.Reverse())
        {
            try
            {
                return new CheckpointSearch(Open(step), defects.ToImmutable());
            }
            catch (InvalidInputException error)
            {
                defects.Add(new CheckpointDefect(step, error.Message));
            }
        }
        return new CheckpointSearch(null, defects.ToImmutable());
    }

    /// <summary>Reads the checkpoint of a step and verifies every part.</summary>
    /// <param name="step">The step.</param>
    /// <exception cref="InvalidInputException">There is none, or it is not complete; the message names the part and says why.</exception>
    public Checkpoint Open(long step)
    {
        var directory = PathOf(step);
        if (!Directory.Exists(directory))
            throw new InvalidInputException($"There is no checkpoint of step {step} in {Path}; there {(Steps.IsEmpty ? "are none" : $"are {string.Join(", ", Steps)}")}.");
        var checkpoint = Checkpoint.Open(directory);
        return checkpoint.Manifest.Step == step
            ? checkpoint
            : throw new InvalidInputException($"{System.IO.Path.Combine(directory, Checkpoint.ManifestName)} is of step {checkpoint.Manifest.Step}, not {step}.");
    }

    /// <summary>Deletes all but the newest checkpoints and the pinned ones. Directories without a manifest are deleted too, and do not count.</summary>
    /// <param name="keep">How many of the newest stay, at least 1.</param>
    /// <param name="pinned">Steps that stay besides.</param>
    /// <exception cref="StorageException">One could not be deleted. What stays is untouched.</exception>
    public void Prune(int keep, IEnumerable<long> pinned)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        var complete = Steps.Where(step => File.Exists(System.IO.Path.Combine(PathOf(step), Checkpoint.ManifestName))).ToArray();
        var kept = complete.TakeLast(keep).Concat(pinned).ToHashSet();
        foreach (var step in Steps.Where(step => !kept.Contains(step)))
            Delete(step);
    }

    /// <summary>Deletes the checkpoint of a step, its manifest first.</summary>
    /// <param name="step">The step; one without a checkpoint is no error.</param>
    /// <exception cref="StorageException">It could not be deleted.</exception>
    public void Delete(long step)
    {
        var directory = PathOf(step);
        if (!Directory.Exists(directory))
            return;
        try
        {
            Unpublish(directory);
            _store.DeleteDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{directory} cannot be deleted: {error.Message.TrimEnd('.')}.", error);
        }
    }

    private static long? StepOf(string directory)
    {
        var digits = System.IO.Path.GetFileName(directory)[Prefix.Length..];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var step) && digits == step.ToString(CultureInfo.InvariantCulture) ? step : null;
    }

    private void Unpublish(string directory)
    {
        _store.Delete(System.IO.Path.Combine(directory, Checkpoint.ManifestName));
        _store.SyncDirectory(directory);
    }

    // The error that matters is the first one; a directory without a manifest is never read.
    private void DeleteQuietly(string directory)
    {
        try
        {
            _store.Delete(System.IO.Path.Combine(directory, Checkpoint.ManifestName));
            _store.DeleteDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
