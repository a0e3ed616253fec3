using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace DistRnn.Cluster;

/// <summary>
/// The data plane between processes: a long-lived connection for each pair of nodes and direction, with threads of its own. What a node sends to itself is
/// handed over without a copy and without a socket.
/// </summary>
internal sealed class TcpDataPlane : IDataPlane, IFaultCarrier
{
    private const int JoinMs = 5_000;

    private readonly TcpDataPlaneOptions _options;
    private readonly IDataPlaneReceiver _receiver;
    private readonly DataBufferPool _received;
    private readonly ConcurrentDictionary<string, OutboundConnection> _peers = new(StringComparer.Ordinal);
    private readonly List<InboundConnection> _inbound = [];
    private readonly Lock _lock = new();
    private readonly Socket _listener;
    private readonly Thread _accepting;
    private readonly LocalDelivery _local;
    private long _taken;
    private volatile bool _closing;

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Name, address and bounds.</param>
    /// <param name="receiver">Who decides about what arrives.</param>
    /// <exception cref="SocketException">The port is taken, or the address is not this machine's.</exception>
    internal TcpDataPlane(TcpDataPlaneOptions options, IDataPlaneReceiver receiver)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(receiver);
        options.Check();
        (_options, _receiver) = (options, receiver);
        Buffers = new DataBufferPool(options.SendBytesMax);
        _received = new DataBufferPool(options.ReceiveBytesMax);
        _local = new LocalDelivery(options.Name, receiver, Counters);
        _listener = new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(new IPEndPoint(options.Address, options.Port));
            _listener.Listen(128);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = new Thread(Accept, 1 << 18) { IsBackground = true, Name = "data plane accepts" };
        _accepting.Start();
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public DataBufferPool Buffers { get; }

    /// <inheritdoc/>
    public DataPlaneCounters Counters { get; } = new();

    /// <summary>Where others reach this node.</summary>
    internal IPEndPoint EndPoint { get; }

    /// <summary>Memory of leases that hold what was received and is not done with, in bytes.</summary>
    internal long ReceivedBytesLent => _received.BytesLent;

    /// <summary>Says where a node listens. The connection is made when there is something to send.</summary>
    /// <param name="peer">The node's name.</param>
    /// <param name="host">Its host's name or address.</param>
    /// <param name="port">Its port.</param>
    internal void AddPeer(string peer, string host, int port)
    {
        ArgumentException.ThrowIfNullOrEmpty(peer);
        ArgumentException.ThrowIfNullOrEmpty(host);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            if (_peers.TryGetValue(peer, out var known))
            {
                if (known.Host == host && known.Port == port)
                    return;
                known.Dispose();
            }
            _peers[peer] = new OutboundConnection(peer, host, port, _options, _receiver, Counters);
        }
    }

    /// <summary>Forgets a node and ends the connection to it.</summary>
    /// <param name="peer">The node's name.</param>
    internal void RemovePeer(string peer)
    {
        if (_peers.TryRemove(peer, out var connection))
            connection.Dispose();
    }

    /// <inheritdoc/>
    public RefusalReason Send(string peer, in DataHeader header, DataLease? lease) => Send(peer, header, lease, WireFault.None);

    /// <inheritdoc/>
    public RefusalReason Send(string peer, in DataHeader header, DataLease? lease, WireFault fault)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var filled = header with { PrefixBytes = lease?.PrefixBytes ?? 0, PayloadBytes = lease?.PayloadBytes ?? 0 };
        var reason = SendFilled(peer, filled, lease, fault);
        if (reason != RefusalReason.None)
        {
            lease?.Dispose();
            Counters.CountRefusal(reason);
        }
        return reason;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_closing)
            return;
        InboundConnection[] inbound;
        lock (_lock)
        {
            _closing = true;
            inbound = [.. _inbound];
        }
        _listener.Dispose();
        foreach (var connection in _peers.Values)
            connection.Dispose();
        foreach (var connection in inbound)
            connection.Dispose();
        _accepting.Join(JoinMs);
        foreach (var connection in _peers.Values)
            connection.Join(JoinMs);
        foreach (var connection in inbound)
            connection.Join(JoinMs);
        Buffers.Dispose();
        _received.Dispose();
    }

    private RefusalReason SendFilled(string peer, in DataHeader header, DataLease? lease, WireFault fault)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(DataKinds.IsMessage(header.Kind), false, nameof(header));
        if (_closing)
            return RefusalReason.Closed;
        if (header.PrefixBytes > _options.Limits.PrefixBytesMax)
            return RefusalReason.PrefixTooLong;
        if (header.PayloadBytes > _options.Limits.PayloadBytesMax)
            return RefusalReason.PayloadTooLong;
        if (string.Equals(peer, Name, StringComparison.Ordinal))
            return _local.Deliver(_receiver, Counters, Name, header, lease, Buffers, fault);
        return _peers.TryGetValue(peer, out var connection) ? connection.Enqueue(header, lease, fault) : RefusalReason.UnknownPeer;
    }

    private void Accept()
    {
        while (!_closing)
        {
            Socket? socket = null;
            try
            {
                socket = _listener.Accept();
                Take(socket);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException or System.Security.Authentication.AuthenticationException)
            {
                socket?.Dispose();
                if (!_closing)
                    _options.Report?.Invoke($"A connection could not be taken: {error.Message}");
            }
        }
    }

    private void Take(Socket socket)
    {
        lock (_lock)
        {
            if (_closing || _inbound.Count >= _options.ConnectionsMax)
            {
                if (!_closing)
                    Counters.CountRefusal(RefusalReason.TooManyConnections);
                socket.Dispose();
                return;
            }
            var address = socket.RemoteEndPoint?.ToString() ?? "";
            var connection = new InboundConnection(_taken++, new FrameChannel(new ByteChannel(socket, _options), _options), address, _options, _receiver, _received, Counters, Welcome, Forget);
            _inbound.Add(connection);
            connection.Start();
        }
    }

    /// <summary>A node has one connection to this one: a newer one means that the old is dead, even where nobody noticed.</summary>
    private bool Welcome(InboundConnection connection)
    {
        lock (_lock)
        {
            if (_closing)
                return false;
            foreach (var other in _inbound)
            {
                if (other.Peer != connection.Peer || other == connection)
                    continue;
                if (other.Order > connection.Order)
                    return false;
                other.Dispose();
            }
        }
        return true;
    }

    private void Forget(InboundConnection connection)
    {
        lock (_lock)
            _inbound.Remove(connection);
    }
}
