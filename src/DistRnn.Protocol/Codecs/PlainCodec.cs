using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace DistRnn.Protocol;

/// <summary>Four bytes a float, bit for bit.</summary>
internal sealed class PlainCodec() : Codec(CodecKind.None)
{
    public override long EstimateBytes(long count) => checked(count * sizeof(float));

    public override bool TryDecode(ReadOnlySpan<byte> bytes, Span<float> values, [NotNullWhen(false)] out string? reason)
    {
        if (!IsLength(bytes, values.Length, out reason))
            return false;
        bytes.CopyTo(MemoryMarshal.AsBytes(values));
        return true;
    }

    public override string ToString() => "none";

    private protected override int EncodeRange(ReadOnlySpan<float> values, Span<byte> destination, Span<float> residual)
    {
        var bytes = MemoryMarshal.AsBytes(values);
        bytes.CopyTo(destination);
        return bytes.Length;
    }
}
