using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>What a step's tensors take on their way between processes, known before the first one is sent.</summary>
public static class StepTraffic
{
    /// <summary>
    /// The bytes that workers pull from and push to other processes in a step: each of the first processes works and serves parameters, up to both counts, servers own
    /// partitions in turn, and the step's shards are shared out evenly. What is carried from step to step, and what owners copy to each other, is not counted.
    /// </summary>
    /// <param name="plan">What workers know of the run.</param>
    /// <param name="address">The step.</param>
    /// <param name="workers">Workers, at least 1.</param>
    /// <param name="servers">Parameter servers, at least 1.</param>
    /// <param name="consistency">When an update may be made: where shards are applied one by one, each pulls and pushes for itself.</param>
    public static long BytesOf(IWorkerPlan plan, StepAddress address, int workers, int servers, ConsistencyPolicy consistency)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(consistency);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(workers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(servers);
        var nodes = LeaseTable.Cut(plan.Shards, plan.Codec.PushesLeavesOnly || consistency.AppliesShards ? plan.Shards : workers);
        var bytes = 0L;
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var layout in plan.Partitions.Layouts.Where(layout => layout.Index % servers != i % workers))
            {
                var (rows, rowBytes) = RowsOf(plan, address, nodes[i], layout);
                // A worker pulls what is dense once for all its shards of a version.
                var pulled = i < workers || consistency.AppliesShards ? layout.DenseCount * sizeof(float) : 0;
                bytes += pulled + DenseBytes(layout, plan.Codec) + 2 * (rowBytes + rows * sizeof(int));
            }
        }
        return bytes;
    }

    /// <summary>Bytes of a partition's dense sections in a codec.</summary>
    internal static long DenseBytes(PartitionLayout layout, Codec codec) =>
        codec.Kind == CodecKind.None ? layout.DenseCount * sizeof(float) : DenseEncoding.EstimateBytes(layout, codec);

    private static (long Rows, long Bytes) RowsOf(IWorkerPlan plan, StepAddress address, TreeNode node, PartitionLayout layout)
    {
        var (count, bytes) = (0L, 0L);
        foreach (var section in layout.Sparse)
        {
            foreach (var row in plan.RowsOf(address, node, section.Tensor).Where(row => row >= section.FirstRow && row < section.EndRow))
            {
                count++;
                bytes += section.RowRange(row).Count * sizeof(float);
            }
        }
        return (count, bytes);
    }
}
