using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed unsafe class FloatBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void New_AnyCount_IsAlignedAndZeroWithItsMargin(int count)
    {
        using var buffer = new FloatBuffer(count);
        Assert.Equal(0, (nint)buffer.Pointer % 64);
        Assert.Equal(count, buffer.Span.Length);
        Assert.All(new Span<float>(buffer.Pointer, count + FloatBuffer.MarginCount).ToArray(), value => Assert.Equal(0u, BitConverter.SingleToUInt32Bits(value)));
    }

    [Fact]
    public void Slice_InsideAndOutside_GivesTheFloatsAndThrows()
    {
        using var buffer = new FloatBuffer(10);
        buffer.Slice(3, 2).Fill(4);
        Assert.Equal([0, 0, 0, 4, 4, 0, 0, 0, 0, 0], buffer.Span.ToArray());
        Assert.Equal(0, buffer.Slice(10, 0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(9, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(-1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(0, -1));
        buffer.Clear();
        Assert.Equal(new float[10], buffer.Span.ToArray());
    }

    [Fact]
    public void CopyFrom_SameAndOtherCount_CopiesAndThrows()
    {
        using var source = new FloatBuffer(5);
        source.Span.Fill(2);
        using var same = new FloatBuffer(5);
        same.CopyFrom(source);
        Assert.Equal(source.Span, same.Span);
        using var other = new FloatBuffer(6);
        Assert.Throws<ArgumentException>(() => other.CopyFrom(source));
    }

    [Fact]
    public void New_NegativeCount_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new FloatBuffer(-1));

    [Fact]
    public void Dispose_Twice_DoesNothingMore()
    {
        var buffer = new FloatBuffer(5);
        buffer.Dispose();
        buffer.Dispose();
        Assert.True(buffer.Pointer == null);
    }
}
