using System.Numerics;
using System.Runtime.InteropServices;

namespace DistRnn.Cluster;

/// <summary>
/// Lends memory for frames and takes it back: after the first steps nothing is allocated any more. What it holds, lent or idle, never
/// exceeds its bound; idle memory of one size makes room for another.
/// </summary>
/// <remarks>Thread-safe. Sizes are rounded up by a quarter at most, so that steps of slightly different sizes share memory.</remarks>
internal sealed unsafe class DataBufferPool : IDisposable
{
    private const long SmallestBytes = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, Stack<DataLease>> _idle = [];
    private readonly ManualResetEventSlim _returned = new();
    private bool _disposed;

    /// <summary>Makes an empty pool.</summary>
    /// <param name="bytesMax">What it may hold, in bytes.</param>
    public DataBufferPool(long bytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesMax, SmallestBytes);
        BytesMax = bytesMax;
    }

    /// <summary>What the pool may hold, in bytes.</summary>
    public long BytesMax { get; }

    /// <summary>What it holds, lent or idle, in bytes.</summary>
    public long BytesHeld { get; private set; }

    /// <summary>What is lent at present, in bytes.</summary>
    public long BytesLent { get; private set; }

    /// <summary>Leases room for a prefix and a payload, which hold anything.</summary>
    /// <param name="prefixBytes">Bytes of the prefix.</param>
    /// <param name="payloadBytes">Bytes of the payload.</param>
    /// <returns>The lease, or null where the pool is at its bound.</returns>
    public DataLease? TryLease(int prefixBytes, long payloadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prefixBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        var lease = TryTake(Aligned(payloadBytes) + prefixBytes);
        lease?.Begin(prefixBytes, payloadBytes);
        return lease;
    }

    /// <summary>As <see cref="TryLease"/>, but waits until others have given back enough.</summary>
    /// <param name="prefixBytes">Bytes of the prefix.</param>
    /// <param name="payloadBytes">Bytes of the payload.</param>
    /// <param name="millisecondsMax">How long to wait at most.</param>
    /// <returns>The lease, or null where the time passed or the pool can never hold as much.</returns>
    public DataLease? WaitForLease(int prefixBytes, long payloadBytes, long millisecondsMax)
    {
        var deadline = Environment.TickCount64 + millisecondsMax;
        while (true)
        {
            _returned.Reset();
            if (TryLease(prefixBytes, payloadBytes) is { } lease)
                return lease;
            var left = deadline - Environment.TickCount64;
            if (left <= 0 || _disposed || CapacityFor(Aligned(payloadBytes) + prefixBytes) > BytesMax)
                return null;
            _returned.Wait((int)Math.Min(left, int.MaxValue));
        }
    }

    /// <summary>Leases a prefix of its own with a part of another lease's payload, which lives until both are given back: the same floats to several nodes.</summary>
    /// <param name="whole">The other lease; it gains an owner.</param>
    /// <param name="offset">The part's first byte.</param>
    /// <param name="payloadBytes">The part's bytes.</param>
    /// <param name="prefixBytes">Bytes of the prefix.</param>
    /// <returns>The lease, or null where the pool is at its bound.</returns>
    public DataLease? TryShare(DataLease whole, long offset, long payloadBytes, int prefixBytes)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, whole.PayloadBytes - payloadBytes);
        var lease = TryTake(prefixBytes);
        lease?.BeginOver(whole.Address + (nint)offset, payloadBytes, prefixBytes, whole.Retain(), null, null);
        return lease;
    }

    /// <summary>Leases a prefix with a payload that lies in memory of the caller's, which it leaves alone until it is told.</summary>
    /// <param name="address">The payload's first byte.</param>
    /// <param name="payloadBytes">Its bytes.</param>
    /// <param name="prefixBytes">Bytes of the prefix.</param>
    /// <param name="released">Called once when nobody reads the payload any more, on whatever thread that is; keep the delegate.</param>
    /// <param name="state">What it is called with.</param>
    /// <returns>The lease, or null where the pool is at its bound; then nothing will be called.</returns>
    public DataLease? TryCover(nint address, long payloadBytes, int prefixBytes, Action<object?>? released, object? state = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        var lease = TryTake(prefixBytes);
        lease?.BeginOver(address, payloadBytes, prefixBytes, null, released, state);
        return lease;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var stack in _idle.Values)
            {
                while (stack.TryPop(out var lease))
                    Drop(lease);
            }
        }
        _returned.Set();
    }

    internal static long Aligned(long bytes) => (bytes + 63) & ~63L;

    internal void Return(DataLease lease)
    {
        lock (_lock)
        {
            BytesLent -= lease.Capacity;
            if (_disposed)
                Drop(lease);
            else
                _idle[lease.Capacity].Push(lease);
        }
        if (!_returned.IsSet)
            _returned.Set();
    }

    private static long CapacityFor(long bytes)
    {
        if (bytes <= SmallestBytes)
            return SmallestBytes;
        var quarter = 1L << Math.Max(0, BitOperations.Log2((ulong)(bytes - 1)) - 2);
        return (bytes + quarter - 1) / quarter * quarter;
    }

    private DataLease? TryTake(long bytes)
    {
        var capacity = CapacityFor(bytes);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_idle.TryGetValue(capacity, out var stack))
                _idle[capacity] = stack = new Stack<DataLease>();
            if (!stack.TryPop(out var lease))
            {
                if (!MakeRoomFor(capacity))
                    return null;
                lease = new DataLease(this, (nint)NativeMemory.AlignedAlloc((nuint)capacity, 64), capacity);
                BytesHeld += capacity;
            }
            BytesLent += capacity;
            return lease;
        }
    }

    private bool MakeRoomFor(long capacity)
    {
        if (BytesLent + capacity > BytesMax)
            return false;
        foreach (var stack in _idle.Values)
        {
            while (BytesHeld + capacity > BytesMax && stack.TryPop(out var lease))
                Drop(lease);
        }
        return BytesHeld + capacity <= BytesMax;
    }

    private void Drop(DataLease lease)
    {
        BytesHeld -= lease.Capacity;
        lease.Free();
    }
}
