using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DistRnn.Numerics;

/// <summary>
/// Inverted dropout: each unit of a row is kept and multiplied by 1 / (1 - rate), or becomes +0. Which, is decided by the seed, the step, the layer and the
/// row's logical place alone, so forward and backward pass, however the rows are stacked and whoever computes them, agree without a mask in memory.
/// </summary>
/// <remarks>
/// Unit j belongs to the group of 32 units j / 32, and a group to 8 blocks of <see cref="Philox4x32"/> under the key of (seed, <see cref="PhiloxPurpose.Dropout"/>,
/// step), whose counters are (block, layer, row). In a group unit u takes word 2 (u / 16) + u mod 2 of block (u mod 16) / 2: the order in which vectors
/// come to hold the words without a shuffle. It is dropped where the word is below floor(rate 2^32).
/// </remarks>
public static unsafe class DropoutMask
{
    private const int GroupUnits = 32;

    /// <summary>Applies the mask to one row, in place: to activations on the way forward, to their gradients on the way back.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="step">The step.</param>
    /// <param name="row">The row's logical place: time step, shard and plan row packed into one number, never a place in a buffer.</param>
    /// <param name="layerTag">Which mask of the network it is; masks of different tags are independent.</param>
    /// <param name="rate">The share that is dropped, 0 up to but not including 1.</param>
    /// <param name="values">The row's units.</param>
    /// <param name="count">How many units; exactly these are read and written.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rate"/> is outside [0, 1).</exception>
    public static void Apply(ulong seed, ulong step, ulong row, uint layerTag, float rate, float* values, int count) =>
        Apply(SimdWidths.Current, seed, step, row, layerTag, rate, values, count);

    /// <summary>Applies the mask at a given width.</summary>
    /// <param name="width">A width that this processor has.</param>
    /// <param name="seed">The job's seed.</param>
    /// <param name="step">The step.</param>
    /// <param name="row">The row's logical place.</param>
    /// <param name="layerTag">Which mask of the network it is.</param>
    /// <param name="rate">The share that is dropped.</param>
    /// <param name="values">The row's units.</param>
    /// <param name="count">How many units.</param>
    internal static void Apply(SimdWidth width, ulong seed, ulong step, ulong row, uint layerTag, float rate, float* values, int count)
    {
        if (!(rate >= 0 && rate < 1))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "A dropout rate is in [0, 1).");
        if (rate == 0)
            return;
        var key = Philox.KeyOf(seed, PhiloxPurpose.Dropout, step);
        var threshold = (uint)(rate * 4294967296.0);
        var scale = 1f / (1f - rate);
        if (width is not (SimdWidth.Bits512 or SimdWidth.Bits256))
        {
            ApplyBlocks(key, row, layerTag, threshold, scale, values, count);
            return;
        }
        var keys = stackalloc ulong[2 * Philox4x32.Rounds];
        Philox4x32.ExpandKey(key, keys);
        if (width == SimdWidth.Bits512)
            ApplyGroups512(keys, row, layerTag, threshold, scale, values, count);
        else
            ApplyGroups256(keys, row, layerTag, threshold, scale, values, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyGroups512(ulong* keys, ulong row, uint layerTag, uint threshold, float scale, float* values, int count)
    {
        var (limit, factor) = (Vector512.Create(threshold), Vector512.Create(scale));
        var (c1, c2, c3) = (Vector512.Create((ulong)layerTag), Vector512.Create(row), Vector512.Create(row >> 32));
        var c0 = Vector512<ulong>.Indices;
        for (var unit = 0; unit < count; unit += GroupUnits)
        {
            var (words01, words23) = Philox4x32.Blocks8(keys, c0, c1, c2, c3);
            var p = values + unit;
            if (count - unit >= GroupUnits)
            {
                Drop512(p, words01, limit, factor);
                Drop512(p + 16, words23, limit, factor);
            }
            else
            {
                DropFirst512(p, count - unit, words01, limit, factor);
                DropFirst512(p + 16, count - unit - 16, words23, limit, factor);
            }
            c0 += Vector512.Create(8UL);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyGroups256(ulong* keys, ulong row, uint layerTag, uint threshold, float scale, float* values, int count)
    {
        var (limit, factor) = (Vector256.Create(threshold), Vector256.Create(scale));
        var (c1, c2, c3) = (Vector256.Create((ulong)layerTag), Vector256.Create(row), Vector256.Create(row >> 32));
        var c0 = Vector256<ulong>.Indices;
        for (var unit = 0; unit < count; unit += GroupUnits)
        {
            for (var half = 0; half < 16; half += 8)
            {
                var (words01, words23) = Philox4x32.Blocks4(keys, c0, c1, c2, c3);
                var p = values + unit + half;
                if (count - unit >= GroupUnits)
                {
                    Drop256(p, words01, limit, factor);
                    Drop256(p + 16, words23, limit, factor);
                }
                else
                {
                    DropFirst256(p, count - unit - half, words01, limit, factor);
                    DropFirst256(p + 16, count - unit - half - 16, words23, limit, factor);
                }
                c0 += Vector256.Create(4UL);
            }
        }
    }

    // The last units of a row go through masks: what lies behind them is neither read nor written.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DropFirst512(float* values, int count, Vector512<ulong> words, Vector512<uint> limit, Vector512<float> factor)
    {
        var first = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();
        var scaled = Avx512F.MaskLoad(values, first, Vector512<float>.Zero) * factor;
        Avx512F.MaskStore(values, first, Vector512.ConditionalSelect(Vector512.LessThan(words.AsUInt32(), limit).AsSingle(), Vector512<float>.Zero, scaled));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DropFirst256(float* values, int count, Vector256<ulong> words, Vector256<uint> limit, Vector256<float> factor)
    {
        var first = Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();
        var scaled = Avx.MaskLoad(values, first) * factor;
        Avx.MaskStore(values, first, Vector256.ConditionalSelect(Vector256.LessThan(words.AsUInt32(), limit).AsSingle(), Vector256<float>.Zero, scaled));
    }

    private static void ApplyBlocks(ulong key, ulong row, uint layerTag, uint threshold, float scale, float* values, int count)
    {
        for (var unit = 0; unit < count; unit += GroupUnits)
        {
            for (var pair = 0; pair < 8 && unit + 2 * pair < count; pair++)
            {
                var block = (uint)(unit / 4 + pair);
                var (word0, word1, word2, word3) = Philox4x32.Block(key, block | (ulong)layerTag << 32, row);
                Drop(values, unit + 2 * pair, count, word0, threshold, scale);
                Drop(values, unit + 2 * pair + 1, count, word1, threshold, scale);
                Drop(values, unit + 2 * pair + 16, count, word2, threshold, scale);
                Drop(values, unit + 2 * pair + 17, count, word3, threshold, scale);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Drop512(float* values, Vector512<ulong> words, Vector512<uint> limit, Vector512<float> factor) =>
        Vector512.ConditionalSelect(Vector512.LessThan(words.AsUInt32(), limit).AsSingle(), Vector512<float>.Zero, Vector512.Load(values) * factor).Store(values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Drop256(float* values, Vector256<ulong> words, Vector256<uint> limit, Vector256<float> factor) =>
        Vector256.ConditionalSelect(Vector256.LessThan(words.AsUInt32(), limit).AsSingle(), Vector256<float>.Zero, Vector256.Load(values) * factor).Store(values);

    private static void Drop(float* values, int unit, int count, uint word, uint threshold, float scale)
    {
        if (unit < count)
            values[unit] = word < threshold ? 0f : values[unit] * scale;
    }
}
