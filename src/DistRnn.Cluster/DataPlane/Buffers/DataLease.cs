using System.Runtime.InteropServices;

namespace DistRnn.Cluster;

/// <summary>
/// Memory of a frame, outside the managed heap and aligned to 64 bytes: a prefix and a payload, lent by a <see cref="DataBufferPool"/>. Whoever is handed
/// a lease owns one count of it and calls <see cref="Dispose"/> once; the last one gives the memory back. Touching it afterwards is undefined.
/// </summary>
internal sealed unsafe class DataLease : IDisposable
{
    private readonly DataBufferPool _pool;
    private nint _memory;
    private nint _payload;
    private nint _prefix;
    private int _owners;
    private DataLease? _whole;
    private Action<object?>? _released;
    private object? _releasedState;
    private ILeaseObserver? _observer;
    private long _observed;

    internal DataLease(DataBufferPool pool, nint memory, long capacity)
    {
        _pool = pool;
        _memory = memory;
        Capacity = capacity;
    }

    /// <summary>Bytes of the prefix.</summary>
    public int PrefixBytes { get; private set; }

    /// <summary>Bytes of the payload.</summary>
    public long PayloadBytes { get; private set; }

    /// <summary>The payload's first byte.</summary>
    public nint Address => _payload;

    /// <summary>The prefix.</summary>
    public Span<byte> Prefix => new((void*)_prefix, PrefixBytes);

    /// <summary>The payload; at most 2^31 - 1 bytes.</summary>
    public Span<byte> Payload => new((void*)_payload, checked((int)PayloadBytes));

    /// <summary>The payload as floats.</summary>
    public Span<float> Floats => new((void*)_payload, checked((int)(PayloadBytes / sizeof(float))));

    /// <summary>Bytes of the lease's own memory.</summary>
    internal long Capacity { get; }

    /// <summary>Makes the payload shorter than it was leased for.</summary>
    /// <param name="payloadBytes">Its bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">It would be negative or longer.</exception>
    public void Shorten(long payloadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadBytes, PayloadBytes);
        PayloadBytes = payloadBytes;
    }

    /// <summary>Adds an owner, who also disposes of the lease once.</summary>
    /// <returns>This lease.</returns>
    /// <exception cref="ObjectDisposedException">Nobody owns it any more.</exception>
    public DataLease Retain()
    {
        ObjectDisposedException.ThrowIf(Interlocked.Increment(ref _owners) <= 1, this);
        return this;
    }

    /// <summary>Gives up one count of ownership.</summary>
    /// <exception cref="ObjectDisposedException">Nobody owned it any more.</exception>
    public void Dispose()
    {
        var left = Interlocked.Decrement(ref _owners);
        if (left > 0)
            return;
        ObjectDisposedException.ThrowIf(left < 0, this);
        var (whole, released, state, observer, observed) = (_whole, _released, _releasedState, _observer, _observed);
        (_whole, _released, _releasedState, _observer) = (null, null, null, null);
        _pool.Return(this);
        observer?.Released(observed);
        whole?.Dispose();
        released?.Invoke(state);
    }

    internal void Begin(int prefixBytes, long payloadBytes)
    {
        _owners = 1;
        _payload = _memory;
        _prefix = _memory + (nint)DataBufferPool.Aligned(payloadBytes);
        (PrefixBytes, PayloadBytes) = (prefixBytes, payloadBytes);
    }

    internal void BeginOver(nint address, long payloadBytes, int prefixBytes, DataLease? whole, Action<object?>? released, object? state)
    {
        _owners = 1;
        (_payload, _prefix) = (address, _memory);
        (PrefixBytes, PayloadBytes) = (prefixBytes, payloadBytes);
        (_whole, _released, _releasedState) = (whole, released, state);
    }

    /// <summary>Has an observer told when the last owner is gone.</summary>
    internal void Observe(ILeaseObserver observer, long observed) => (_observer, _observed) = (observer, observed);

    internal void Free()
    {
        NativeMemory.AlignedFree((void*)_memory);
        _memory = 0;
    }
}

/// <summary>Who is told when a lease is given back; a connection that allows more bytes then.</summary>
internal interface ILeaseObserver
{
    /// <summary>A lease was given back.</summary>
    /// <param name="bytes">What it was worth.</param>
    void Released(long bytes);
}
