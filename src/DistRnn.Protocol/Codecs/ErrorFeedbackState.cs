using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>
/// What a codec with error feedback has lost so far, on the worker that lost it: for every shard that this worker has encoded, a float for each of the
/// parameter vector, in its order, +0 at first.
/// </summary>
/// <remarks>
/// A shard's range is encoded once a step; who is asked for it again sends the same bytes again. A shard that moves to another worker starts there with
/// what that worker has of it. Memory: a vector for each shard seen. Different shards may be used by different threads, but <see cref="Of"/> is one caller's at a time.
/// </remarks>
public sealed class ErrorFeedbackState : IDisposable
{
    private readonly FloatBuffer?[] _shards;

    /// <summary>Makes the state of a worker that has encoded nothing.</summary>
    /// <param name="count">Floats of the parameter vector, at least 0.</param>
    /// <param name="shards">Shards of a batch, at least 1.</param>
    public ErrorFeedbackState(long count, int shards)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        (Count, _shards) = (count, new FloatBuffer?[shards]);
    }

    /// <summary>Floats of the parameter vector.</summary>
    public long Count { get; }

    /// <summary>Bytes held so far.</summary>
    public long Bytes => sizeof(float) * Count * _shards.Count(shard => shard is not null);

    /// <summary>What is left of a range of a shard, to be given to <see cref="Codec.Encode"/>.</summary>
    /// <param name="shard">The shard, from 0.</param>
    /// <param name="start">The range's first float.</param>
    /// <param name="count">Its floats.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard or range.</exception>
    public Span<float> Of(int shard, long start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, _shards.Length);
        return (_shards[shard] ??= new FloatBuffer(Count)).Slice(start, count);
    }

    /// <summary>Forgets everything: after a rollback, what was lost belongs to gradients that no longer count.</summary>
    public void Clear()
    {
        foreach (var shard in _shards)
            shard?.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in _shards)
            shard?.Dispose();
        Array.Clear(_shards);
    }
}
