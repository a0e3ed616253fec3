using System.Buffers.Binary;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

public sealed class Int8CodecTests : CodecContract
{
    protected override Codec Codec => Codec.Int8;

    protected override string Text => "int8";

    [Fact]
    public void Encode_OfAGroup_WritesItsScaleAndThenBytesRoundedToEven()
    {
        var bytes = Encode(Codec, [127, -127, 0.5f, 1.5f, -0.5f, -2.5f, 63.4f]);
        Assert.Equal(1f, BinaryPrimitives.ReadSingleLittleEndian(bytes));
        Assert.Equal([127, -127, 0, 2, 0, -2, 63], bytes[4..].Select(value => (sbyte)value));
    }

    [Theory]
    [InlineData(float.MaxValue)]
    [InlineData(float.MaxValue / 2)]
    [InlineData(1.5e-36f)]
    [InlineData(1e-45f)]
    public void TryDecode_OfExtremes_IsFiniteAndWithinTheBound(float largest)
    {
        float[] values = [largest, -largest, largest / 3, 0];
        var residual = new float[4];
        var decoded = Decode(Codec, Encode(Codec, values, residual), 4);
        for (var i = 0; i < 4; i++)
        {
            Assert.True(float.IsFinite(decoded[i]) && float.IsFinite(residual[i]));
            Assert.InRange(Math.Abs((double)values[i] - decoded[i]), 0, Math.Max(largest / 253.0, 1.5e-36));
        }
    }

    [Fact]
    public void TryDecode_OfAGroupOfItsOwnScale_DoesNotSeeTheNeighbours()
    {
        var values = Gradients.Normal(Int8Codec.GroupCount * 3, 1, 1e-6f);
        values[Int8Codec.GroupCount] = 1e6f;
        var decoded = Decode(Codec, Encode(Codec, values), values.Length);
        Assert.Contains(decoded[..Int8Codec.GroupCount], value => value != 0);
        Assert.Equal(1, decoded[Int8Codec.GroupCount..(2 * Int8Codec.GroupCount)].Count(value => value != 0));
    }

    [Theory]
    [InlineData(-1f)]
    [InlineData(-0f)]
    [InlineData(1e-40f)]
    [InlineData(float.PositiveInfinity)]
    public void TryDecode_WithAScaleThatCannotBe_IsRefused(float scale)
    {
        var bytes = Encode(Codec, Gradients.Normal(300, 2));
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4), scale);
        Assert.Contains("Group 1 of 2", AssertRefused(bytes, 300), StringComparison.Ordinal);
    }

    protected override Codec At(SimdWidth width) => new Int8Codec(Int8Kernels.Create(width));

    protected override double ErrorBound(ReadOnlySpan<float> block, int index)
    {
        var largest = 0.0;
        var first = index / Int8Codec.GroupCount * Int8Codec.GroupCount;
        foreach (var value in block[first..Math.Min(first + Int8Codec.GroupCount, block.Length)])
            largest = Math.Max(largest, Math.Abs((double)value));
        return Math.Max(largest / 253, 1.5e-36);
    }
}
