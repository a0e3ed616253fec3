using System.Collections.Immutable;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

/// <summary>A gradient's dense sections as they travel: what a worker encoded for itself arrives in any division into partitions.</summary>
public sealed unsafe class DenseEncodingTests
{
    private const int UnitInTheLastPlace = 1;

    // Two dense stretches around a sparse one; none of them begins or ends with a block.
    private static readonly ParameterTable s_table = Table();

    [Theory]
    [InlineData("bf16", 1, 0)]
    [InlineData("bf16", 3, 0)]
    [InlineData("int8", 1, UnitInTheLastPlace)]
    [InlineData("int8", 5, UnitInTheLastPlace)]
    [InlineData("top-k(0.01)", 1, 0)]
    [InlineData("top-k(0.01)", 4, 0)]
    public void TryDecode_OfWhatAWorkerEncodedBefore_GivesItsFloats(string text, int partitions, int units)
    {
        var codec = Codec.Parse(text);
        var floats = Lossy(codec, Gradients.Normal((int)s_table.Count, 3));
        fixed (float* all = floats)
        {
            foreach (var layout in new PartitionMap(s_table, partitions).Layouts)
            {
                var (bytes, values) = (Encode(layout, all, codec), new float[layout.Count]);
                Assert.InRange(bytes.Length, 0, DenseEncoding.EstimateBytes(layout, codec));
                fixed (byte* from = bytes)
                fixed (float* to = values)
                    Assert.True(DenseEncoding.TryDecode(from, bytes.Length, layout, codec, to, out var reason), reason);
                foreach (var section in layout.Dense)
                {
                    for (var at = section.First; at < section.First + section.Count; at++)
                        Assert.InRange(Math.Abs((long)BitConverter.SingleToInt32Bits(floats[at]) - BitConverter.SingleToInt32Bits(values[at - layout.First])), 0, units);
                }
            }
        }
    }

    [Theory]
    [InlineData("bf16", 0.51)]
    [InlineData("int8", 0.26)]
    [InlineData("top-k(0.01)", 0.02)]
    public void Encode_OfALargePart_TakesItsShareOfTheBytes(string text, double share)
    {
        var codec = Codec.Parse(text);
        var layout = new PartitionMap(s_table, 1).Layouts[0];
        fixed (float* all = Lossy(codec, Gradients.Normal((int)s_table.Count, 4)))
            Assert.InRange(Encode(layout, all, codec).Length, 1, (long)(share * sizeof(float) * layout.DenseCount));
    }

    [Fact]
    public void RangeAt_AnyPlace_EndsWithABlockOrTheSection()
    {
        const int Block = ParameterTable.BlockCount;
        Assert.Equal(Block - 16, DenseEncoding.RangeAt(16, 10 * Block));
        Assert.Equal(100, DenseEncoding.RangeAt(16, 116));
        Assert.Equal(9 * Block + 5, DenseEncoding.RangeAt(Block, 10 * Block + 5));
        Assert.Equal(64 * Block, DenseEncoding.RangeAt(3 * Block, long.MaxValue));
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("int8")]
    [InlineData("top-k(0.01)")]
    public void TryDecode_OfBytesCutShortLengthenedOrChanged_IsRefusedOrGivesFloats(string text)
    {
        var codec = Codec.Parse(text);
        var layout = new PartitionMap(s_table, 2).Layouts[1];
        byte[] bytes;
        fixed (float* all = Lossy(codec, Gradients.Normal((int)s_table.Count, 5)))
            bytes = Encode(layout, all, codec);
        var chance = new Philox(1, PhiloxPurpose.Shuffle, 2);
        for (var length = 0; length < bytes.Length; length += 1 + bytes.Length / 50)
            Assert.Contains(" ", Refusal(bytes[..length], layout, codec), StringComparison.Ordinal);
        Assert.Contains("left behind", Refusal([.. bytes, 0, 0, 0, 0], layout, codec), StringComparison.Ordinal);
        for (var i = 0UL; i < 500; i++)
        {
            var changed = bytes.ToArray();
            changed[chance.Below(2 * i, changed.Length)] ^= (byte)(1 << chance.Below(2 * i + 1, 8));
            Refusal(changed, layout, codec);
        }
        BitConverter.TryWriteBytes(bytes, int.MaxValue);
        Assert.Contains("are allowed", Refusal(bytes, layout, codec), StringComparison.Ordinal);
        BitConverter.TryWriteBytes(bytes, -1);
        Assert.Contains("are allowed", Refusal(bytes, layout, codec), StringComparison.Ordinal);
    }

    private static string? Refusal(byte[] bytes, PartitionLayout layout, Codec codec)
    {
        var values = new float[layout.Count];
        fixed (byte* from = bytes)
        fixed (float* to = values)
            return DenseEncoding.TryDecode(from, bytes.Length, layout, codec, to, out var reason) ? null : reason;
    }

    private static byte[] Encode(PartitionLayout layout, float* all, Codec codec)
    {
        ImmutableArray<ImmutableArray<int>> rows = [.. layout.Sparse.Select(_ => ImmutableArray<int>.Empty)];
        var bytes = new byte[DenseEncoding.EstimateBytes(layout, codec)];
        fixed (byte* to = bytes)
        {
            var written = DenseEncoding.Encode(new GradientPart(layout, all + layout.First, rows, false, null), codec, to);
            return bytes[..(int)written];
        }
    }

    /// <summary>What a worker has after it has encoded its gradient for itself, all of the vector at once.</summary>
    private static float[] Lossy(Codec codec, float[] values)
    {
        foreach (var section in new PartitionMap(s_table, 1).Layouts[0].Dense)
        {
            var end = section.First + section.Count;
            for (var at = section.First; at < end;)
            {
                var range = values.AsSpan((int)at, DenseEncoding.RangeAt(at, end));
                var bytes = new byte[codec.EstimateBytes(range.Length)];
                Assert.True(codec.TryDecode(bytes.AsSpan(0, codec.Encode(range.ToArray(), bytes)), range, out var reason), reason);
                at += range.Length;
            }
        }
        return values;
    }

    private static ParameterTable Table()
    {
        var table = new ParameterTable.Builder();
        table.AddRowMajor("before", [130, 71]);
        table.AddRowMajor("embedding", [37, 50], sparseRows: true);
        table.AddRowMajor("behind", [301, 97]);
        return table.Build();
    }
}
