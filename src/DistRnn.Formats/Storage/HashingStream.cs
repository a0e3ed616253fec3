using System.Security.Cryptography;

namespace DistRnn.Formats;

/// <summary>The size and the digest of a file's content.</summary>
/// <param name="Bytes">Bytes.</param>
/// <param name="Sha256">SHA-256, 64 hexadecimal digits in lower case.</param>
public readonly record struct StoredContent(long Bytes, string Sha256)
{
    /// <summary>Reads a stream to its end.</summary>
    /// <param name="stream">The stream.</param>
    public static StoredContent Of(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        long bytes = 0;
        for (int read; (read = stream.Read(buffer)) > 0; bytes += read)
            hash.AppendData(buffer, 0, read);
        return new StoredContent(bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>Some bytes.</summary>
    /// <param name="content">The bytes.</param>
    public static StoredContent Of(ReadOnlySpan<byte> content) => new(content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
}

/// <summary>Passes what is written on to another stream and keeps its size and SHA-256.</summary>
/// <param name="inner">Where it goes; stays the caller's.</param>
internal sealed class HashingStream(Stream inner) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _bytes;
        set => throw new NotSupportedException();
    }

    public StoredContent Finish()
    {
        inner.Flush();
        return new StoredContent(_bytes, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        inner.Write(buffer);
        _hash.AppendData(buffer);
        _bytes += buffer.Length;
    }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}
