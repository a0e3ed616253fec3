using System.Collections.Immutable;
using System.Text.Json;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// A job with all its files, as a cluster is given it: the job's text with paths relative to wherever it is laid out, and for each file where it lies there, its
/// size and the blob that it is. Built-in data needs no files. What comes from outside is checked before any of it becomes a path.
/// </summary>
public sealed partial record JobPackage
{
    /// <summary>The most files that a job may have.</summary>
    public const int FilesMax = 100_000;

    /// <summary>The largest package, written as JSON, in bytes.</summary>
    public const int BytesMax = 64 << 20;

    private const string FormatName = "distrnn-job";
    private const int FormatVersion = 1;

    private JobPackage(string name, string jobText, ImmutableArray<JobPackageFile> files) => (Name, JobText, Files) = (name, jobText, files);

    /// <summary>The job's name.</summary>
    public string Name { get; }

    /// <summary>The job file, with paths relative to the directory that it is laid out in.</summary>
    public string JobText { get; }

    /// <summary>The files, in the order in which the job names them.</summary>
    public ImmutableArray<JobPackageFile> Files { get; }

    /// <summary>Bytes of all files.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>The name of the package itself: SHA-256 of <see cref="ToJson"/>. Equal packages are equal jobs with equal data.</summary>
    public string Sha256 => StoredContent.Of(ToJson()).Sha256;

    /// <summary>The blobs of the files, each once, in order.</summary>
    public IEnumerable<string> Blobs => Files.Select(file => file.Sha256).Distinct(StringComparer.Ordinal);

    /// <summary>The blobs that a node still needs before it can lay the job out.</summary>
    /// <param name="store">The node's store.</param>
    public ImmutableArray<string> MissingFrom(BlobStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return [.. Blobs.Where(sha256 => !store.Has(sha256))];
    }

    /// <summary>Stores the package itself as a blob.</summary>
    /// <param name="store">The store.</param>
    /// <returns>Its size and name.</returns>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public StoredContent PutInto(BlobStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.Put(ToJson());
    }

    /// <summary>The package as JSON: the same bytes for the same package.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(new Document(FormatName, FormatVersion, Name, JobText, [.. Files]), StrictJson.Options);

    /// <summary>Reads a package and checks every name in it.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="InvalidInputException">It is no package, of another version, or has names that no package has.</exception>
    public static JobPackage FromJson(ReadOnlySpan<byte> json, string source)
    {
        if (json.Length > BytesMax)
            throw new InvalidInputException($"{source} has {json.Length} bytes; the package of a job has {BytesMax} at most.");
        Document? document;
        try
        {
            document = JsonSerializer.Deserialize<Document>(json, StrictJson.Options);
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{source} is not the package of a job: {error.Message.TrimEnd('.')}.", error);
        }
        if (document is null || document.Format != FormatName)
            throw new InvalidInputException($"{source} is not the package of a job.");
        if (document.Version != FormatVersion)
            throw new InvalidInputException($"{source} has the version {document.Version}; this program reads {FormatVersion}.");
        Check(document, source);
        return new JobPackage(document.Name, document.Job, [.. document.Files]);
    }

    private static void Check(Document document, string source)
    {
        if (!JobPackageFile.IsSafe(document.Name) || document.Name.Contains('/', StringComparison.Ordinal))
            throw new InvalidInputException($"{source} has the job name '{document.Name}', which is no file's name.");
        if (document.Files.Length > FilesMax)
            throw new InvalidInputException($"{source} has {document.Files.Length} files; a job has {FilesMax} at most.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        var bytes = 0L;
        foreach (var file in document.Files)
        {
            if (file is null || !JobPackageFile.IsSafe(file.Name) || !file.Name.StartsWith($"{FilesDirectory}/{file.Key}/", StringComparison.Ordinal))
                throw new InvalidInputException($"{source} has a file '{file?.Name}' of the key '{file?.Key}'; a file's name is {FilesDirectory}/, its key and a relative path without '..'.");
            if (!names.Add(file.Name))
                throw new InvalidInputException($"{source} has the file '{file.Name}' twice.");
            if (!BlobName.IsValid(file.Sha256) || file.Bytes < 0 || file.Bytes > long.MaxValue - bytes)
                throw new InvalidInputException($"{source} has the file '{file.Name}' with the size {file.Bytes} and the SHA-256 '{file.Sha256}', which no file has.");
            bytes += file.Bytes;
        }
        foreach (var file in document.Files)
        {
            for (var end = file.Name.LastIndexOf('/'); end > 0; end = file.Name.LastIndexOf('/', end - 1))
                if (names.Contains(file.Name[..end]))
                    throw new InvalidInputException($"{source} has '{file.Name[..end]}' as a file and as a directory.");
        }
    }

    private sealed record Document(string Format, int Version, string Name, string Job, JobPackageFile[] Files);
}
