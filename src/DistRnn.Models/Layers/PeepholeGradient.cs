using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The gradient of a peephole weight: the sum over (t, plan row) of a gate's gradient times the cell state it saw, shard by shard, then the tree.</summary>
internal static unsafe class PeepholeGradient
{
    /// <summary>Sums one gate of one panel.</summary>
    /// <param name="cells">The kernels.</param>
    /// <param name="gates">The gate's gradients, [rows, units].</param>
    /// <param name="gateStride">Floats from a row to the next.</param>
    /// <param name="cell">Cell states, [rows, 16].</param>
    /// <param name="pairs">Left: rows of <paramref name="cell"/>; right: rows of <paramref name="gates"/>.</param>
    /// <param name="units">Units that count, 1 to 16.</param>
    /// <param name="destination">[units].</param>
    /// <param name="scratch">16 floats for each level of the tree.</param>
    public static void Sum(CellKernels cells, float* gates, nint gateStride, float* cell, in ShardRows pairs, int units, float* destination, float* scratch)
    {
        var depth = 0;
        var present = 0UL;
        for (var shard = 0; shard < pairs.Shards; shard++)
        {
            present &= ~(1UL << depth);
            if (pairs.Present[shard])
            {
                var from = pairs.Offsets[shard];
                cells.SumProducts(gates, gateStride, pairs.Right + from, cell, pairs.Left + from, pairs.Offsets[shard + 1] - from, scratch + depth * 16);
                present |= 1UL << depth;
            }
            depth++;
            for (var carry = shard; (carry & 1) != 0; carry >>= 1)
                Merge(scratch, --depth, ref present);
        }
        while (depth > 1)
            Merge(scratch, --depth, ref present);
        for (var unit = 0; unit < units; unit++)
            destination[unit] = present != 0 ? scratch[unit] : 0f;
    }

    private static void Merge(float* scratch, int right, ref ulong present)
    {
        if ((present >> right & 1) == 0)
            return;
        float* l = scratch + (right - 1) * 16, r = l + 16;
        var add = (present >> (right - 1) & 1) != 0;
        for (var i = 0; i < 16; i++)
            l[i] = add ? l[i] + r[i] : r[i];
        present = present & ~(1UL << right) | 1UL << (right - 1);
    }
}
