using System.Buffers.Binary;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

public class TopKCodecTests : CodecContract
{
    protected override Codec Codec => Codec.TopK(Fraction);

    protected override string Text => "top-k(0.01)";

    protected override bool IsEstimateExact => false;

    protected override bool IsLossy => Fraction < 1;

    private protected virtual double Fraction => 0.01;

    [Fact]
    public void Encode_OfAnyBlock_KeepsTheLargestMagnitudesTiesToTheLowestIndex()
    {
        foreach (var count in (int[])[1, 100, 4096, 4097, 8000])
        {
            foreach (var values in (float[][])[Gradients.Normal(count, 1), Gradients.Ties(count), [.. Enumerable.Repeat(-3f, count)], Sparse(count)])
                Assert.Equal(Expected(values), Decode(Codec, Encode(Codec, values), count));
        }
    }

    [Fact]
    public void Encode_OfABlock_WritesPlacesAndThenFloats()
    {
        var values = new float[200];
        (values[3], values[150], values[151]) = (-7, 9, 1);
        var bytes = Encode(Codec.TopK(0.01), values);
        Assert.Equal([2, 0, 3, 0, 150, 0], bytes[..6]);
        Assert.Equal(-7f, BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(6)));
        Assert.Equal(9f, BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(10)));
        Assert.Equal(14, bytes.Length);
    }

    [Fact]
    public void Encode_WithAResidual_LeavesWhatWasNotKeptAndSendsItWhenItHasGrown()
    {
        var codec = Codec.TopK(0.25);
        var residual = new float[4];
        Assert.Equal([0, 5, 0, 0], Decode(codec, Encode(codec, [1, 5, 2, -3], residual), 4));
        Assert.Equal([1, 0, 2, -3], residual);
        Assert.Equal([0, 0, 0, -6], Decode(codec, Encode(codec, [1, 5, 2, -3], residual), 4));
        Assert.Equal([2, 5, 4, 0], residual);
    }

    [Theory]
    [InlineData(0, 60, "has 60 floats; at most")]
    [InlineData(2, 65535, "place")]
    [InlineData(4, 0, "place")]
    public void TryDecode_WithACountOrPlaceThatCannotBe_IsRefused(int at, ushort value, string words)
    {
        var codec = Codec.TopK(0.01);
        var bytes = Encode(codec, Gradients.Normal(4096, 2));
        Assert.Equal(41, BinaryPrimitives.ReadUInt16LittleEndian(bytes));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), value);
        Assert.False(codec.TryDecode(bytes, new float[4096], out var reason));
        Assert.Contains(words, reason, StringComparison.Ordinal);
        Assert.Contains("Block 0 in top-k(0.01)", reason, StringComparison.Ordinal);
    }

    protected override Codec At(SimdWidth width) => new TopKCodec(Fraction, TopKKernels.Create(width));

    protected override double ErrorBound(ReadOnlySpan<float> block, int index)
    {
        var kept = KeptOf(block.Length);
        var magnitude = Math.Abs(block[index]);
        var larger = 0;
        for (var i = 0; i < block.Length; i++)
            larger += Math.Abs(block[i]) > magnitude || (Math.Abs(block[i]) == magnitude && i < index) ? 1 : 0;
        return larger < kept ? 0 : magnitude;
    }

    private float[] Expected(float[] values)
    {
        var expected = new float[values.Length];
        foreach (var block in Enumerable.Range(0, values.Length).Chunk(ParameterTable.BlockCount))
        {
            foreach (var i in block.OrderByDescending(i => Math.Abs(values[i])).ThenBy(i => i).Take(KeptOf(block.Length)).Where(i => values[i] != 0))
                expected[i] = values[i];
        }
        return expected;
    }

    private int KeptOf(int count) => Math.Max(1, (int)Math.Ceiling(Fraction * count));

    private static float[] Sparse(int count) => [.. Enumerable.Range(0, count).Select(i => i % 700 == 5 ? 1e-44f * i : 0)];
}

public sealed class TopKCodecOfAThirdTests : TopKCodecTests
{
    protected override string Text => "top-k(0.35)";

    private protected override double Fraction => 0.35;
}

public sealed class TopKCodecOfAllTests : TopKCodecTests
{
    protected override string Text => "top-k(1)";

    private protected override double Fraction => 1;
}
