using System.Security.Cryptography;
using DistRnn.Formats;

namespace DistRnn.Cluster;

/// <summary>
/// The content-addressed store of a node: a blob is a file <c>ab/abcdef...</c>, named by the SHA-256 of its content. A blob is written under another name, made
/// durable and then renamed, so a name is always that of the whole content; what a disk did to it afterwards is noticed when it is read, and such a blob is
/// deleted and counts as absent. Writing what is there already changes nothing.
/// </summary>
/// <remarks>Thread-safe. One process at a time uses a directory.</remarks>
public sealed partial class BlobStore
{
    private const string IncomingName = "incoming";
    private const string PartialSuffix = ".partial";
    private const int BufferBytes = 1 << 17;

    private readonly IFileStore _files;
    private readonly BlobStoreOptions _options;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Bytes, DateTime Written)> _verified = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _retained = new(StringComparer.Ordinal);
    private readonly HashSet<string> _receiving = new(StringComparer.Ordinal);
    private long _bytes;
    private long _damaged;

    private BlobStore(string directory, BlobStoreOptions options, IFileStore files)
    {
        (Directory, _options, _files) = (Path.GetFullPath(directory), options, files);
        Incoming = Path.Combine(Directory, IncomingName);
    }

    /// <summary>The directory, absolute.</summary>
    public string Directory { get; }

    /// <summary>Bytes of all blobs.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>How many damaged blobs were found and deleted since the store was opened.</summary>
    public long DamagedBlobs => Interlocked.Read(ref _damaged);

    private string Incoming { get; }

    /// <summary>Opens the store in a directory, which is made where it is not there. What writers that were cut off left behind is deleted; blobs that were being received stay, to be gone on with.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="options">The limits; null for the defaults.</param>
    /// <param name="files">The file system; null for this machine's.</param>
    /// <exception cref="StorageException">The directory cannot be made, read or written.</exception>
    public static BlobStore Open(string directory, BlobStoreOptions? options = null, IFileStore? files = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        options ??= new BlobStoreOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BlobBytesMax, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.StoreBytesMax, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReceivesMax, 1, nameof(options));
        var store = new BlobStore(directory, options, files ?? FileStore.Local);
        try
        {
            store._files.CreateDirectory(store.Incoming);
            foreach (var file in System.IO.Directory.EnumerateFiles(store.Incoming).Where(AtomicFile.IsTemporary))
                store._files.Delete(file);
            store._bytes = store.List().Sum(blob => new FileInfo(store.PathOf(blob)).Length);
            return store;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure($"The blob directory {store.Directory} cannot be used", error);
        }
    }

    /// <summary>Opens the store in a directory and writes to it, so that one that cannot be used is known of before anything relies on it.</summary>
    /// <param name="directory">The directory, which is made where it is not there.</param>
    /// <exception cref="StorageException">The directory cannot be made, read or written.</exception>
    public static void Probe(string directory)
    {
        var store = Open(directory);
        try
        {
            var written = store.NewTemporary();
            using (store._files.Create(written))
            {
                // It can be.
            }
            store._files.Delete(written);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure($"The blob directory {store.Directory} cannot be written", error);
        }
    }

    /// <summary>Whether there is a blob. Its content is verified when it is read.</summary>
    /// <param name="sha256">Its name.</param>
    /// <exception cref="ArgumentException">It is no blob's name.</exception>
    public bool Has(string sha256)
    {
        BlobName.ThrowIfNone(sha256);
        return File.Exists(PathOf(sha256));
    }

    /// <summary>The size of a blob in bytes, or null where there is none.</summary>
    /// <param name="sha256">Its name.</param>
    /// <exception cref="ArgumentException">It is no blob's name.</exception>
    public long? LengthOf(string sha256)
    {
        BlobName.ThrowIfNone(sha256);
        var file = new FileInfo(PathOf(sha256));
        return file.Exists ? file.Length : null;
    }

    /// <summary>The names of all blobs, in ordinal order.</summary>
    public IReadOnlyList<string> List() =>
    [
        .. System.IO.Directory.EnumerateDirectories(Directory)
            .Where(directory => Path.GetFileName(directory) is { Length: 2 })
            .SelectMany(System.IO.Directory.EnumerateFiles)
            .Select(file => Path.GetFileName(file)!)
            .Where(BlobName.IsValid)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Stores bytes.</summary>
    /// <param name="content">The bytes.</param>
    /// <returns>The size and the name.</returns>
    /// <exception cref="StorageException">They cannot be written, or are more than the limits allow. Nothing of them is left.</exception>
    public StoredContent Put(ReadOnlySpan<byte> content)
    {
        var stored = StoredContent.Of(content);
        if (Has(stored.Sha256))
            return stored;
        var temporary = NewTemporary();
        try
        {
            CheckSize(content.Length);
            using (var file = _files.Create(temporary))
            {
                file.Write(content);
                _files.Sync(file);
            }
            Publish(temporary, stored);
            return stored;
        }
        catch (Exception error)
        {
            throw Abandon(temporary, error);
        }
    }

    /// <summary>Stores what a stream has, to its end.</summary>
    /// <param name="content">The stream; stays the caller's.</param>
    /// <param name="expectedSha256">The name that it is to have, or null where that is not known.</param>
    /// <returns>The size and the name.</returns>
    /// <exception cref="StorageException">It cannot be written, is more than the limits allow, or is not what was expected. Nothing of it is left.</exception>
    public StoredContent Put(Stream content, string? expectedSha256 = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (expectedSha256 is not null)
            BlobName.ThrowIfNone(expectedSha256);
        var temporary = NewTemporary();
        try
        {
            StoredContent stored;
            using (var file = _files.Create(temporary))
            {
                stored = Copy(content, file);
                if (expectedSha256 is not null && stored.Sha256 != expectedSha256)
                    throw new StorageException($"The content has the SHA-256 {stored.Sha256}; {expectedSha256} was expected.");
                _files.Sync(file);
            }
            if (Has(stored.Sha256))
                _files.Delete(temporary);
            else
                Publish(temporary, stored);
            return stored;
        }
        catch (Exception error)
        {
            throw Abandon(temporary, error);
        }
    }

    /// <summary>Stores a file's content.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expectedSha256">The name that it is to have, or null where that is not known.</param>
    /// <returns>The size and the name.</returns>
    /// <exception cref="StorageException">The file cannot be read, or as <see cref="Put(Stream, string?)"/>.</exception>
    public StoredContent PutFile(string path, string? expectedSha256 = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream source;
        try
        {
            source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure($"{path} cannot be read", error);
        }
        using (source)
            return Put(source, expectedSha256);
    }

    private static StorageException Failure(string what, Exception error) => new($"{what}: {error.Message.TrimEnd('.')}.", error);

    private string PathOf(string sha256) => Path.Combine(Directory, sha256[..2], sha256);

    private string NewTemporary() => Path.Combine(Incoming, Guid.NewGuid().ToString("N") + ".part");

    private StoredContent Copy(Stream from, Stream to)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        long bytes = 0;
        for (int read; (read = from.Read(buffer)) > 0;)
        {
            bytes += read;
            CheckSize(bytes);
            hash.AppendData(buffer, 0, read);
            to.Write(buffer, 0, read);
        }
        return new StoredContent(bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private void CheckSize(long bytes)
    {
        if (RefusalOf(bytes) is { } refusal)
            throw new StorageException(refusal);
    }

    private string? RefusalOf(long bytes) =>
        bytes > _options.BlobBytesMax
            ? FormattableString.Invariant($"A blob of {bytes} bytes is more than this node takes; allowed are {_options.BlobBytesMax}.")
            : bytes > _options.StoreBytesMax - Bytes
                ? FormattableString.Invariant($"A blob of {bytes} bytes does not fit: the store {Directory} holds {Bytes} bytes, and allowed are {_options.StoreBytesMax}.")
                : null;

    // Two writers of one blob both end here; the second's rename puts the same content in place of the first's.
    private void Publish(string temporary, StoredContent stored)
    {
        var path = PathOf(stored.Sha256);
        var directory = Path.GetDirectoryName(path)!;
        lock (_lock)
        {
            if (!System.IO.Directory.Exists(directory))
            {
                _files.CreateDirectory(directory);
                _files.SyncDirectory(Directory);
            }
            var isNew = !File.Exists(path);
            _files.Replace(temporary, path);
            _verified.Remove(stored.Sha256);
            if (isNew)
                Interlocked.Add(ref _bytes, stored.Bytes);
        }
        _files.SyncDirectory(directory);
    }

    private Exception Abandon(string temporary, Exception error)
    {
        DeleteQuietly(temporary);
        return error is StorageException || error is not (IOException or UnauthorizedAccessException)
            ? error
            : Failure($"A blob cannot be written to {Directory}", error);
    }

    // The error that matters is the first one; a file under a temporary name is never read.
    private void DeleteQuietly(string path)
    {
        try
        {
            _files.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
