using System.Runtime.InteropServices;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

/// <summary>
/// What every codec must do. A new codec gets its tests by deriving from this: it says which codec, what it may lose, and how it is made at a vector width.
/// </summary>
public abstract class CodecContract
{
    private static readonly int[] s_counts = [0, 1, 3, 15, 17, 255, 256, 257, 4095, 4096, 4097, 10_000];

    /// <summary>The codec.</summary>
    protected abstract Codec Codec { get; }

    /// <summary>The text that <see cref="Codec.Parse"/> makes it of.</summary>
    protected abstract string Text { get; }

    /// <summary>Whether <see cref="Codec.EstimateBytes"/> is what encoding writes, not only a bound.</summary>
    protected virtual bool IsEstimateExact => true;

    /// <summary>Whether encoding loses something of ordinary gradients.</summary>
    protected virtual bool IsLossy => true;

    /// <summary>The codec with the loops of one vector width.</summary>
    protected abstract Codec At(SimdWidth width);

    /// <summary>The largest error that a decoded float may have.</summary>
    /// <param name="block">The block's floats.</param>
    /// <param name="index">The float's place in the block.</param>
    protected abstract double ErrorBound(ReadOnlySpan<float> block, int index);

    [Fact]
    public void Parse_OfItsText_MakesIt()
    {
        var parsed = Codec.Parse(Text);
        Assert.Equal(Codec.Kind, parsed.Kind);
        Assert.Equal(Text, parsed.ToString());
        Assert.Equal(Text, Codec.Parse($" {parsed} ").ToString());
    }

    [Fact]
    public void EstimateBytes_OfAnyCount_IsWhatEncodingWritesOrMore()
    {
        foreach (var count in s_counts)
        {
            var bytes = Encode(Codec, Gradients.Normal(count, 1));
            Assert.InRange(bytes.Length, 0, Codec.EstimateBytes(count));
            if (IsEstimateExact)
                Assert.Equal(Codec.EstimateBytes(count), bytes.Length);
        }
        Assert.InRange(Codec.EstimateBytes(3_000_000_000), 1, 7 * 3_000_000_000L);
    }

    [Fact]
    public void TryDecode_OfWhatWasEncoded_IsWithinTheBound()
    {
        foreach (var count in s_counts)
        {
            foreach (var scale in (float[])[1, 1e-30f, 1e30f])
            {
                var values = Gradients.Normal(count, 2, scale);
                var decoded = Decode(Codec, Encode(Codec, values), count);
                for (var i = 0; i < count; i++)
                {
                    var first = i / ParameterTable.BlockCount * ParameterTable.BlockCount;
                    var block = values.AsSpan(first, Math.Min(ParameterTable.BlockCount, count - first));
                    var error = Math.Abs((double)decoded[i] - values[i]);
                    if (error > 0 && error > ErrorBound(block, i - first))
                        Assert.Fail($"Float {i} of {count} is {values[i]:r} and decodes as {decoded[i]:r}; the bound is {ErrorBound(block, i - first):r}.");
                }
            }
        }
    }

    [Fact]
    public void TryDecode_OfZeros_GivesPositiveZeros() =>
        Assert.All(Decode(Codec, Encode(Codec, new float[5000]), 5000), value => Assert.Equal(0u, BitConverter.SingleToUInt32Bits(value)));

    [Fact]
    public void Encode_AtEveryWidth_GivesTheSameBits()
    {
        Assert.Contains(SimdWidth.Scalar, SimdWidths.Available);
        foreach (var count in s_counts)
        {
            foreach (var values in (float[][])[Gradients.Normal(count, 3), Gradients.Ties(count), Gradients.OfAllKinds(count, 4)])
            {
                var (expectedBytes, expectedResidual) = EncodeTwice(At(SimdWidth.Scalar), values);
                foreach (var width in SimdWidths.Available)
                {
                    var (bytes, residual) = EncodeTwice(At(width), values);
                    Assert.True(expectedBytes.AsSpan().SequenceEqual(bytes), $"{count} floats encode differently at {width}.");
                    AssertSameBits(expectedResidual, residual, $"residual of {count} at {width}");
                    AssertSameBits(Decode(At(SimdWidth.Scalar), bytes, count), Decode(At(width), bytes, count), $"{count} decoded at {width}");
                }
            }
        }
    }

