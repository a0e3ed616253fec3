using System.Buffers.Binary;

namespace DistRnn.Cluster;

/// <summary>Which bytes of which blob follow, or are asked for.</summary>
/// <remarks>Little-endian. 0: version (1), 1: 0 (7), 8: SHA-256 (32), 40: offset (8), 48: bytes (8), 56: bytes of the whole blob, or 0 where that is not known (8).</remarks>
internal readonly ref struct BlobPrefix
{
    /// <summary>Bytes of a prefix.</summary>
    public const int Bytes = 64;

    private const byte Version = 1;

    private BlobPrefix(ReadOnlySpan<byte> sha256, long offset, long count, long total)
    {
        Sha256 = sha256;
        Offset = offset;
        Count = count;
        Total = total;
    }

    /// <summary>The blob's name: its SHA-256, 32 bytes.</summary>
    public ReadOnlySpan<byte> Sha256 { get; }

    /// <summary>The first byte.</summary>
    public long Offset { get; }

    /// <summary>How many bytes.</summary>
    public long Count { get; }

    /// <summary>Bytes of the whole blob; 0 where it is not known yet.</summary>
    public long Total { get; }

    /// <summary>Writes a prefix.</summary>
    /// <param name="sha256">The blob's SHA-256, 32 bytes.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="count">How many bytes.</param>
    /// <param name="total">Bytes of the whole blob, or 0.</param>
    /// <param name="bytes">Where to: 64 bytes.</param>
    public static void Write(ReadOnlySpan<byte> sha256, long offset, long count, long total, Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sha256.Length, 32, nameof(sha256));
        bytes[..8].Clear();
        bytes[0] = Version;
        sha256.CopyTo(bytes[8..]);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[56..], total);
    }

    /// <summary>Reads a prefix and checks its numbers.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <param name="prefix">What they say.</param>
    /// <returns>Whether they are one.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BlobPrefix prefix)
    {
        prefix = default;
        if (bytes.Length != Bytes || bytes[0] != Version)
            return false;
        var (offset, count, total) =
            (BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]));
        if (offset < 0 || count < 0 || total < 0 || (total > 0 && offset > total - count) || offset > long.MaxValue - count)
            return false;
        prefix = new BlobPrefix(bytes.Slice(8, 32), offset, count, total);
        return true;
    }
}
