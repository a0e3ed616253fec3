using System.Diagnostics.CodeAnalysis;

namespace DistRnn.Protocol;

/// <summary>Two bytes a float: <see cref="Numerics.Bfloat16"/>. Encoding what a node's rounding left loses nothing.</summary>
internal sealed class Bfloat16Codec() : Codec(CodecKind.Bfloat16)
{
    public override long EstimateBytes(long count) => checked(count * Numerics.Bfloat16.Bytes);

    public override bool TryDecode(ReadOnlySpan<byte> bytes, Span<float> values, [NotNullWhen(false)] out string? reason)
    {
        if (!IsLength(bytes, values.Length, out reason))
            return false;
        Numerics.Bfloat16.Widen(bytes, values);
        return true;
    }

    public override void RoundNode(Span<float> values) => Numerics.Bfloat16.Round(values);

    public override string ToString() => "bf16";

    private protected override int EncodeRange(ReadOnlySpan<float> values, Span<byte> destination, Span<float> residual)
    {
        var bytes = values.Length * Numerics.Bfloat16.Bytes;
        Numerics.Bfloat16.Narrow(values, destination[..bytes]);
        return bytes;
    }
}
