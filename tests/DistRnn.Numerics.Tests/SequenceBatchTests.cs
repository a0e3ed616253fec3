using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed class SequenceBatchTests
{
    [Fact]
    public void Reset_ClassPerStep_GivesSpansOfTheShape()
    {
        var batch = new SequenceBatch();
        batch.Reset([3, 1, 2], 2, 4, TargetKind.ClassPerStep);
        Assert.Equal((3, 6), (batch.Rows, batch.Steps));
        Assert.Equal([0, 3, 4, 6], batch.Offsets.ToArray());
        Assert.Equal([3, 1, 2], Enumerable.Range(0, 3).Select(batch.LengthOf));
        Assert.Equal((6, 6, 24, 6), (batch.Tokens(0).Length, batch.Tokens(1).Length, batch.Values.Length, batch.Targets.Length));
        Assert.Equal((0, 0, 3), (batch.TargetValues.Length, batch.BaseValues.Length, batch.RowIds.Length));
    }

    [Fact]
    public void Reset_ValuesPerSequenceAfterALargerShape_ShrinksWithoutAllocating()
    {
        var batch = new SequenceBatch();
        int[] large = [9, 9, 9], small = [4];
        batch.Reset(large, 1, 3, TargetKind.ValuesPerSequence, 5, hasBase: true);
        batch.Reset(small, 1, 3, TargetKind.ValuesPerSequence, 5, hasBase: true);
        Assert.Equal((5, 5, 12, 0), (batch.TargetValues.Length, batch.BaseValues.Length, batch.Values.Length, batch.Targets.Length));
        batch.Reset(large, 1, 3, TargetKind.ClassPerSequence);
        var before = GC.GetAllocatedBytesForCurrentThread();
        batch.Reset(large, 1, 3, TargetKind.ValuesPerSequence, 5, hasBase: true);
        batch.Reset(small, 1, 3, TargetKind.ClassPerSequence);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal((1, 0, 0), (batch.Targets.Length, batch.TargetValues.Length, batch.BaseValues.Length));
    }

    [Fact]
    public void Reset_NoRows_IsAnEmptyShard()
    {
        var batch = new SequenceBatch();
        batch.Reset([], 1, 0, TargetKind.None);
        Assert.Equal((0, 0, 1, 0), (batch.Rows, batch.Steps, batch.Offsets.Length, batch.Targets.Length));
    }

    [Fact]
    public void Reset_LengthBelowOneOrNegativeSize_Throws()
    {
        var batch = new SequenceBatch();
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Reset([2, 0], 1, 0, TargetKind.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Reset([2], -1, 0, TargetKind.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Reset([2], 1, -1, TargetKind.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Reset([2], 1, 0, TargetKind.None, -1));
    }
}
