namespace DistRnn.Cluster;

/// <summary>
/// A connection from another node: one thread reads its frames, asks the receiver where each payload goes, and tells it when it is there. Credit goes
/// back as the receiver has done with what came, so that a sender never has more under way than this side allowed.
/// </summary>
internal sealed class InboundConnection : ILeaseObserver, IDisposable
{
    private const int CreditParts = 8;

    private readonly FrameChannel _channel;
    private readonly string _address;
    private readonly TcpDataPlaneOptions _options;
    private readonly IDataPlaneReceiver _receiver;
    private readonly DataBufferPool _buffers;
    private readonly DataPlaneCounters _counters;
    private readonly Func<InboundConnection, bool> _welcome;
    private readonly Action<InboundConnection> _ended;
    private readonly Lock _granting = new();
    private readonly Thread _thread;
    private long _receivedBytes;
    private long _releasedBytes;
    private long _grantedBytes;

    internal InboundConnection(
        long order, FrameChannel channel, string address, TcpDataPlaneOptions options, IDataPlaneReceiver receiver, DataBufferPool buffers, DataPlaneCounters counters,
        Func<InboundConnection, bool> welcome, Action<InboundConnection> ended)
    {
        (_channel, _address, _options, _receiver, _buffers, _counters, _welcome, _ended) = (channel, address, options, receiver, buffers, counters, welcome, ended);
        Order = order;
        _thread = new Thread(Run, 1 << 20) { IsBackground = true, Name = "data plane receives" };
    }

    /// <summary>Its place among the connections that were taken.</summary>
    internal long Order { get; }

    /// <summary>The node at the other side; empty before it is welcome.</summary>
    internal string Peer { get; private set; } = "";

    /// <summary>Begins to read.</summary>
    internal void Start() => _thread.Start();

