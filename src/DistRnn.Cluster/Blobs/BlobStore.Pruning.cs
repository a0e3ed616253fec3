using DistRnn.Formats;

namespace DistRnn.Cluster;

public sealed partial class BlobStore
{
    /// <summary>
    /// Keeps a blob from being pruned until the result is disposed, whether it is there yet or not: for parts that are written before the manifest that names
    /// them, and for blobs that are being sent. Retaining counts: a blob is free when everyone who retained it let go.
    /// </summary>
    /// <param name="sha256">Its name.</param>
    /// <exception cref="ArgumentException">It is no blob's name.</exception>
    public IDisposable Retain(string sha256)
    {
        BlobName.ThrowIfNone(sha256);
        lock (_lock)
            _retained[sha256] = _retained.GetValueOrDefault(sha256) + 1;
        return new Retention(this, sha256);
    }

    /// <summary>Deletes every blob that is neither live nor retained, and what has arrived of blobs that nobody is receiving and that are not live.</summary>
    /// <param name="live">The names that manifests, jobs and runs still speak of.</param>
    /// <returns>How many blobs were deleted, and their bytes.</returns>
    /// <exception cref="StorageException">One could not be deleted; those before it are.</exception>
    public (int Blobs, long Bytes) Prune(IReadOnlySet<string> live)
    {
        ArgumentNullException.ThrowIfNull(live);
        var (blobs, bytes) = (0, 0L);
        try
        {
            foreach (var sha256 in List().Where(name => !live.Contains(name)))
            {
                lock (_lock)
                {
                    var file = new FileInfo(PathOf(sha256));
                    if (_retained.ContainsKey(sha256) || !file.Exists)
                        continue;
                    (blobs, bytes) = (blobs + 1, bytes + file.Length);
                    Delete(file);
                }
            }
            foreach (var partial in System.IO.Directory.EnumerateFiles(Incoming, "*" + PartialSuffix))
            {
                var sha256 = Path.GetFileName(partial)[..^PartialSuffix.Length];
                lock (_lock)
                {
                    if (!live.Contains(sha256) && !_receiving.Contains(sha256) && !_retained.ContainsKey(sha256))
                        _files.Delete(partial);
                }
            }
            return (blobs, bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure($"A blob cannot be deleted from {Directory}", error);
        }
    }

    /// <summary>Deletes blobs that nobody needs any more, but for those that are retained. One that is not there is no error.</summary>
    /// <param name="names">Their names.</param>
    /// <exception cref="StorageException">One could not be deleted; those before it are.</exception>
    internal void Drop(IEnumerable<string> names)
    {
        try
        {
            foreach (var sha256 in names)
            {
                lock (_lock)
                {
                    var file = new FileInfo(PathOf(sha256));
                    if (!_retained.ContainsKey(sha256) && file.Exists)
                        Delete(file);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure($"A blob cannot be deleted from {Directory}", error);
        }
    }

    private void Release(string sha256)
    {
        lock (_lock)
        {
            if (--_retained[sha256] == 0)
                _retained.Remove(sha256);
        }
    }

    private sealed class Retention(BlobStore store, string sha256) : IDisposable
    {
        private bool _isReleased;

        public void Dispose()
        {
            if (_isReleased)
                return;
            _isReleased = true;
            store.Release(sha256);
        }
    }
}
