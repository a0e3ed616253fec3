using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed unsafe class ReductionsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1000)]
    [InlineData(65_537)]
    public void Sum_AnyLength_HasTheStatedOrder(int count)
    {
        var values = Values(count);
        Assert.Equal(PlainSum(values.Select(value => (double)value)), Reductions.Sum(values));
        var doubles = values.Select(value => value / 3.0).ToArray();
        Assert.Equal(PlainSum(doubles), Reductions.Sum(doubles));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(4096 * 7 + 33)]
    [InlineData(4096 * 16)]
    public void SquaredNorm_AnyCount_IsTheTreeOverBlocksHoweverTheyAreShared(int count)
    {
        using var buffer = new FloatBuffer(count);
        Values(count).CopyTo(buffer.Span);
        var blocks = (count + 4095) / 4096;
        var norms = Enumerable.Range(0, blocks).Select(block => PlainSum(buffer.Span[(block * 4096)..Math.Min(count, (block + 1) * 4096)].ToArray().Select(x => (double)x * x))).ToArray();
        var expected = ShardTree.TrySum(0, blocks, (int block, out double norm) => (norm = norms[block]) >= 0, (a, b) => a + b, out var sum) ? sum : 0;
        Assert.Equal(expected, Reductions.SquaredNorm(buffer));
        var shared = new double[blocks];
        var half = blocks / 3;
        Reductions.SquaredNormsOfBlocks(buffer.Pointer, count, 0, shared.AsSpan(0, half));
        Reductions.SquaredNormsOfBlocks(buffer.Pointer, count, half, shared.AsSpan(half));
        Assert.Equal(norms, shared);
        Assert.Equal(expected, Reductions.SumOfBlocks(shared));
    }

    [Fact]
    public void SquaredNormsOfBlocks_BlockThatIsNot_Throws()
    {
        using var buffer = new FloatBuffer(5000);
        Assert.Throws<ArgumentOutOfRangeException>(() => Reductions.SquaredNormsOfBlocks(buffer.Pointer, 5000, 1, new double[2]));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void AllFinite_OneThatIsNot_IsFoundWhereverItStands(float bad)
    {
        var values = Values(50);
        Assert.True(Reductions.AllFinite(values));
        for (var i = 0; i < values.Length; i++)
        {
            var copy = values.ToArray();
            copy[i] = bad;
            Assert.False(Reductions.AllFinite(copy));
        }
    }

    [Theory]
    [InlineData(0, 2, 1)]
    [InlineData(0, 3, 2)]
    [InlineData(0, 4, 2)]
    [InlineData(0, 5, 4)]
    [InlineData(4, 7, 6)]
    [InlineData(0, 1000, 512)]
    public void SplitOf_Node_IsTheLargestPowerOfTwoBelowItsSize(int from, int to, int split) => Assert.Equal(split, ShardTree.SplitOf(from, to));

    [Fact]
    public void TrySum_AbsentShards_CopiesTheOtherChild()
    {
        static string? Sum(int from, int to, string present)
        {
            bool Leaf(int shard, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out string value)
            {
                value = present.Contains((char)('0' + shard)) ? $"{shard}" : null;
                return value is not null;
            }
            return ShardTree.TrySum<string>(from, to, Leaf, (a, b) => $"({a}+{b})", out var sum) ? sum : null;
        }
        Assert.Equal("(((0+1)+(2+3))+4)", Sum(0, 5, "01234"));
        Assert.Equal("((1+(2+3))+(4+6))", Sum(0, 7, "12346"));
        Assert.Equal("5", Sum(0, 7, "5"));
        Assert.Equal("3", Sum(3, 4, "3"));
        Assert.Null(Sum(0, 7, ""));
        Assert.Null(Sum(2, 2, "2"));
    }

    [Fact]
    public void Verify_ThisThread_Passes() => FloatEnvironment.Verify();

    [Fact]
    public void FaultOf_ResultsOfOtherSettings_NamesTheSetting()
    {
        var good = FloatEnvironment.Measure();
        Assert.Null(FloatEnvironment.FaultOf(good));
        Assert.Contains("rounding", FloatEnvironment.FaultOf(good with { TieDown = 1.00000012f }), StringComparison.Ordinal);
        Assert.Contains("rounding", FloatEnvironment.FaultOf(good with { TieUp = 1.00000012f }), StringComparison.Ordinal);
        Assert.Contains("rounding", FloatEnvironment.FaultOf(good with { DoubleTie = 1.0000000000000002 }), StringComparison.Ordinal);
        Assert.Contains("FTZ", FloatEnvironment.FaultOf(good with { TinyResult = 0 }), StringComparison.Ordinal);
        Assert.Contains("DAZ", FloatEnvironment.FaultOf(good with { TinyOperand = 0 }), StringComparison.Ordinal);
        Assert.Contains("fused", FloatEnvironment.FaultOf(good with { FusedRest = 0 }), StringComparison.Ordinal);
    }

    private static float[] Values(int count)
    {
        var philox = new Philox(77, PhiloxPurpose.Synthesize, 0);
        return [.. Enumerable.Range(0, count).Select(i => philox.Normal((ulong)i) * (i % 5 == 0 ? 1e6f : 1f))];
    }

    private static double PlainSum(IEnumerable<double> values)
    {
        var p = new double[16];
        var i = 0;
        foreach (var value in values)
            p[i++ % 16] += value;
        double Pair(int j) => p[j] + p[j + 8];
        double Four(int j) => Pair(j) + Pair(j + 4);
        double Eight(int j) => Four(j) + Four(j + 2);
        return Eight(0) + Eight(1);
    }
}
