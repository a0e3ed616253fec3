using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed class PhiloxTests
{
    [Theory]
    [InlineData(0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Block_PublishedVectors_GivesPublishedWords(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint w0, uint w1, uint w2, uint w3)
    {
        var words = Philox4x32.Block(k0 | (ulong)k1 << 32, c0 | (ulong)c1 << 32, c2 | (ulong)c3 << 32);
        Assert.Equal((w0, w1, w2, w3), words);
    }

    [Fact]
    public void FillUniforms_AnyWidthStartAndLength_GivesTheBitsOfUniform()
    {
        var philox = new Philox(5, PhiloxPurpose.Subsample, 9);
        foreach (var width in SimdWidths.Available)
            foreach (var first in new ulong[] { 0, 1, 2, 3, 4, 1000003, 0x3_FFFF_FFF0 })
                foreach (var length in new[] { 0, 1, 3, 4, 15, 16, 31, 32, 33, 100 })
                {
                    var bits = new uint[length];
                    philox.FillUniforms(width, first, bits);
                    for (var i = 0; i < length; i++)
                        Assert.Equal(philox.Uniform(first + (ulong)i), (bits[i] >> 8) * (1f / (1 << 24)));
                }
    }

    [Fact]
    public void Uniform_AHundredThousandNumbers_PassChiSquare()
    {
        var philox = new Philox(42, PhiloxPurpose.Initialize, 0);
        var counts = new int[256];
        var doubles = new int[256];
        const int Numbers = 100_000;
        for (ulong i = 0; i < Numbers; i++)
        {
            var (u, d) = (philox.Uniform(i), philox.UniformDouble(i));
            Assert.InRange(u, 0f, 0.99999994f);
            Assert.InRange(d, 0d, 0.9999999999999999);
            counts[(int)(u * 256)]++;
            doubles[(int)(d * 256)]++;
        }
        // 255 degrees of freedom: 99.9 % of draws are below 330.5 and above 190.
        Assert.InRange(ChiSquare(counts, Numbers), 190, 330);
        Assert.InRange(ChiSquare(doubles, Numbers), 190, 330);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    public void Below_ManyDraws_IsInRangeAndEven(int bound)
    {
        var philox = new Philox(3, PhiloxPurpose.Shuffle, 1);
        var counts = new int[bound];
        const int Numbers = 50_000;
        for (ulong i = 0; i < Numbers; i++)
            counts[philox.Below(i, bound)]++;
        // Mean of chi-square is bound - 1, its deviation sqrt(2 (bound - 1)).
        Assert.True(ChiSquare(counts, Numbers) <= bound - 1 + 4 * Math.Sqrt(2.0 * bound));
    }

    [Fact]
    public void Below_BoundThatRejectsNearlyHalf_StaysInRangeWithTheRightMean()
    {
        var philox = new Philox(3, PhiloxPurpose.Shuffle, 2);
        const int Bound = (1 << 30) + 1;
        var sum = 0.0;
        for (ulong i = 0; i < 20_000; i++)
        {
            var value = philox.Below(i, Bound);
            Assert.InRange(value, 0, Bound - 1);
            sum += value;
        }
        Assert.Equal(0.5, sum / 20_000 / Bound, 0.01);
    }

    [Fact]
    public void Below_NoIntegers_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new Philox(1, PhiloxPurpose.Split, 0).Below(0, 0));

    [Fact]
    public void Normal_AHundredThousandNumbers_HasTheMomentsOfTheNormalDistribution()
    {
        var philox = new Philox(11, PhiloxPurpose.Initialize, 0);
        double sum = 0, squares = 0, fourth = 0;
        var inside = 0;
        const int Numbers = 100_000;
        for (ulong i = 0; i < Numbers; i++)
        {
            double x = philox.Normal(i);
            Assert.InRange(Math.Abs(x), 0, 8.6);
            sum += x;
            squares += x * x;
            fourth += x * x * x * x;
            inside += Math.Abs(x) < 1 ? 1 : 0;
        }
        Assert.Equal(0, sum / Numbers, 0.013);
        Assert.Equal(1, squares / Numbers, 0.018);
        Assert.Equal(3, fourth / Numbers, 0.13);
        Assert.Equal(0.6827, (double)inside / Numbers, 0.006);
    }

    [Fact]
    public void Permutation_ManySteps_PutsEveryItemEverywhereAsOften()
    {
        const int Items = 5;
        var order = new int[Items];
        var counts = new int[Items * Items];
        for (ulong step = 0; step < 20_000; step++)
        {
            new Philox(8, PhiloxPurpose.Shuffle, step).Permutation(order);
            Assert.Equal([0, 1, 2, 3, 4], order.Order());
            for (var i = 0; i < Items; i++)
                counts[i * Items + order[i]]++;
        }
        // (Items - 1)^2 = 16 degrees of freedom, 99.9 % below 39.3.
        Assert.InRange(counts.Sum(count => Math.Pow(count - 4000, 2) / 4000), 3, 39.3);
    }

    [Fact]
    public void Uniform_OtherSeedPurposeOrStep_GivesOtherNumbers()
    {
        Philox[] all =
        [
            new(1, PhiloxPurpose.Initialize, 0), new(2, PhiloxPurpose.Initialize, 0), new(1UL << 32 | 1, PhiloxPurpose.Initialize, 0), new(1, PhiloxPurpose.Shuffle, 0),
            new(1, PhiloxPurpose.Initialize, 1), new(1, PhiloxPurpose.Initialize, 1UL << 32),
        ];
        Assert.Equal(all.Length, all.Select(philox => philox.UniformDouble(0)).Distinct().Count());
    }

    [Fact]
    public void Uniform_ConsecutiveIndices_TakesTheWordsOfABlockInOrder()
    {
        var philox = new Philox(1, PhiloxPurpose.Initialize, 2);
        var (k0, k1, _, _) = Philox4x32.Block(1, 2, (ulong)PhiloxPurpose.Initialize);
        var (w0, w1, w2, w3) = Philox4x32.Block(k0 | (ulong)k1 << 32, 5, 0);
        uint[] words = [w0, w1, w2, w3];
        for (var i = 0; i < 4; i++)
            Assert.Equal((words[i] >> 8) / 16777216f, philox.Uniform(20 + (ulong)i));
    }

    private static double ChiSquare(int[] counts, int total)
    {
        var expected = (double)total / counts.Length;
        return counts.Sum(count => (count - expected) * (count - expected) / expected);
    }
}
