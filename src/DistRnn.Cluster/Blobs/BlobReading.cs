using DistRnn.Formats;

namespace DistRnn.Cluster;

/// <summary>What asking for a blob's content gave.</summary>
/// <param name="Bytes">The content, or null.</param>
/// <param name="Refusal">Why there is none, a sentence; null where there is.</param>
public readonly record struct BlobContent(byte[]? Bytes, string? Refusal);

/// <summary>What opening a blob gave.</summary>
/// <param name="Reading">The open blob, the caller's to close, or null.</param>
/// <param name="Refusal">Why there is none, a sentence; null where there is.</param>
public readonly record struct BlobOpening(BlobReading? Reading, string? Refusal);

/// <summary>An open blob, verified, read in pieces. It stays readable when the blob is deleted meanwhile.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class BlobReading : IDisposable
{
    private readonly FileStream _file;

    internal BlobReading(string sha256, FileStream file) => (Sha256, _file, Length) = (sha256, file, file.Length);

    /// <summary>The blob's name.</summary>
    public string Sha256 { get; }

    /// <summary>Its size in bytes.</summary>
    public long Length { get; }

    /// <summary>Reads a piece.</summary>
    /// <param name="offset">The first byte, from 0; at most <see cref="Length"/>.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>How many bytes were read: as many as fit, fewer only at the end.</returns>
    /// <exception cref="StorageException">The disk refuses.</exception>
    public int Read(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        var done = 0;
        try
        {
            for (int read; done < destination.Length && (read = RandomAccess.Read(_file.SafeFileHandle, destination[done..], offset + done)) > 0;)
                done += read;
            return done;
        }
        catch (IOException error)
        {
            throw new StorageException($"The blob {Sha256} cannot be read: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
