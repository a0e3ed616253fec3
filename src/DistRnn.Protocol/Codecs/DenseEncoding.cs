using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>
/// A part's dense sections in a codec, as they travel: range after range, each behind its length in bytes (int32, little-endian), and zeros up to a multiple of four
/// bytes. Ranges end where blocks of the flat vector do, so that every partition, and the worker that encodes all of them, sees the same ones.
/// </summary>
/// <remarks>Thread-safe; nothing is allocated.</remarks>
public static unsafe class DenseEncoding
{
    private const int RangeCountMax = 64 * ParameterTable.BlockCount;
    private const int LengthBytes = sizeof(int);

    /// <summary>How many floats from a place on are encoded together.</summary>
    /// <param name="at">The place in the flat vector.</param>
    /// <param name="end">Where the section ends; behind <paramref name="at"/>.</param>
    /// <returns>Up to the end of the block that the place lies inside; 64 blocks from the beginning of one; never beyond the section's end.</returns>
    public static int RangeAt(long at, long end)
    {
        var inside = at % ParameterTable.BlockCount;
        return (int)Math.Min(inside == 0 ? RangeCountMax : ParameterTable.BlockCount - inside, end - at);
    }

    /// <summary>The bytes that a partition's dense sections need: exact for all codecs but top-k, which needs as many at most.</summary>
    /// <param name="layout">The partition.</param>
    /// <param name="codec">The codec.</param>
    public static long EstimateBytes(PartitionLayout layout, Codec codec)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(codec);
        var bytes = 0L;
        foreach (var section in layout.Dense)
        {
            var end = section.First + section.Count;
            for (var at = section.First; at < end;)
            {
                var count = RangeAt(at, end);
                bytes = checked(bytes + LengthBytes + codec.EstimateBytes(count));
                at += count;
            }
        }
        return (bytes + 3) / 4 * 4;
    }

    /// <summary>Encodes the dense sections of a part. Where the codec has rounded or encoded its floats before, nothing more is lost but, with int8, a unit in the last place.</summary>
    /// <param name="part">The part, not absent.</param>
    /// <param name="codec">The codec.</param>
    /// <param name="destination">Room for <see cref="EstimateBytes"/>.</param>
    /// <returns>Bytes written, a multiple of four.</returns>
    public static long Encode(GradientPart part, Codec codec, byte* destination)
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(codec);
        var next = destination;
        foreach (var section in part.Layout.Dense)
        {
            var end = section.First + section.Count;
            for (var at = section.First; at < end;)
            {
                var count = RangeAt(at, end);
                var room = new Span<byte>(next, checked(LengthBytes + (int)codec.EstimateBytes(count)));
                var written = codec.Encode(new ReadOnlySpan<float>(part.At(at), count), room[LengthBytes..]);
                BinaryPrimitives.WriteInt32LittleEndian(room, written);
                next += LengthBytes + written;
                at += count;
            }
        }
        while ((next - destination) % 4 != 0)
            *next++ = 0;
        return next - destination;
    }

    /// <summary>Decodes the dense sections of a partition. Every length is checked before it is used.</summary>
    /// <param name="bytes">What came.</param>
    /// <param name="count">How many bytes.</param>
    /// <param name="layout">The partition.</param>
    /// <param name="codec">The codec.</param>
    /// <param name="values">The float of flat index <see cref="PartitionLayout.First"/>, of as many as the partition has.</param>
    /// <param name="reason">A sentence that says what is wrong with the bytes, where something is.</param>
    /// <returns>Whether the bytes are the partition's dense sections.</returns>
    public static bool TryDecode(byte* bytes, long count, PartitionLayout layout, Codec codec, float* values, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(codec);
        foreach (var section in layout.Dense)
        {
            var end = section.First + section.Count;
            for (var at = section.First; at < end;)
            {
                var floats = RangeAt(at, end);
                var length = count < LengthBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(bytes, LengthBytes));
                if (length < 0 || length > count - LengthBytes || length > codec.EstimateBytes(floats))
                {
                    reason = FormattableString.Invariant($"The {floats} floats from {at} on in {codec} are said to be {length} bytes where {count} are left and {codec.EstimateBytes(floats)} are allowed.");
                    return false;
                }
                if (!codec.TryDecode(new ReadOnlySpan<byte>(bytes + LengthBytes, length), new Span<float>(values + (at - layout.First), floats), out reason))
                    return false;
                bytes += LengthBytes + length;
                count -= LengthBytes + length;
                at += floats;
            }
        }
        reason = count < 4 && new ReadOnlySpan<byte>(bytes, (int)count).IndexOfAnyExcept((byte)0) < 0 ? null : FormattableString.Invariant($"{count} bytes are left behind the last range in {codec}.");
        return reason is null;
    }
}
