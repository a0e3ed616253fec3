using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>Where a payload is to go: into memory of the receiver's own, into a lease of the plane's, or nowhere, with a reason.</summary>
internal readonly record struct DataDestination
{
    private DataDestination(nint address, long bytes, object? handle, RefusalReason reason, bool isLease, DataScatter? scatter = null)
    {
        Scatter = scatter;
        Address = address;
        Bytes = bytes;
        Handle = handle;
        Reason = reason;
        IsLease = isLease;
    }

    /// <summary>The first byte of the receiver's own memory; 0 where it is not that.</summary>
    public nint Address { get; }

    /// <summary>How many bytes may be written there.</summary>
    public long Bytes { get; }

    /// <summary>What the receiver wants to have back with the arrival.</summary>
    public object? Handle { get; }

    /// <summary>Why the frame is refused; None where it is not.</summary>
    public RefusalReason Reason { get; }

    /// <summary>Whether the payload goes into a lease.</summary>
    public bool IsLease { get; }

    /// <summary>The places it goes to, where there are several; null otherwise.</summary>
    public DataScatter? Scatter { get; }

    /// <summary>Into floats of the receiver's, which it leaves alone until the plane says that they are complete or failed.</summary>
    /// <param name="buffer">The floats.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many there is room for.</param>
    /// <param name="handle">What the receiver wants to have back; keep it, so that nothing is allocated.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    public static unsafe DataDestination Into(FloatBuffer buffer, long first, long count, object? handle = null)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, buffer.Count - count);
        return new DataDestination((nint)(buffer.Pointer + first), count * sizeof(float), handle ?? buffer, RefusalReason.None, false);
    }

    /// <summary>Into several places, one after the other, which the receiver leaves alone until the plane says that they are complete or failed.</summary>
    /// <param name="scatter">The places.</param>
    /// <param name="handle">What the receiver wants to have back; keep it, so that nothing is allocated.</param>
    public static DataDestination Into(DataScatter scatter, object? handle = null)
    {
        ArgumentNullException.ThrowIfNull(scatter);
        return new DataDestination(0, scatter.Bytes, handle ?? scatter, RefusalReason.None, false, scatter);
    }

    /// <summary>Into a lease, which the receiver then owns together with a copy of the prefix. In one process it is the sender's, without a copy.</summary>
    /// <param name="handle">What the receiver wants to have back.</param>
    public static DataDestination Lease(object? handle = null) => new(0, long.MaxValue, handle, RefusalReason.None, true);

    /// <summary>Nowhere.</summary>
    /// <param name="reason">Why.</param>
    public static DataDestination Refuse(RefusalReason reason) => new(0, 0, null, reason == RefusalReason.None ? RefusalReason.ReceiverFailed : reason, false);
}
