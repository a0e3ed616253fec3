using System.Buffers.Binary;
using System.IO.Hashing;

namespace DistRnn.Cluster;

/// <summary>
/// The header's bytes. The format only extends: a later one has more bytes behind these, which an older reader passes over, and gives meaning to
/// bytes that are 0 today; what would be misread by older readers raises <see cref="Version"/>.
/// </summary>
/// <remarks>
/// Little-endian. 0: "DRNP", 4: version (2), 6: bytes of the header (2), 8: kind (1), 9: codec (1), 10: outcome (1), 11: reason (1), 12: kind it answers (1),
/// 13: flags (1; bit 0 is last), 14: 0 (2), 16: run (16), 32: incarnation (4), 36: partition (4), 40: owner epoch (8), 48: step (8), 56: offset (8),
/// 64: first shard (4), 68: shards (4), 72: attempt (8), 80: payload bytes (8), 88: sequence (8), 96: request (8), 104: prefix bytes (4), 108: tensor (4),
/// 112: 0 (8), 120: XXH3-64 of three XXH3-64, of the bytes before, of those behind, and of the prefix (8). The payload is followed by its
/// XXH3-128 (16), where there is one.
/// </remarks>
internal static class DataHeaderFormat
{
    /// <summary>Bytes of the header that this version writes.</summary>
    internal const int Bytes = 128;

    /// <summary>Bytes that a header of a later version may have.</summary>
    internal const int BytesMax = 512;

    /// <summary>Bytes of the checksum behind a payload.</summary>
    internal const int TrailerBytes = 16;

    /// <summary>The version of the format.</summary>
    internal const ushort Version = 1;

    /// <summary>"DRNP", read as a little-endian number.</summary>
    internal const uint Magic = 0x504E5244;

    private const int ChecksumAt = 120;

