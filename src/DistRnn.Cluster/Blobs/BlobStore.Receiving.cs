using DistRnn.Formats;

namespace DistRnn.Cluster;

public sealed partial class BlobStore
{
    /// <summary>
    /// Begins to receive a blob in pieces, or goes on where an earlier receiver of it left off, also one of an earlier process. One receiver of a blob at a time.
    /// </summary>
    /// <param name="sha256">Its name, from outside: what is no name is refused.</param>
    /// <param name="length">Its size in bytes, from outside: what is beyond the limits is refused before anything is written.</param>
    /// <returns>The receiver, or why there is none.</returns>
    /// <exception cref="StorageException">The disk refuses.</exception>
    public BlobReceipt BeginReceive(string sha256, long length)
    {
        if (!BlobName.IsValid(sha256))
            return new BlobReceipt(null, false, "A blob's name is a SHA-256 of 64 hexadecimal digits in lower case; another was given.");
        if (length < 0 || RefusalOf(length) is not null)
            return new BlobReceipt(null, false, length < 0 ? FormattableString.Invariant($"A blob cannot have {length} bytes.") : RefusalOf(length));
        lock (_lock)
        {
            if (Has(sha256))
                return new BlobReceipt(null, true, $"The blob {sha256} is on this node already.");
            if (_receiving.Contains(sha256))
                return new BlobReceipt(null, false, $"The blob {sha256} is being received already.");
            if (_receiving.Count >= _options.ReceivesMax)
                return new BlobReceipt(null, false, FormattableString.Invariant($"This node is receiving {_receiving.Count} blobs, which is the most it does at a time; ask again later."));
            _receiving.Add(sha256);
        }
        try
        {
            return new BlobReceipt(new BlobReceiver(this, sha256, length, _files), false, null);
        }
        catch (Exception error)
        {
            EndReceive(sha256);
            if (error is IOException and not StorageException or UnauthorizedAccessException)
                throw Failure($"The blob {sha256} cannot be received into {Directory}", error);
            throw;
        }
    }

    internal string PartialPathOf(string sha256) => Path.Combine(Incoming, sha256 + PartialSuffix);

    internal string NewTemporaryPath() => NewTemporary();

    internal void PublishReceived(string partial, StoredContent content) => Publish(partial, content);

    internal void EndReceive(string sha256)
    {
        lock (_lock)
            _receiving.Remove(sha256);
    }
}

/// <summary>What asking to receive a blob gave.</summary>
/// <param name="Receiver">The receiver, the caller's to close, or null.</param>
/// <param name="IsThere">Whether there is nothing to receive because the blob is there already.</param>
/// <param name="Refusal">Why there is no receiver, a sentence; null where there is one.</param>
public readonly record struct BlobReceipt(BlobReceiver? Receiver, bool IsThere, string? Refusal);