    [Fact]
    public void Encode_DividedAtAnyBlock_GivesTheSameFloatsAndResidual()
    {
        var values = Gradients.Normal(5 * ParameterTable.BlockCount + 100, 5);
        float[] whole = Codec.HasErrorFeedback ? Gradients.Normal(values.Length, 6, 0.1f) : [];
        float[] wholeResidual = [.. whole];
        var expected = Decode(Codec, Encode(Codec, values, wholeResidual), values.Length);
        for (var split = 1; split <= 5; split++)
        {
            var at = split * ParameterTable.BlockCount;
            float[] residual = [.. whole];
            var (left, right) = Codec.HasErrorFeedback ? (residual.AsMemory(0, at), residual.AsMemory(at)) : default;
            float[] decoded =
            [
                .. Decode(Codec, Encode(Codec, values[..at], left.Span), at),
                .. Decode(Codec, Encode(Codec, values[at..], right.Span), values.Length - at),
            ];
            AssertSameBits(expected, decoded, $"split {split}");
            AssertSameBits(wholeResidual, residual, $"residual of split {split}");
        }
    }

    [Fact]
    public void Encode_WithAResidual_LosesNothingFromStepToStep()
    {
        const int Count = 5000;
        Assert.Equal(IsLossy, !Gradients.Normal(Count, 15).AsSpan().SequenceEqual(Decode(Codec, Encode(Codec, Gradients.Normal(Count, 15)), Count)));
        if (!Codec.HasErrorFeedback)
        {
            Assert.Throws<ArgumentException>(() => Codec.Encode(new float[8], new byte[64], new float[8]));
            return;
        }
        Assert.Throws<ArgumentException>(() => Codec.Encode(new float[8], new byte[64], new float[7]));
        var (residual, sent, given) = (new float[Count], new double[Count], new double[Count]);
        for (var step = 0; step < 40; step++)
        {
            var values = Gradients.Normal(Count, 100 + (ulong)step);
            var decoded = Decode(Codec, Encode(Codec, values, residual), Count);
            for (var i = 0; i < Count; i++)
            {
                sent[i] += decoded[i];
                given[i] += values[i];
            }
        }
        Assert.Equal(IsLossy, residual.Any(value => value != 0));
        for (var i = 0; i < Count; i++)
            Assert.Equal(given[i], sent[i] + residual[i], 1e-3);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Encode_OfFloatsThatAreNotFinite_SaysSoAndSparesTheResidual(float value)
    {
        foreach (var count in s_counts.Where(count => count > 0))
        {
            foreach (var at in (int[])[0, count / 2, count - 1])
            {
                var values = Gradients.Normal(count, 7);
                values[at] = value;
                var residual = Codec.HasErrorFeedback ? Gradients.Normal(count, 8) : [];
                var decoded = Decode(Codec, Encode(Codec, values, residual), count);
                Assert.False(Reductions.AllFinite(decoded));
                Assert.False(float.IsFinite(decoded[at]));
                Assert.True(Reductions.AllFinite(residual));
            }
        }
    }

    [Fact]
    public void TryDecode_OfAnyOtherLength_IsRefusedInASentence()
    {
        foreach (var count in s_counts)
        {
            var bytes = Encode(Codec, Gradients.Normal(count, 9));
            foreach (var length in Enumerable.Range(0, 40).Select(i => bytes.Length * i / 40).Where(length => length < bytes.Length))
                AssertRefused(bytes[..length], count);
            if (bytes.Length > 0)
                AssertRefused(bytes[..^1], count);
            AssertRefused([.. bytes, 0], count);
            AssertRefused([.. bytes, .. bytes, 1, 2, 3, 4], count);
        }
    }

    [Fact]
    public void TryDecode_OfMutatedBytes_IsRefusedOrGivesFloatsButNeverThrows()
    {
        const int Count = 4500;
        var good = Encode(Codec, Gradients.Normal(Count, 10));
        var chance = new Philox(11, PhiloxPurpose.Shuffle, 0);
        var values = new float[Count];
        for (var trial = 0; trial < 3000; trial++)
        {
            var at = (ulong)trial * 10;
            var bytes = (byte[])good.Clone();
            for (var i = 0; i < 1 + trial % 4; i++)
                bytes[trial % 2 == 0 ? chance.Below(at, bytes.Length) : chance.Below(at, Math.Min(bytes.Length, 90))] = (byte)chance.Below(at + 1 + (ulong)i, 256);
            var accepted = Codec.TryDecode(bytes, values, out var reason);
            Assert.Equal(accepted, reason is null);
        }
    }

    [Fact]
    public void Encode_WithTooLittleRoom_Throws()
    {
        var needed = (int)Codec.EstimateBytes(300);
        Assert.Throws<ArgumentException>(() => Codec.Encode(new float[300], new byte[needed - 1]));
        var roomy = new byte[needed + 5];
        roomy.AsSpan().Fill(0xAB);
        var written = Codec.Encode(Gradients.Normal(300, 12), roomy);
        Assert.All(roomy[needed..], value => Assert.Equal(0xAB, value));
        Assert.InRange(written, 1, needed);
    }

    [Fact]
    public void Encode_AfterWarmUp_AllocatesNothing()
    {
        var codec = Codec;
        var values = Gradients.Normal(9000, 13);
        var residual = codec.HasErrorFeedback ? new float[9000] : [];
        var bytes = new byte[codec.EstimateBytes(9000)];
        var decoded = new float[9000];
        Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Round()
        {
            var written = codec.Encode(values, bytes, residual);
            if (!codec.TryDecode(bytes.AsSpan(0, written), decoded, out var reason))
                Assert.Fail(reason);
        }
    }

    [Fact]
    public void RoundNode_OfAReproducibleCodec_LeavesNothingForEncodingToLose()
    {
        var values = Gradients.Normal(700, 14);
        Codec.RoundNode(values);
        Assert.Equal(Codec.IsReproducible, !Codec.PushesLeavesOnly);
        Assert.Equal(Codec.IsReproducible || !IsLossy, values.AsSpan().SequenceEqual(Decode(Codec, Encode(Codec, values), 700)));
        var again = (float[])values.Clone();
        Codec.RoundNode(again);
        AssertSameBits(values, again, "rounded twice");
    }

    protected static byte[] Encode(Codec codec, float[] values, Span<float> residual = default)
    {
        var bytes = new byte[codec.EstimateBytes(values.Length)];
        return bytes[..codec.Encode(values, bytes, residual)];
    }

    protected static float[] Decode(Codec codec, byte[] bytes, int count)
    {
        var values = new float[count];
        values.AsSpan().Fill(123);
        Assert.True(codec.TryDecode(bytes, values, out var reason), reason);
        return values;
    }

    protected string AssertRefused(byte[] bytes, int count)
    {
        Assert.False(Codec.TryDecode(bytes, new float[count], out var reason), $"{bytes.Length} bytes were taken for {count} floats.");
        Assert.EndsWith(".", reason, StringComparison.Ordinal);
        return reason;
    }

    private static (byte[] Bytes, float[] Residual) EncodeTwice(Codec codec, float[] values)
    {
        var residual = codec.HasErrorFeedback ? new float[values.Length] : [];
        Encode(codec, values, residual);
        return (Encode(codec, values, residual), residual);
    }

    private static void AssertSameBits(float[] expected, float[] actual, string what) =>
        Assert.True(MemoryMarshal.AsBytes<float>(expected).SequenceEqual(MemoryMarshal.AsBytes<float>(actual)), what);
}