    /// <summary>Writes a header.</summary>
    /// <param name="header">The header, its lengths and sequence set.</param>
    /// <param name="prefix">The prefix, for the checksum.</param>
    /// <param name="bytes">Where to: <see cref="Bytes"/> bytes.</param>
    internal static void Write(in DataHeader header, ReadOnlySpan<byte> prefix, Span<byte> bytes)
    {
        bytes = bytes[..Bytes];
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], Bytes);
        (bytes[8], bytes[9], bytes[10]) = ((byte)header.Kind, header.Codec, (byte)header.Outcome);
        (bytes[11], bytes[12], bytes[13]) = ((byte)header.Reason, (byte)header.Answers, header.Last ? (byte)1 : (byte)0);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[16..], header.Run);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], header.Incarnation);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[36..], header.Partition);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], header.OwnerEpoch);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], header.Step);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[56..], header.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[64..], header.FirstShard);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[68..], header.ShardCount);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[72..], header.Attempt);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[80..], header.PayloadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[88..], header.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[96..], header.Request);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[104..], header.PrefixBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[108..], header.Tensor);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[ChecksumAt..], Checksum(bytes, prefix));
    }

    /// <summary>Reads a header as far as it can be trusted before its prefix is there: lengths and ranges are checked, the checksum is not yet.</summary>
    /// <param name="bytes"><see cref="Bytes"/> bytes.</param>
    /// <param name="limits">How long prefix and payload may be.</param>
    /// <param name="header">The header; its run, step and node are nobody's word before <see cref="IsIntact"/>.</param>
    /// <param name="headerBytes">Bytes of the header, those behind the first <see cref="Bytes"/> included.</param>
    /// <returns>None, or why it is refused.</returns>
    internal static RefusalReason Read(ReadOnlySpan<byte> bytes, DataPlaneLimits limits, out DataHeader header, out int headerBytes)
    {
        header = default;
        headerBytes = 0;
        if (bytes.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
            return RefusalReason.NoFrame;
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) != Version)
            return RefusalReason.OtherVersion;
        headerBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        if (headerBytes is < Bytes or > BytesMax)
            return RefusalReason.HeaderLength;
        header = new DataHeader
        {
            Kind = (DataKind)bytes[8],
            Codec = bytes[9],
            Outcome = (DataOutcome)bytes[10],
            Reason = (RefusalReason)bytes[11],
            Answers = (DataKind)bytes[12],
            Last = (bytes[13] & 1) != 0,
            Run = BinaryPrimitives.ReadUInt128LittleEndian(bytes[16..]),
            Incarnation = BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
            Partition = BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]),
            OwnerEpoch = BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            Step = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            Offset = BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]),
            FirstShard = BinaryPrimitives.ReadInt32LittleEndian(bytes[64..]),
            ShardCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[68..]),
            Attempt = BinaryPrimitives.ReadInt64LittleEndian(bytes[72..]),
            PayloadBytes = BinaryPrimitives.ReadInt64LittleEndian(bytes[80..]),
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(bytes[88..]),
            Request = BinaryPrimitives.ReadUInt64LittleEndian(bytes[96..]),
            PrefixBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[104..]),
            Tensor = BinaryPrimitives.ReadInt32LittleEndian(bytes[108..]),
        };
        return Check(header, limits);
    }

    /// <summary>Whether header and prefix have the checksum that the header says.</summary>
    /// <param name="header">All bytes of the header.</param>
    /// <param name="prefix">All bytes of the prefix.</param>
    internal static bool IsIntact(ReadOnlySpan<byte> header, ReadOnlySpan<byte> prefix) =>
        header.Length >= Bytes && BinaryPrimitives.ReadUInt64LittleEndian(header[ChecksumAt..]) == Checksum(header, prefix);

    /// <summary>Bytes of a whole frame on the wire.</summary>
    internal static long FrameBytes(in DataHeader header) => Bytes + header.PrefixBytes + header.PayloadBytes + (header.PayloadBytes > 0 ? TrailerBytes : 0);

    private static RefusalReason Check(in DataHeader header, DataPlaneLimits limits)
    {
        if (!DataKinds.IsOfConnection(header.Kind) && !DataKinds.IsMessage(header.Kind))
            return RefusalReason.UnknownKind;
        if (header.PrefixBytes < 0 || header.PayloadBytes < 0 || header.Incarnation < 0 || header.OwnerEpoch < 0 || header.Partition < 0 || header.Tensor < 0 ||
            header.Step < 0 || header.Offset < 0 || header.FirstShard < 0 || header.ShardCount < 0 || header.Attempt < 0 || header.FirstShard > int.MaxValue - header.ShardCount)
            return RefusalReason.BadHeader;
        if (header.Kind == DataKind.Reply && header.Outcome is not (DataOutcome.Accepted or DataOutcome.Duplicate or DataOutcome.Refused))
            return RefusalReason.BadHeader;
        if (header.PrefixBytes > limits.PrefixBytesMax || (DataKinds.IsOfConnection(header.Kind) && header.PrefixBytes > Greeting.BytesMax))
            return RefusalReason.PrefixTooLong;
        if (header.PayloadBytes > limits.PayloadBytesMax || (DataKinds.IsOfConnection(header.Kind) && header.PayloadBytes > 0))
            return RefusalReason.PayloadTooLong;
        return RefusalReason.None;
    }

    private static ulong Checksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> prefix)
    {
        // The three parts are hashed one by one and their hashes together: no copy, no state.
        Span<byte> parts = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(parts, XxHash3.HashToUInt64(header[..ChecksumAt]));
        BinaryPrimitives.WriteUInt64LittleEndian(parts[8..], XxHash3.HashToUInt64(header[(ChecksumAt + 8)..]));
        BinaryPrimitives.WriteUInt64LittleEndian(parts[16..], XxHash3.HashToUInt64(prefix));
        return XxHash3.HashToUInt64(parts);
    }
}
