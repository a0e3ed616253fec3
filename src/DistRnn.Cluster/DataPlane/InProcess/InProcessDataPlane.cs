using System.Collections.Concurrent;

namespace DistRnn.Cluster;

/// <summary>The nodes of one process that reach each other without sockets.</summary>
internal sealed class InProcessNetwork
{
    private readonly ConcurrentDictionary<string, InProcessDataPlane> _planes = new(StringComparer.Ordinal);

    internal bool TryFind(string name, out InProcessDataPlane? plane) => _planes.TryGetValue(name, out plane);

    internal void Add(InProcessDataPlane plane)
    {
        if (!_planes.TryAdd(plane.Name, plane))
            throw new ArgumentException($"There is a node of the name '{plane.Name}' already.", nameof(plane));
    }

    internal void Remove(InProcessDataPlane plane) => _planes.TryRemove(new KeyValuePair<string, InProcessDataPlane>(plane.Name, plane));
}

/// <summary>
/// The data plane inside a process: a leased buffer is handed over as it is, without a copy, and the receiver is called on the sender's thread. What is
/// lent bounds the memory. Receivers only read what they are handed, since the sender may have kept an owner of its own.
/// </summary>
internal sealed class InProcessDataPlane : IDataPlane, IFaultCarrier
{
    private readonly InProcessNetwork _network;
    private readonly IDataPlaneReceiver _receiver;
    private readonly DataPlaneLimits _limits;
    private readonly LocalDelivery _delivery;
    private volatile bool _closing;

    /// <summary>Adds a node to a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="name">The node's name; no other has it.</param>
    /// <param name="receiver">Who decides about what arrives.</param>
    /// <param name="limits">How long prefixes and payloads may be; null for the usual.</param>
    /// <param name="bytesMax">Memory of the node's leases, in bytes.</param>
    internal InProcessDataPlane(InProcessNetwork network, string name, IDataPlaneReceiver receiver, DataPlaneLimits? limits = null, long bytesMax = 4L << 30)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(receiver);
        (_network, _receiver, _limits) = (network, receiver, limits ?? new DataPlaneLimits());
        Name = name;
        Buffers = new DataBufferPool(bytesMax);
        _delivery = new LocalDelivery(name, receiver, Counters);
        network.Add(this);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DataBufferPool Buffers { get; }

    /// <inheritdoc/>
    public DataPlaneCounters Counters { get; } = new();

    /// <inheritdoc/>
    public RefusalReason Send(string peer, in DataHeader header, DataLease? lease) => Send(peer, header, lease, WireFault.None);

    /// <inheritdoc/>
    public RefusalReason Send(string peer, in DataHeader header, DataLease? lease, WireFault fault)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentOutOfRangeException.ThrowIfEqual(DataKinds.IsMessage(header.Kind), false, nameof(header));
        var filled = header with { PrefixBytes = lease?.PrefixBytes ?? 0, PayloadBytes = lease?.PayloadBytes ?? 0 };
        var reason = filled.PrefixBytes > _limits.PrefixBytesMax ? RefusalReason.PrefixTooLong
            : filled.PayloadBytes > _limits.PayloadBytesMax ? RefusalReason.PayloadTooLong
            : _closing ? RefusalReason.Closed
            : RefusalReason.UnknownPeer;
        if (reason == RefusalReason.UnknownPeer && _network.TryFind(peer, out var other) && !other!._closing)
            return other._delivery.Deliver(_receiver, Counters, Name, filled, lease, Buffers, fault);
        lease?.Dispose();
        Counters.CountRefusal(reason);
        return reason;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_closing)
            return;
        _closing = true;
        _network.Remove(this);
        Buffers.Dispose();
    }
}
