namespace DistRnn.Cluster;

/// <summary>Hands frames to a receiver in the same process, on the sender's thread: the lease itself where the receiver asks for one, else one copy.</summary>
internal sealed unsafe class LocalDelivery(string name, IDataPlaneReceiver receiver, DataPlaneCounters counters)
{
    /// <summary>Delivers a frame.</summary>
    /// <param name="sender">Who is told of a refusal.</param>
    /// <param name="senderCounters">The sender's counters.</param>
    /// <param name="peer">The sender's name.</param>
    /// <param name="header">The header with its lengths.</param>
    /// <param name="lease">Prefix and payload, or null; disposed of or handed on in any case.</param>
    /// <param name="buffers">The sender's pool, for a lease of a frame without one.</param>
    /// <param name="fault">What is to go wrong.</param>
    /// <returns>None: a refusal is told as one from another process is.</returns>
    internal RefusalReason Deliver(
        IDataPlaneReceiver sender, DataPlaneCounters senderCounters, string peer, DataHeader header, DataLease? lease, DataBufferPool buffers, WireFault fault)
    {
        senderCounters.CountSent(header);
        var reason = Offer(peer, ref header, lease, buffers, fault);
        if (reason == RefusalReason.None)
            return reason;
        lease?.Dispose();
        counters.CountRefusal(reason);
        sender.Refused(name, header, reason);
        return RefusalReason.None;
    }

    private RefusalReason Offer(string peer, ref DataHeader header, DataLease? lease, DataBufferPool buffers, WireFault fault)
    {
        var prefix = lease is null ? default : (ReadOnlySpan<byte>)lease.Prefix;
        var destination = receiver.Accept(peer, header, prefix);
        if (destination.Reason != RefusalReason.None)
            return destination.Reason;
        var reason = fault switch
        {
            WireFault.Corrupt => RefusalReason.PayloadChecksum,
            WireFault.Truncate => RefusalReason.Truncated,
            _ when destination.Bytes < header.PayloadBytes => RefusalReason.OtherLength,
            _ => RefusalReason.None,
        };
        var handed = lease;
        if (reason == RefusalReason.None && destination.IsLease && (handed ??= buffers.TryLease(0, 0)) is null)
            reason = RefusalReason.NoBuffer;
        if (reason != RefusalReason.None)
        {
            receiver.Failed(peer, header, destination, reason);
            return reason;
        }
        counters.CountReceived(header);
        if (destination.IsLease)
        {
            receiver.Complete(new DataArrival(peer, ref header, prefix, destination, handed, handed!.Address, null));
            return RefusalReason.None;
        }
        if (destination.Scatter is { } scatter)
            scatter.CopyFrom(lease?.Address ?? 0, header.PayloadBytes);
        else if (lease is not null)
            Buffer.MemoryCopy((void*)lease.Address, (void*)destination.Address, destination.Bytes, header.PayloadBytes);
        receiver.Complete(new DataArrival(peer, ref header, prefix, destination, null, destination.Scatter is null ? destination.Address : lease?.Address ?? 0, null));
        lease?.Dispose();
        return RefusalReason.None;
    }
}
