using DistRnn.Formats;

namespace DistRnn.Cluster;

public sealed partial class BlobStore
{
    /// <summary>A whole blob, verified.</summary>
    /// <param name="sha256">Its name.</param>
    /// <param name="bytesMax">The most bytes that the caller takes.</param>
    /// <returns>The content, or why there is none: it is absent, damaged (and now deleted), too large, or cannot be read.</returns>
    /// <exception cref="ArgumentException">It is no blob's name.</exception>
    public BlobContent Read(string sha256, int bytesMax = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesMax);
        var opening = Open(sha256);
        if (opening.Reading is null)
            return new BlobContent(null, opening.Refusal);
        using var opened = opening.Reading;
        if (opened.Length > Math.Min(bytesMax, Array.MaxLength))
            return new BlobContent(null, FormattableString.Invariant($"The blob {sha256} has {opened.Length} bytes; {bytesMax} are the most that are taken here."));
        var content = new byte[opened.Length];
        var read = opened.Read(0, content);
        return read == content.Length
            ? new BlobContent(content, null)
            : new BlobContent(null, FormattableString.Invariant($"The blob {sha256} became shorter while it was read."));
    }

    /// <summary>
    /// Opens a blob for reading in pieces. Its whole content is verified first, once for as long as its file stays as it is, so that what is handed on is right.
    /// </summary>
    /// <param name="sha256">Its name.</param>
    /// <returns>The reading, or why there is none.</returns>
    /// <exception cref="ArgumentException">It is no blob's name.</exception>
    public BlobOpening Open(string sha256)
    {
        BlobName.ThrowIfNone(sha256);
        FileStream? file = null;
        try
        {
            var path = PathOf(sha256);
            if (!File.Exists(path))
                return new BlobOpening(null, $"There is no blob {sha256} on this node.");
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            if (IsDamaged(sha256, file) is { } sentence)
                return new BlobOpening(null, sentence);
            var reading = new BlobReading(sha256, file);
            file = null;
            return new BlobOpening(reading, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new BlobOpening(null, $"The blob {sha256} cannot be read: {error.Message.TrimEnd('.')}.");
        }
        finally
        {
            file?.Dispose();
        }
    }

    private string? IsDamaged(string sha256, FileStream file)
    {
        var state = (file.Length, File.GetLastWriteTimeUtc(file.SafeFileHandle));
        lock (_lock)
        {
            if (_verified.TryGetValue(sha256, out var known) && known == state)
                return null;
        }
        var found = StoredContent.Of(file).Sha256;
        if (found == sha256)
        {
            lock (_lock)
                _verified[sha256] = state;
            return null;
        }
        RemoveDamaged(sha256, state);
        return $"The blob {sha256} is damaged: its content has the SHA-256 {found}. It has been deleted and counts as absent.";
    }

    // A blob that was put in its place meanwhile is another file, and stays.
    private void RemoveDamaged(string sha256, (long Bytes, DateTime Written) state)
    {
        lock (_lock)
        {
            var file = new FileInfo(PathOf(sha256));
            if (!file.Exists || (file.Length, file.LastWriteTimeUtc) != state)
                return;
            Delete(file);
            Interlocked.Increment(ref _damaged);
        }
    }

    private void Delete(FileInfo blob)
    {
        var bytes = blob.Length;
        _files.Delete(blob.FullName);
        _verified.Remove(blob.Name);
        Interlocked.Add(ref _bytes, -bytes);
    }
}
