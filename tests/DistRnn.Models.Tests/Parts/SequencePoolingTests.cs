using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

public sealed unsafe class SequencePoolingTests
{
    private const int Stride = 80;

    [Theory]
    [InlineData(Pooling.Last, 5, 19, 19)]
    [InlineData(Pooling.Last, 1, 8, 0)]
    [InlineData(Pooling.Mean, 5, 19, 19)]
    [InlineData(Pooling.Mean, 1, 33, 7)]
    [InlineData(Pooling.Mean, 7, 16, 0)]
    [InlineData(Pooling.Max, 6, 19, 19)]
    [InlineData(Pooling.Max, 1, 5, 3)]
    [InlineData(Pooling.Max, 9, 24, 0)]
    public void ForwardAndBackward_OfScatteredRows_AreThePlainLoops(Pooling kind, int length, int forward, int backward)
    {
        var random = new Random(length * 100 + forward);
        const int backwardOffset = 40;
        var rows = Enumerable.Range(0, length).Select(t => (t * 5 + 2) % 47).ToArray();
        using var states = States(rows, forward, backward, backwardOffset, random);
        using var changes = States(rows, forward, backward, backwardOffset, random);
        using var pooled = GarbageFloats.Of(forward + backward + 16);
        using var dPooled = GarbageFloats.Of(forward + backward + 16);
        GarbageFloats.Fill(dPooled.Slice(0, forward + backward), random);
        var expectedChanges = changes.Span.ToArray();
        var argmax = Enumerable.Repeat(-99, forward + backward + 1).ToArray();
        fixed (int* steps = rows, largest = argmax)
        {
            SequencePooling.Forward(kind, states.Pointer, Stride, steps, length, forward, backward, backwardOffset, pooled.Pointer, largest);
            SequencePooling.Backward(kind, dPooled.Pointer, steps, length, forward, backward, backwardOffset, largest, changes.Pointer, Stride);
        }

        var expected = Enumerable.Repeat(GarbageFloats.Garbage, forward + backward + 16).ToArray();
        for (var unit = 0; unit < forward + backward; unit++)
        {
            var place = unit < forward ? unit : backwardOffset + unit - forward;
            var values = rows.Select(row => states.Span[row * Stride + place]).ToArray();
            var change = dPooled.Span[unit];
            switch (kind)
            {
                case Pooling.Last:
                    var step = unit < forward ? length - 1 : 0;
                    expected[unit] = values[step];
                    expectedChanges[rows[step] * Stride + place] += change;
                    break;
                case Pooling.Mean:
                    expected[unit] = values.Skip(1).Aggregate(values[0], (sum, value) => sum + value) * (1f / length);
                    foreach (var row in rows)
                        expectedChanges[row * Stride + place] += change * (1f / length);
                    break;
                default:
                    expected[unit] = values.Max();
                    Assert.Equal(Array.IndexOf(values, values.Max()), argmax[unit]);
                    expectedChanges[rows[argmax[unit]] * Stride + place] += change;
                    break;
            }
        }
        Assert.Equal(GarbageFloats.Bits(expected), GarbageFloats.Bits(pooled.Span));
        Assert.Equal(GarbageFloats.Bits(expectedChanges), GarbageFloats.Bits(changes.Span));
        Assert.Equal(-99, argmax[^1]);
    }

    [Fact]
    public void Forward_MaxOfEqualValues_TakesTheFirst()
    {
        using var states = new FloatBuffer(4 * Stride);
        states.Span.Fill(0.5f);
        states.Slice(0, 9).Fill(0.25f);
        var rows = new[] { 0, 1, 2, 3 };
        var argmax = new int[9];
        var pooled = new float[9];
        fixed (int* steps = rows, largest = argmax)
        fixed (float* into = pooled)
            SequencePooling.Forward(Pooling.Max, states.Pointer, Stride, steps, 4, 9, 0, 0, into, largest);
        Assert.All(argmax, step => Assert.Equal(1, step));
        Assert.All(pooled, value => Assert.Equal(0.5f, value));
    }

    [Fact]
    public void Forward_OfNoStepsOrAnUnknownKind_Throws()
    {
        var row = 0;
        var address = (nint)(&row);
        Assert.Throws<ArgumentOutOfRangeException>(() => SequencePooling.Forward(Pooling.Mean, null, 0, (int*)address, 0, 0, 0, 0, null, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => SequencePooling.Forward((Pooling)7, null, 0, (int*)address, 1, 0, 0, 0, null, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => SequencePooling.Backward((Pooling)7, null, (int*)address, 1, 0, 0, 0, null, null, 0));
    }

    private static FloatBuffer States(int[] rows, int forward, int backward, int backwardOffset, Random random)
    {
        var states = GarbageFloats.Of(47 * Stride);
        foreach (var row in rows)
        {
            GarbageFloats.Fill(states.Slice(row * Stride, forward), random);
            GarbageFloats.Fill(states.Slice(row * Stride + backwardOffset, backward), random);
        }
        return states;
    }
}
