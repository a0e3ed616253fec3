using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Runtime;

/// <summary>What workers know of a job: the layout, and the rows that a lease's shards read, found by laying the shards out.</summary>
internal sealed class JobWorkerPlan(INetwork network, ITrainingPlan plan, ulong seed, PartitionMap partitions, Codec codec) : IWorkerPlan
{
    private readonly SequenceBatch[] _batches = [.. Enumerable.Range(0, plan.Shards).Select(_ => new SequenceBatch())];
    private (StepAddress Address, TreeNode Node) _filled = (default, default);
    private readonly Dictionary<int, ImmutableArray<int>> _rows = [];

    /// <inheritdoc/>
    public PartitionMap Partitions => partitions;

    /// <inheritdoc/>
    public Codec Codec => codec;

    /// <inheritdoc/>
    public int Shards => plan.Shards;

    /// <inheritdoc/>
    public bool HasLanes => plan.Lanes > 0;

    /// <inheritdoc/>
    public ImmutableArray<int> RowsOf(StepAddress address, TreeNode node, int tensor)
    {
        if (_filled != (address, node))
        {
            for (var i = 0; i < node.Count; i++)
                plan.Fill(address.Epoch, address.StepInEpoch, node.First + i, _batches[i]);
            _rows.Clear();
            _filled = (address, node);
        }
        if (_rows.TryGetValue(tensor, out var known))
            return known;
        var rows = new SortedSet<int>();
        ImmutableArray<int> all = network.TryCollectRows(tensor, node.First, _batches.AsSpan(0, node.Count), new StepKey(seed, address.Step), rows)
            ? [.. rows]
            : [.. Enumerable.Range(0, partitions.Table.Tensors[tensor].Rows)];
        _rows[tensor] = all;
        return all;
    }
}
