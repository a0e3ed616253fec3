namespace DistRnn.Models;

/// <summary>Dropout over packed rows: finds each row's logical position and hands its units to <see cref="DropoutMasks"/>.</summary>
internal static unsafe class DropoutRows
{
    // Units of the second direction have the same numbers as those of the first, so its tag differs.
    internal const uint SecondSegment = 0x8000_0000;

    /// <summary>Multiplies some packed rows by their masks, in place.</summary>
    /// <param name="batch">How rows lie.</param>
    /// <param name="key">The seed and the step.</param>
    /// <param name="tag">The layer's tag.</param>
    /// <param name="rate">The rate.</param>
    /// <param name="rows">Packed rows.</param>
    /// <param name="segment">Units of a segment.</param>
    /// <param name="segments">Segments a row.</param>
    /// <param name="segmentStride">Floats from a segment to the next.</param>
    /// <param name="start">The first packed row.</param>
    /// <param name="end">Behind the last one.</param>
    public static void Apply(PackedBatch batch, StepKey key, uint tag, float rate, RowBlock rows, int segment, int segments, int segmentStride, int start, int end)
    {
        var step = 0;
        for (var row = start; row < end; row++)
        {
            while (batch.Starts[step + 1] <= row)
                step++;
            Apply(batch, key, tag, rate, rows.At(row), segment, segments, segmentStride, step, batch.SequenceAt[row - batch.Starts[step]]);
        }
    }

    /// <summary>Multiplies the row of one step of one sequence by its mask.</summary>
    public static void Apply(PackedBatch batch, StepKey key, uint tag, float rate, float* row, int segment, int segments, int segmentStride, int step, int sequence)
    {
        var shard = batch.ShardOf[sequence];
        var rowKey = DropoutMasks.RowKey(step, batch.FirstShard + shard, sequence - batch.FirstSequence[shard]);
        for (var s = 0; s < segments; s++)
            DropoutMasks.Apply(key, rowKey, s == 0 ? tag : tag | SecondSegment, rate, row + s * segmentStride, segment);
    }
}
