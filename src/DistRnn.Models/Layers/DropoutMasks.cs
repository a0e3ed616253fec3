using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Dropout as a function of (seed, step; t, shard, plan row, layer, unit): what is dropped does not depend on which machine computes, how it
/// stacks its rows or in what order it asks, and the backward pass asks again instead of keeping masks.
/// </summary>
/// <remarks>Every member is a pure function and thread-safe.</remarks>
internal static unsafe class DropoutMasks
{
    /// <summary>The layer tag of what enters the first recurrent layer.</summary>
    public const uint EmbeddingTag = 0;

    /// <summary>The layer tag of what enters the output layer. For a pooled sequence, t is 0.</summary>
    public const uint OutputTag = 1;

    /// <summary>Steps of a sequence that a row key can tell apart: 2^20.</summary>
    public const int StepsMax = 1 << StepBits;

    /// <summary>Shards of a batch that a row key can tell apart: 2^20.</summary>
    public const int ShardsMax = 1 << ShardBits;

    /// <summary>Rows of a shard that a row key can tell apart: 2^24.</summary>
    public const int RowsMax = 1 << RowBits;

    private const uint FirstRecurrentTag = 0x2000_0000;
    private const int StepBits = 20;
    private const int ShardBits = 20;
    private const int RowBits = 24;

    /// <summary>The layer tag of what enters recurrent layer <paramref name="layer"/> from the one below.</summary>
    /// <param name="layer">The upper layer, at least 1.</param>
    public static uint LayerTag(int layer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layer, 1);
        return OutputTag + (uint)layer;
    }

    /// <summary>The layer tag of the state that a recurrent layer reads of itself, one mask for all steps: t is 0.</summary>
    /// <param name="layer">The layer, from 0.</param>
    public static uint RecurrentTag(int layer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        return FirstRecurrentTag + (uint)layer;
    }

    /// <summary>The identity of one step of one sequence inside a batch: t above the shard above the plan row.</summary>
    /// <param name="t">The time step in the sequence (in a stateful stream: in the window), 0 to <see cref="StepsMax"/> - 1.</param>
    /// <param name="shard">The shard's number in the batch, 0 to <see cref="ShardsMax"/> - 1.</param>
    /// <param name="planRow">The sequence's place in its shard, 0 to <see cref="RowsMax"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is out of its range.</exception>
    public static ulong RowKey(int t, int shard, int planRow)
    {
        if ((uint)t >= StepsMax || (uint)shard >= ShardsMax || (uint)planRow >= RowsMax)
            ThrowOutOfRange(t, shard, planRow);
        return (((ulong)(uint)t << ShardBits) | (uint)shard) << RowBits | (uint)planRow;
    }

    /// <summary>Multiplies the units of one logical row by their masks: 1 / (1 - rate) where kept, +0 where dropped.</summary>
    /// <param name="key">The seed and the step.</param>
    /// <param name="rowKey">The row, from <see cref="RowKey"/>.</param>
    /// <param name="layerTag"><see cref="EmbeddingTag"/>, <see cref="LayerTag"/> of a layer, or <see cref="OutputTag"/>.</param>
    /// <param name="rate">How many are dropped on average, at least 0 and below 1; 0 leaves the values as they are.</param>
    /// <param name="values">The units, [count]: the values forward, their gradients backward.</param>
    /// <param name="count">Units.</param>
    public static void Apply(StepKey key, ulong rowKey, uint layerTag, float rate, float* values, int count)
    {
        if (rate > 0)
            DropoutMask.Apply(key.Seed, (ulong)key.Step, rowKey, layerTag, rate, values, count);
    }

    /// <summary>Whether word dropout puts the unknown token in place of this step's token.</summary>
    /// <param name="key">The seed and the step.</param>
    /// <param name="rowKey">The row, from <see cref="RowKey"/>.</param>
    /// <param name="rate">How many are dropped on average, at least 0 and below 1.</param>
    public static bool DropsWord(StepKey key, ulong rowKey, float rate) =>
        rate > 0 && new Philox(key.Seed, PhiloxPurpose.WordDropout, (ulong)key.Step).Uniform(rowKey) < rate;

    private static void ThrowOutOfRange(int t, int shard, int planRow)
    {
        ThrowUnlessBelow(t, StepsMax, nameof(t));
        ThrowUnlessBelow(shard, ShardsMax, nameof(shard));
        ThrowUnlessBelow(planRow, RowsMax, nameof(planRow));
    }

    private static void ThrowUnlessBelow(int value, int limit, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value, limit, name);
    }
}
