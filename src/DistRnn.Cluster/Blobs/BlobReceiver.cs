using System.Security.Cryptography;
using DistRnn.Formats;

namespace DistRnn.Cluster;

/// <summary>
/// Receives one blob in pieces, in order. What has arrived stays when the receiver is closed before the end, and the next receiver goes on from it. The blob
/// exists when <see cref="Complete"/> has found its content to have its name, and not a moment earlier.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class BlobReceiver : IDisposable
{
    private readonly BlobStore _store;
    private readonly IFileStore _files;
    private readonly string _partial;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private Stream? _file;

    internal BlobReceiver(BlobStore store, string sha256, long length, IFileStore files)
    {
        (_store, _files, Sha256, Length) = (store, files, sha256, length);
        _partial = store.PartialPathOf(sha256);
        var earlier = TakeEarlier();
        try
        {
            _file = files.Create(_partial);
            if (earlier is not null)
                CopyEarlier(earlier);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>The blob's name.</summary>
    public string Sha256 { get; }

    /// <summary>Its size in bytes.</summary>
    public long Length { get; }

    /// <summary>How many bytes have arrived: where the next piece begins.</summary>
    public long Received { get; private set; }

    /// <summary>Takes a piece. One that has arrived already is passed over.</summary>
    /// <param name="offset">Its first byte.</param>
    /// <param name="piece">Its bytes.</param>
    /// <returns>Null where it was taken; otherwise why not, a sentence, and nothing has changed.</returns>
    /// <exception cref="StorageException">The disk refuses; the receiver is closed, and a new one goes on from what is on the disk.</exception>
    /// <exception cref="ObjectDisposedException">The receiver is closed.</exception>
    public string? Write(long offset, ReadOnlySpan<byte> piece)
    {
        ObjectDisposedException.ThrowIf(_file is null, this);
        if (offset < 0 || offset > Received)
            return FormattableString.Invariant($"The piece of the blob {Sha256} begins at byte {offset}; byte {Received} is next.");
        if (piece.Length > Length - offset)
            return FormattableString.Invariant($"The piece of the blob {Sha256} ends at byte {(decimal)offset + piece.Length}; the blob has {Length}.");
        var known = Received - offset;
        if (known >= piece.Length)
            return null;
        piece = piece[(int)known..];
        try
        {
            _file.Write(piece);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Close();
            throw Failure(error);
        }
        _hash.AppendData(piece);
        Received += piece.Length;
        return null;
    }

    /// <summary>Ends the receiving: the content is compared with the name, made durable, and becomes the blob. The receiver is closed.</summary>
    /// <returns>Null where the blob is there now; otherwise why not, a sentence. A content with another SHA-256 is deleted; a part stays, to be gone on with.</returns>
    /// <exception cref="StorageException">The disk refuses.</exception>
    /// <exception cref="ObjectDisposedException">The receiver is closed.</exception>
    public string? Complete()
    {
        ObjectDisposedException.ThrowIf(_file is null, this);
        try
        {
            if (Received < Length)
                return FormattableString.Invariant($"Only {Received} of the {Length} bytes of the blob {Sha256} have arrived.");
            var found = Convert.ToHexStringLower(_hash.GetHashAndReset());
            if (found != Sha256)
            {
                CloseFile();
                _files.Delete(_partial);
                return $"What arrived as the blob {Sha256} has the SHA-256 {found}; it has been deleted.";
            }
            _files.Sync(_file);
            CloseFile();
            _store.PublishReceived(_partial, new StoredContent(Length, Sha256));
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure(error);
        }
        finally
        {
            Close();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_file is not null)
            Close();
    }

    private StorageException Failure(Exception error) =>
        error as StorageException ?? new StorageException($"The blob {Sha256} cannot be written to {_store.Directory}: {error.Message.TrimEnd('.')}.", error);

    private string? TakeEarlier()
    {
        if (!File.Exists(_partial))
            return null;
        var earlier = _store.NewTemporaryPath();
        _files.Replace(_partial, earlier);
        return earlier;
    }

    private void CopyEarlier(string earlier)
    {
        using (var source = new FileStream(earlier, FileMode.Open, FileAccess.Read, FileShare.Read, 1))
        {
            var buffer = new byte[1 << 17];
            for (int read; (read = source.Read(buffer)) > 0 && Received + read <= Length;)
                _ = Write(Received, buffer.AsSpan(0, read));
        }
        _files.Delete(earlier);
    }

    private void Close()
    {
        try
        {
            CloseFile();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What the last flush could not write has not arrived; the next receiver begins before it.
        }
        finally
        {
            _hash.Dispose();
            _store.EndReceive(Sha256);
        }
    }

    private void CloseFile()
    {
        var file = _file;
        _file = null;
        file?.Dispose();
    }
}
