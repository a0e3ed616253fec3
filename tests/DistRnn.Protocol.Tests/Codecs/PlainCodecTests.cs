using System.Runtime.InteropServices;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

public sealed class PlainCodecTests : CodecContract
{
    protected override Codec Codec => Codec.None;

    protected override string Text => "none";

    protected override bool IsLossy => false;

    [Fact]
    public void TryDecode_OfFloatsOfAnyBits_GivesTheSameBits()
    {
        var values = Gradients.OfAllKinds(3000, 1);
        Assert.True(MemoryMarshal.AsBytes<float>(values).SequenceEqual(MemoryMarshal.AsBytes<float>(Decode(Codec, Encode(Codec, values), 3000))));
    }

    protected override Codec At(SimdWidth width) => Codec;

    protected override double ErrorBound(ReadOnlySpan<float> block, int index) => 0;
}
