using System.Collections.Immutable;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>What laying out a job gave.</summary>
/// <param name="Job">The job with absolute paths to the files that were laid out, or null.</param>
/// <param name="Refusal">Why there is none, a sentence; null where there is.</param>
public readonly record struct JobLayout(JobOptions? Job, string? Refusal);

public sealed partial record JobPackage
{
    private const int BufferBytes = 1 << 17;

    /// <summary>
    /// Lays the job out in a directory of its own under a cache directory, named by <see cref="Sha256"/>. One that is there is used when every file in it is as it
    /// should be, and made again otherwise; a layout that was cut off is never used.
    /// </summary>
    /// <param name="store">Where the blobs are.</param>
    /// <param name="cacheDirectory">The cache directory; made where it is not there.</param>
    /// <returns>The job, or why not: a blob is absent or damaged.</returns>
    /// <exception cref="InvalidInputException">The text is no job that can be read here, or names a file that is not in the package.</exception>
    /// <exception cref="StorageException">The disk refuses.</exception>
    public JobLayout LayOut(BlobStore store, string cacheDirectory)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(cacheDirectory);
        var target = Path.Combine(Path.GetFullPath(cacheDirectory), Sha256);
        var job = Read(target);
        var temporary = $"{target}.{Guid.NewGuid():N}.part";
        try
        {
            if (Directory.Exists(target))
            {
                if (Files.All(file => IsWhole(PathOf(target, file), file)))
                    return new JobLayout(job, null);
                Directory.Delete(target, recursive: true);
            }
            Directory.CreateDirectory(temporary);
            foreach (var file in Files)
            {
                if (Write(store, file, PathOf(temporary, file)) is { } refusal)
                    return new JobLayout(null, refusal);
            }
            Directory.Move(temporary, target);
            FileStore.Local.SyncDirectory(Path.GetDirectoryName(target)!);
            return new JobLayout(job, null);
        }
        catch (Exception error) when (error is IOException and not StorageException or UnauthorizedAccessException)
        {
            throw new StorageException($"The job {Name} cannot be laid out in {target}: {error.Message.TrimEnd('.')}.", error);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    private static string PathOf(string directory, JobPackageFile file) => Path.Combine([directory, .. file.Name.Split('/')]);

    private static bool IsWhole(string path, JobPackageFile file)
    {
        if (new FileInfo(path) is not { Exists: true } info || info.Length != file.Bytes)
            return false;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        return StoredContent.Of(stream).Sha256 == file.Sha256;
    }

    private static string? Write(BlobStore store, JobPackageFile file, string path)
    {
        var opening = store.Open(file.Sha256);
        if (opening.Reading is null)
            return $"{file.Name} cannot be laid out: {opening.Refusal}";
        using var blob = opening.Reading;
        if (blob.Length != file.Bytes)
            return FormattableString.Invariant($"{file.Name} cannot be laid out: its blob has {blob.Length} bytes, and the package says {file.Bytes}.");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var written = AtomicFile.Write(path, stream => Copy(blob, stream));
        return written.Sha256 == file.Sha256 ? null : $"{file.Name} cannot be laid out: the blob {file.Sha256} changed while it was read.";
    }

    private static void Copy(BlobReading blob, Stream to)
    {
        var buffer = new byte[BufferBytes];
        var offset = 0L;
        for (int read; (read = blob.Read(offset, buffer)) > 0; offset += read)
            to.Write(buffer, 0, read);
    }

    private JobOptions Read(string directory)
    {
        var job = JobFile.Parse(JobText, $"The job {Name}", Name, directory);
        foreach (var path in JobPaths.Of(job).Where(path => !BuiltInData.IsReference(path.Path)))
        {
            var name = Path.GetRelativePath(directory, path.Path).Replace(Path.DirectorySeparatorChar, '/');
            if (!Files.Any(file => file.Key == path.Key && (file.Name == name || file.Name.StartsWith(name + "/", StringComparison.Ordinal))))
                throw new InvalidInputException($"The job {Name} has '{path.Key}: {name}', which is none of the files that came with it.");
        }
        var digests = job.Data.Sha256.Select(pair => KeyValuePair.Create(IsFile(pair.Key) ? Path.GetFullPath(pair.Key, directory) : pair.Key, pair.Value));
        return job with { Data = job.Data with { Sha256 = digests.ToImmutableSortedDictionary(StringComparer.Ordinal) } };
    }

    private bool IsFile(string name) => Files.Any(file => file.Name == name);
}