    /// <summary>Waits until the thread has ended.</summary>
    internal void Join(int milliseconds)
    {
        if (Thread.CurrentThread != _thread)
            _thread.Join(milliseconds);
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    /// <inheritdoc/>
    public void Released(long bytes)
    {
        Interlocked.Add(ref _releasedBytes, bytes);
        // Whoever holds the lock looks again after letting go of it, so that nothing released meanwhile is forgotten.
        while (Interlocked.Read(ref _releasedBytes) - Interlocked.Read(ref _grantedBytes) >= _options.CreditBytes / CreditParts && !_channel.IsClosed && _granting.TryEnter())
        {
            try
            {
                Grant();
            }
            finally
            {
                _granting.Exit();
            }
        }
    }

    private void Grant()
    {
        var released = Interlocked.Read(ref _releasedBytes);
        Interlocked.Exchange(ref _grantedBytes, released);
        if (_channel.Write(new DataHeader { Kind = DataKind.Credit, Offset = _options.CreditBytes + released }, default) != ChannelResult.Done)
            _channel.Dispose();
    }

    private void Run()
    {
        var reason = RefusalReason.None;
        try
        {
            _channel.Secure(true, _address);
            reason = Handshake.Accept(_channel, _options, out var peer);
            Peer = peer;
            if (reason == RefusalReason.None && _welcome(this))
            {
                _counters.CountConnectionTaken();
                while (reason == RefusalReason.None)
                    reason = ReadFrame();
            }
        }
        catch (Exception error) when (error is IOException or System.Security.Authentication.AuthenticationException)
        {
            reason = RefusalReason.BadGreeting;
        }
        catch (Exception error)
        {
            // The receiver's code threw: it may have lost track of this connection's frames, so the connection ends, and everybody is told.
            reason = RefusalReason.ReceiverFailed;
            _options.Report?.Invoke($"The receiver failed at a frame of '{Peer}': {error.GetType().Name}: {error.Message}");
        }
        finally
        {
            if (!_channel.IsClosed && reason != RefusalReason.None)
            {
                if (reason != RefusalReason.Disconnected)
                {
                    _counters.CountRefusal(reason);
                    if (reason != RefusalReason.Truncated)
                        _channel.Write(new DataHeader { Kind = DataKind.Refusal, Reason = reason }, default);
                }
                _options.Report?.Invoke($"The connection from '{(Peer.Length > 0 ? Peer : _address)}' ended: {RefusalReasons.SentenceOf(reason)}");
            }
            _channel.Dispose();
            _ended(this);
        }
    }

    /// <summary>One frame.</summary>
    /// <returns>None where the connection goes on.</returns>
    private RefusalReason ReadFrame()
    {
        var reason = _channel.ReadHeader(Environment.TickCount64 + _options.SilenceMs, out var header);
        if (reason != RefusalReason.None)
            return reason;
        if (header.Kind == DataKind.KeepAlive)
        {
            lock (_granting)
                Grant();
            return RefusalReason.None;
        }
        if (!DataKinds.IsMessage(header.Kind))
            return RefusalReason.UnknownKind;
        var bytes = DataHeaderFormat.FrameBytes(header);
        _receivedBytes += bytes;
        if (_receivedBytes > _options.CreditBytes + Interlocked.Read(ref _grantedBytes))
            return RefusalReason.CreditExceeded;
        var destination = _receiver.Accept(Peer, header, _channel.Prefix);
        if (destination.Reason != RefusalReason.None)
            return PassOver(header, bytes, destination.Reason);
        if (destination.IsLease)
            return ReceiveLease(header, bytes, destination);
        if (destination.Bytes < header.PayloadBytes)
        {
            _receiver.Failed(Peer, header, destination, RefusalReason.OtherLength);
            return PassOver(header, bytes, RefusalReason.OtherLength);
        }
        UInt128 digest;
        reason = destination.Scatter is { } scatter ? _channel.ReadPayload(header, scatter, out digest) : _channel.ReadPayload(header, destination.Address, out digest);
        if (reason != RefusalReason.None)
            return Fail(header, bytes, destination, reason);
        _counters.CountReceived(header);
        _receiver.Complete(new DataArrival(Peer, ref header, _channel.Prefix, destination, null, destination.Address, digest));
        Released(bytes);
        return RefusalReason.None;
    }

    private RefusalReason ReceiveLease(DataHeader header, long bytes, in DataDestination destination)
    {
        var lease = _buffers.WaitForLease(header.PrefixBytes, header.PayloadBytes, _options.FrameMs);
        if (lease is null)
        {
            _receiver.Failed(Peer, header, destination, RefusalReason.NoBuffer);
            return PassOver(header, bytes, RefusalReason.NoBuffer);
        }
        _channel.Prefix.CopyTo(lease.Prefix);
        var reason = _channel.ReadPayload(header, lease.Address, out var digest);
        if (reason != RefusalReason.None)
        {
            lease.Dispose();
            return Fail(header, bytes, destination, reason);
        }
        _counters.CountReceived(header);
        lease.Observe(this, bytes);
        _receiver.Complete(new DataArrival(Peer, ref header, lease.Prefix, destination, lease, lease.Address, digest));
        return RefusalReason.None;
    }

    private RefusalReason PassOver(in DataHeader header, long bytes, RefusalReason refusal)
    {
        var reason = _channel.ReadPayload(header, 0, out _);
        if (reason is not (RefusalReason.None or RefusalReason.PayloadChecksum))
            return reason;
        Refuse(header, bytes, refusal);
        return RefusalReason.None;
    }

    private RefusalReason Fail(in DataHeader header, long bytes, in DataDestination destination, RefusalReason reason)
    {
        _receiver.Failed(Peer, header, destination, reason);
        if (reason != RefusalReason.PayloadChecksum)
            return reason;
        Refuse(header, bytes, reason);
        return RefusalReason.None;
    }

    private void Refuse(in DataHeader header, long bytes, RefusalReason reason)
    {
        _counters.CountRefusal(reason);
        Released(bytes);
        if (_channel.Write(header.Refusal(reason), default) != ChannelResult.Done)
            _channel.Dispose();
    }
}
