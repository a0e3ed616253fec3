using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

public sealed class Bfloat16CodecTests : CodecContract
{
    protected override Codec Codec => Codec.Bfloat16;

    protected override string Text => "bf16";

    [Fact]
    public void Encode_OfFloats_WritesTheUpperHalfOfTheRoundedOneLittleEndian() =>
        Assert.Equal([0x80, 0x3F, 0x81, 0xBF, 0xC0, 0x7F], Encode(Codec, [1, -1.0059f, -float.NaN]));

    // The codec has no loops of its own: the rounding's widths are compared where it lives.
    protected override Codec At(SimdWidth width) => Codec;

    protected override double ErrorBound(ReadOnlySpan<float> block, int index) => Math.Abs((double)block[index]) / 256;
}
