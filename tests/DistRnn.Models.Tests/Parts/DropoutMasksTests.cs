namespace DistRnn.Models.Tests;

public sealed unsafe class DropoutMasksTests
{
    private static readonly StepKey Key = new(3, 17);

    [Fact]
    public void RowKey_OfDifferentPlaces_IsDifferent()
    {
        var keys = new HashSet<ulong>();
        int[] steps = [0, 1, 2, DropoutMasks.StepsMax - 1], shards = [0, 1, 2, DropoutMasks.ShardsMax - 1], rows = [0, 1, 2, DropoutMasks.RowsMax - 1];
        foreach (var t in steps)
            foreach (var shard in shards)
                foreach (var row in rows)
                    Assert.True(keys.Add(DropoutMasks.RowKey(t, shard, row)));
        Assert.Equal(ulong.MaxValue, DropoutMasks.RowKey(DropoutMasks.StepsMax - 1, DropoutMasks.ShardsMax - 1, DropoutMasks.RowsMax - 1));
    }

    [Theory]
    [InlineData(-1, 0, 0, "t")]
    [InlineData(DropoutMasks.StepsMax, 0, 0, "t")]
    [InlineData(0, -1, 0, "shard")]
    [InlineData(0, DropoutMasks.ShardsMax, 0, "shard")]
    [InlineData(0, 0, -1, "planRow")]
    [InlineData(0, 0, DropoutMasks.RowsMax, "planRow")]
    public void RowKey_OutOfRange_Throws(int t, int shard, int planRow, string name) =>
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => DropoutMasks.RowKey(t, shard, planRow)).ParamName);

    [Fact]
    public void LayerTag_OfEveryPlace_IsDifferent() =>
        Assert.Equal(5, new[] { DropoutMasks.EmbeddingTag, DropoutMasks.OutputTag, DropoutMasks.LayerTag(1), DropoutMasks.LayerTag(2), DropoutMasks.LayerTag(3) }.Distinct().Count());

    [Fact]
    public void Apply_AtAnyTime_DropsTheSameUnitsAndScalesTheOthers()
    {
        var (first, second) = (Masked(DropoutMasks.RowKey(4, 2, 9), 0, 0.25f), Masked(DropoutMasks.RowKey(4, 2, 9), 0, 0.25f));
        Assert.Equal(first, second);
        Assert.All(first, value => Assert.True(value == 0 || value == 1 / 0.75f, $"{value}"));
        Assert.InRange(first.Count(value => value == 0), 150, 350);
    }

    [Fact]
    public void Apply_ToAnotherRowLayerStepOrSeed_DropsOtherUnits()
    {
        var row = DropoutMasks.RowKey(4, 2, 9);
        var reference = Masked(row, 0, 0.5f);
        Assert.NotEqual(reference, Masked(DropoutMasks.RowKey(5, 2, 9), 0, 0.5f));
        Assert.NotEqual(reference, Masked(DropoutMasks.RowKey(4, 3, 9), 0, 0.5f));
        Assert.NotEqual(reference, Masked(DropoutMasks.RowKey(4, 2, 8), 0, 0.5f));
        Assert.NotEqual(reference, Masked(row, 1, 0.5f));
        Assert.NotEqual(reference, Masked(row, 0, 0.5f, Key with { Step = 18 }));
        Assert.NotEqual(reference, Masked(row, 0, 0.5f, Key with { Seed = 4 }));
    }

    [Fact]
    public void Apply_AtRateZero_LeavesTheBits()
    {
        float[] values = [1, -0f, float.NaN, float.PositiveInfinity];
        var before = GarbageFloats.Bits(values);
        fixed (float* first = values)
            DropoutMasks.Apply(Key, 0, 0, 0, first, values.Length);
        Assert.Equal(before, GarbageFloats.Bits(values));
    }

    [Fact]
    public void DropsWord_OfManySteps_KeepsToItsRateAndRepeats()
    {
        var drops = Enumerable.Range(0, 20_000).Select(t => DropoutMasks.DropsWord(Key, DropoutMasks.RowKey(t, 1, 2), 0.05f)).ToArray();
        Assert.InRange(drops.Count(drop => drop), 850, 1150);
        Assert.Equal(drops, Enumerable.Range(0, 20_000).Select(t => DropoutMasks.DropsWord(Key, DropoutMasks.RowKey(t, 1, 2), 0.05f)));
        Assert.DoesNotContain(true, Enumerable.Range(0, 1000).Select(t => DropoutMasks.DropsWord(Key, DropoutMasks.RowKey(t, 1, 2), 0)));
    }

    private static float[] Masked(ulong row, uint tag, float rate, StepKey? key = null)
    {
        var values = new float[1001];
        values.AsSpan(0, 1000).Fill(1);
        values[1000] = GarbageFloats.Garbage;
        fixed (float* first = values)
            DropoutMasks.Apply(key ?? Key, row, tag, rate, first, 1000);
        Assert.Equal(GarbageFloats.Garbage, values[1000]);
        return values[..1000];
    }
}
