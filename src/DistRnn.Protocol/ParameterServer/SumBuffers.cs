using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>
/// Memory for the sums of one partition, used again step after step: fresh memory is cleared by the system page by page, which takes longer than the sum.
/// </summary>
/// <param name="count">Floats of a buffer.</param>
/// <remarks>Thread-safe: a sum that goes to a replica is released by whoever sends it.</remarks>
internal sealed class SumBuffers(long count) : IDisposable
{
    // Two children and their sum: what a tree has at once where shards come one by one and in order.
    private const int KeptMax = 3;

    private readonly Lock _lock = new();
    private readonly Stack<FloatBuffer> _free = new(KeptMax);
    private bool _isOver;

    /// <summary>A buffer that holds anything.</summary>
    public FloatBuffer Rent()
    {
        lock (_lock)
            if (_free.TryPop(out var buffer))
                return buffer;
        return new FloatBuffer(count);
    }

    /// <summary>Takes a buffer back.</summary>
    /// <param name="buffer">The buffer; nobody reads it any more.</param>
    public void Return(FloatBuffer buffer)
    {
        lock (_lock)
        {
            if (!_isOver && _free.Count < KeptMax)
            {
                _free.Push(buffer);
                return;
            }
        }
        buffer.Dispose();
    }

    /// <summary>Frees what is here, and what comes back from now on.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            while (_free.TryPop(out var buffer))
                buffer.Dispose();
        }
    }
}
