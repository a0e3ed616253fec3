using System.Text;

namespace DistRnn.Formats;

/// <summary>
/// Writes a file so that a reader, at any moment and after any crash, finds the old content or the new one, whole: a temporary file beside it, fsync,
/// rename, fsync of the directory.
/// </summary>
public static class AtomicFile
{
    private const string TemporarySuffix = ".part";

    /// <summary>Whether a file is what a write that was cut off left behind; nothing reads such files.</summary>
    /// <param name="path">The file.</param>
    public static bool IsTemporary(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(TemporarySuffix, StringComparison.Ordinal);
    }

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="write">Writes the content to a stream that can only be written forwards.</param>
    /// <param name="store">The file system; null for this machine's.</param>
    /// <returns>The size and the digest of what was written.</returns>
    /// <exception cref="StorageException">It could not be written. A file that was there is untouched, and nothing half-written is left.</exception>
    public static StoredContent Write(string path, Action<Stream> write, IFileStore? store = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        store ??= FileStore.Local;
        var (full, temporary) = (Path.GetFullPath(path), path + TemporarySuffix);
        try
        {
            StoredContent content;
            using (var file = store.Create(temporary))
            using (var hashing = new HashingStream(file))
            {
                write(hashing);
                content = hashing.Finish();
                store.Sync(file);
            }
            store.Replace(temporary, path);
            store.SyncDirectory(Path.GetDirectoryName(full)!);
            return content;
        }
        catch (Exception error)
        {
            DeleteQuietly(temporary, store);
            if (error is IOException or UnauthorizedAccessException)
                throw new StorageException($"{path} cannot be written: {error.Message.TrimEnd('.')}.", error);
            throw;
        }
    }

    /// <summary>Writes a file of bytes.</summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="store">The file system; null for this machine's.</param>
    /// <returns>The size and the digest of what was written.</returns>
    /// <exception cref="StorageException">As <see cref="Write(string, Action{Stream}, IFileStore?)"/>.</exception>
    public static StoredContent Write(string path, ReadOnlyMemory<byte> content, IFileStore? store = null) =>
        Write(path, stream => stream.Write(content.Span), store);

    /// <summary>Writes a file of UTF-8 text.</summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="text">The text.</param>
    /// <param name="store">The file system; null for this machine's.</param>
    /// <returns>The size and the digest of what was written.</returns>
    /// <exception cref="StorageException">As <see cref="Write(string, Action{Stream}, IFileStore?)"/>.</exception>
    public static StoredContent WriteText(string path, string text, IFileStore? store = null) =>
        Write(path, Encoding.UTF8.GetBytes(text), store);

    // The error that matters is the first one; a temporary file that cannot be deleted is never read.
    private static void DeleteQuietly(string path, IFileStore store)
    {
        try
        {
            store.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
