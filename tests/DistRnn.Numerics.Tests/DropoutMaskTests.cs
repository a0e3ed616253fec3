using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed unsafe class DropoutMaskTests
{
    [Fact]
    public void Apply_AnyWidthAndCount_GivesTheStatedMaskAndTouchesNothingElse()
    {
        foreach (var width in SimdWidths.Available)
            foreach (var count in new[] { 0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 200 })
            {
                using var buffer = new FloatBuffer(300);
                buffer.Span.Fill(float.NaN);
                for (var j = 0; j < count; j++)
                    buffer.Span[j] = j + 1;
                DropoutMask.Apply(width, 7, 3, 0x1_0000_0005, 2, 0.3f, buffer.Pointer, count);
                for (var j = 0; j < count; j++)
                    Assert.Equal(IsDropped(7, 3, 0x1_0000_0005, 2, 0.3f, j) ? 0f : (j + 1) * (1f / (1f - 0.3f)), buffer.Span[j]);
                Assert.All(buffer.Span[count..].ToArray(), value => Assert.True(float.IsNaN(value)));
            }
    }

    [Fact]
    public void Apply_DroppedNaNOrNegative_GivesPositiveZero()
    {
        foreach (var width in SimdWidths.Available)
        {
            using var buffer = new FloatBuffer(64);
            for (var j = 0; j < 64; j++)
                buffer.Span[j] = j % 2 == 0 ? float.NaN : -1;
            DropoutMask.Apply(width, 1, 1, 1, 1, 0.5f, buffer.Pointer, 64);
            var dropped = Enumerable.Range(0, 64).Where(j => IsDropped(1, 1, 1, 1, 0.5f, j)).ToArray();
            Assert.InRange(dropped.Length, 16, 48);
            foreach (var j in dropped)
                Assert.Equal(0u, BitConverter.SingleToUInt32Bits(buffer.Span[j]));
        }
    }

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.9f)]
    public void Apply_ManyRows_DropsTheRateInEveryUnitAndRow(float rate)
    {
        const int Units = 40, Rows = 4000;
        var counts = new int[Units];
        using var buffer = new FloatBuffer(Units);
        for (ulong row = 0; row < Rows; row++)
        {
            buffer.Span.Fill(1);
            DropoutMask.Apply(2, 5, row, 0, rate, buffer.Pointer, Units);
            for (var j = 0; j < Units; j++)
                counts[j] += buffer.Span[j] == 0 ? 1 : 0;
        }
        var deviation = Math.Sqrt(Rows * rate * (1 - rate));
        Assert.All(counts, count => Assert.Equal(Rows * rate, count, 4.5 * deviation));
    }

    [Fact]
    public void Apply_RateZero_ChangesNothing()
    {
        using var buffer = new FloatBuffer(33);
        buffer.Span.Fill(0.7f);
        DropoutMask.Apply(1, 1, 1, 1, 0, buffer.Pointer, 33);
        Assert.All(buffer.Span.ToArray(), value => Assert.Equal(0.7f, value));
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(-0.1f)]
    [InlineData(float.NaN)]
    public void Apply_RateOutside_Throws(float rate)
    {
        using var buffer = new FloatBuffer(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => DropoutMask.Apply(1, 1, 1, 1, rate, buffer.Pointer, 1));
    }

    private static bool IsDropped(ulong seed, ulong step, ulong row, uint layer, float rate, int unit)
    {
        var (group, u) = (unit / 32, unit % 32);
        var block = (uint)(group * 8 + u % 16 / 2);
        var (w0, w1, w2, w3) = Philox4x32.Block(Philox.KeyOf(seed, PhiloxPurpose.Dropout, step), block | (ulong)layer << 32, row);
        var word = (2 * (u / 16) + u % 2) switch { 0 => w0, 1 => w1, 2 => w2, _ => w3 };
        return word < (uint)(rate * 4294967296.0);
    }
}
