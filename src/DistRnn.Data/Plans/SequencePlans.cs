using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// The training plan of independent sequences. An epoch's order: all sequences shuffled; then, where lengths differ, every run of
/// <see cref="BucketBatches"/> batches sorted by length, so that a batch's sequences are about equally long, and the full batches shuffled. A short last
/// batch stays the last. A batch's sequences are dealt to the shards in that order, in contiguous pieces.
/// </summary>
internal sealed class SequenceTrainingPlan : ITrainingPlan
{
    /// <summary>Batches whose sequences are sorted together.</summary>
    public const int BucketBatches = 50;

    private readonly SequencePart _part;
    private readonly ulong _seed;
    private readonly int _batch;
    private readonly bool _sort;
    private readonly Lock _lock = new();
    private Epoch? _newest;
    private Epoch? _older;

    public SequenceTrainingPlan(SequencePart part, ulong seed, int batch, int shards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        (_part, _seed, _batch, Shards) = (part, seed, batch, shards);
        _sort = !part.AllOfOneLength();
    }

    public int Shards { get; }

    public int Lanes => 0;

    public long StepsIn(int epoch) => (_part.Count + (long)_batch - 1) / _batch;

    public void Fill(int epoch, long step, int shard, SequenceBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, StepsIn(epoch));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)shard, (uint)Shards, nameof(shard));
        var first = (int)(step * _batch);
        var (start, count) = Shares.Of(Math.Min(_batch, _part.Count - first), Shards, shard);
        _part.Fill(batch, OrderOf(epoch).AsSpan(first + start, count));
    }

    private int[] OrderOf(int epoch)
    {
        lock (_lock)
        {
            if (_newest?.Number == epoch)
                return _newest.Order;
            if (_older?.Number == epoch)
                return _older.Order;
            _older = _newest;
            _newest = new Epoch(epoch, MakeOrder((ulong)epoch));
            return _newest.Order;
        }
    }

    private int[] MakeOrder(ulong epoch)
    {
        var order = new int[_part.Count];
        new Philox(_seed, PhiloxPurpose.Shuffle, epoch).Permutation(order);
        if (!_sort)
            return order;
        var bucket = (int)Math.Min((long)_batch * BucketBatches, order.Length);
        for (var start = 0; start < order.Length; start += bucket)
            SortByLength(order.AsSpan(start, Math.Min(bucket, order.Length - start)));
        // The order of the batches is drawn apart from that of the sequences: the epoch's number with its highest bit set.
        var batches = new int[order.Length / _batch];
        new Philox(_seed, PhiloxPurpose.Shuffle, epoch | 1UL << 63).Permutation(batches);
        var shuffled = (int[])order.Clone();
        for (var to = 0; to < batches.Length; to++)
            order.AsSpan(batches[to] * _batch, _batch).CopyTo(shuffled.AsSpan(to * _batch));
        return shuffled;
    }

    private void SortByLength(Span<int> indices)
    {
        var keys = new long[indices.Length];
        var before = indices.ToArray();
        for (var i = 0; i < keys.Length; i++)
            keys[i] = (long)_part.LengthOf(before[i]) << 32 | (uint)i;
        keys.AsSpan().Sort();
        for (var i = 0; i < keys.Length; i++)
            indices[i] = before[(int)(keys[i] & uint.MaxValue)];
    }

    private sealed record Epoch(int Number, int[] Order);
}

/// <summary>The evaluation of independent sequences: sorted by length, so that a shard's are about equally long, each once.</summary>
internal sealed class SequenceEvaluationPlan : IEvaluationPlan
{
    private readonly SequencePart _part;
    private readonly int _batch;
    private readonly int[] _order;

    public SequenceEvaluationPlan(SequencePart part, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        (_part, _batch, _order) = (part, batch, [.. Enumerable.Range(0, part.Count).OrderBy(part.LengthOf)]);
    }

    public int Shards => (int)Math.Max(1, (_part.Count + (long)_batch - 1) / _batch);

    public int Lanes => 0;

    public long Sequences => _part.Count;

    public void Fill(int shard, SequenceBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)shard, (uint)Shards, nameof(shard));
        var first = shard * _batch;
        _part.Fill(batch, _order.AsSpan(first, Math.Min(_batch, _part.Count - first)));
    }
}
