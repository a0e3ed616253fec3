using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace DistRnn.Protocol;

/// <summary>
/// A signed byte a float, in groups of <see cref="GroupCount"/> with a scale each: the group's largest magnitude over 127, so that a decoded float is off by at
/// most 1/253 of that magnitude. A group whose largest magnitude is below 1.5e-36 decodes as zeros, one that is not finite as NaN.
/// </summary>
/// <remarks>Layout: the scales of all groups (float32), then the bytes of all floats.</remarks>
internal sealed class Int8Codec() : Codec(CodecKind.Int8)
{
    /// <summary>Floats of a group; a block is a whole number of groups, and a range's last one may be short.</summary>
    public const int GroupCount = 256;

    /// <summary>The bits of the scale of a group that is not finite.</summary>
    public const uint NotFinite = 0x7FC00000;

    private readonly Int8Kernels _kernels = Int8Kernels.Current;

    /// <summary>Makes the codec with the kernels of one width.</summary>
    public Int8Codec(Int8Kernels kernels)
        : this() => _kernels = kernels;

    public override long EstimateBytes(long count) => checked(count + sizeof(float) * GroupsOf(count));

    public override unsafe bool TryDecode(ReadOnlySpan<byte> bytes, Span<float> values, [NotNullWhen(false)] out string? reason)
    {
        if (!IsLength(bytes, values.Length, out reason))
            return false;
        var groups = (int)GroupsOf(values.Length);
        fixed (byte* quantized = bytes[(sizeof(float) * groups)..])
        fixed (float* to = values)
        {
            for (var group = 0; group < groups; group++)
            {
                var first = group * GroupCount;
                var count = Math.Min(GroupCount, values.Length - first);
                var bits = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(sizeof(float) * group)..]);
                var scale = BitConverter.UInt32BitsToSingle(bits);
                if (bits == NotFinite)
                {
                    values.Slice(first, count).Fill(scale);
                    continue;
                }
                if (bits != 0 && (!float.IsNormal(scale) || float.IsNegative(scale)))
                {
                    reason = $"Group {group} of {groups} in {this} has the scale 0x{bits:X8}; allowed are zero, positive normal numbers and 0x{NotFinite:X8}.";
                    return false;
                }
                _kernels.Decode((sbyte*)quantized + first, scale, to + first, count);
            }
        }
        return true;
    }

    public override string ToString() => "int8";

    private protected override unsafe int EncodeRange(ReadOnlySpan<float> values, Span<byte> destination, Span<float> residual)
    {
        var groups = (int)GroupsOf(values.Length);
        fixed (float* from = values, left = residual)
        fixed (byte* quantized = destination[(sizeof(float) * groups)..])
        {
            for (var group = 0; group < groups; group++)
            {
                var first = group * GroupCount;
                var count = Math.Min(GroupCount, values.Length - first);
                var scale = _kernels.Encode(from + first, left == null ? null : left + first, (sbyte*)quantized + first, count);
                BinaryPrimitives.WriteUInt32LittleEndian(destination[(sizeof(float) * group)..], BitConverter.SingleToUInt32Bits(scale));
            }
        }
        return (int)EstimateBytes(values.Length);
    }

    private static long GroupsOf(long count) => (count + GroupCount - 1) / GroupCount;
}
