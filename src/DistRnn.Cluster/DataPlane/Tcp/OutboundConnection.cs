using System.Net;
using System.Net.Sockets;

namespace DistRnn.Cluster;

/// <summary>
/// The connection to another node: a queue with a bound, a thread that connects when there is something to send and writes frame after frame as far as
/// credit goes, and a thread that reads credit and refusals. What cannot be sent is told to the receiver; nothing is sent twice.
/// </summary>
internal sealed class OutboundConnection : IDisposable
{
    private const long SayPauseMs = 4_000;
    private const long SayPauseMaxMs = 300_000;

    private readonly TcpDataPlaneOptions _options;
    private readonly IDataPlaneReceiver _receiver;
    private readonly DataPlaneCounters _counters;
    private readonly object _lock = new();
    private readonly QueuedFrame[] _queue;
    private readonly Thread _thread;
    private FrameChannel? _channel;
    private int _first;
    private int _count;
    private long _allowedBytes;
    private long _sentBytes;
    private long _retryAt;
    private long _keptAliveAt;
    private string _said = "";
    private long _saidAt;
    private long _sayPauseMs;
    private bool _isWriting;
    private bool _closing;

    internal OutboundConnection(string peer, string host, int port, TcpDataPlaneOptions options, IDataPlaneReceiver receiver, DataPlaneCounters counters)
    {
        (Peer, Host, Port, _options, _receiver, _counters) = (peer, host, port, options, receiver, counters);
        _queue = new QueuedFrame[options.QueuedFramesMax];
        _thread = new Thread(Run, 1 << 20) { IsBackground = true, Name = "data plane sends" };
        _thread.Start();
    }

    /// <summary>The node at the other side.</summary>
    internal string Peer { get; }

    /// <summary>Where it listens.</summary>
    internal string Host { get; }

    /// <summary>The port there.</summary>
    internal int Port { get; }

    /// <summary>Queues a frame.</summary>
    internal RefusalReason Enqueue(in DataHeader header, DataLease? lease, WireFault fault)
    {
        lock (_lock)
        {
            if (_closing)
                return RefusalReason.Closed;
            if (_count == _queue.Length)
                return RefusalReason.QueueFull;
            if (_channel is null && Environment.TickCount64 < _retryAt)
                return RefusalReason.Disconnected;
            _queue[(_first + _count++) % _queue.Length] = new QueuedFrame(header, lease, fault);
            Monitor.PulseAll(_lock);
            return RefusalReason.None;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _closing = true;
            _channel?.Dispose();
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until the thread has ended.</summary>
    internal void Join(int milliseconds)
    {
        if (Thread.CurrentThread != _thread)
            _thread.Join(milliseconds);
    }

    private void Run()
    {
        while (TryTake(out var frame, out var isIdle))
        {
            var channel = Connected(isIdle);
            if (channel is null)
            {
                if (!isIdle)
                    Drop(frame, RefusalReason.Disconnected);
                continue;
            }
            var reason = isIdle ? RefusalReason.None : Write(channel, ref frame);
            if (!isIdle && reason == RefusalReason.None)
            {
                _counters.CountSent(frame.Header);
                frame.Lease?.Dispose();
            }
            var isSent = reason == RefusalReason.None;
            if (isSent)
                reason = KeepAliveIfDue(channel, isIdle);
            if (reason == RefusalReason.None)
                continue;
            Disconnect(channel, reason);
            if (!isIdle && !isSent)
                Drop(frame, reason);
        }
        _channel?.Dispose();
        while (TryTakeLeft(out var left))
            Drop(left, RefusalReason.Closed);
    }

    /// <summary>Waits for a frame; after a while without one a connection is idle and says that it is there.</summary>
    private bool TryTake(out QueuedFrame frame, out bool isIdle)
    {
        frame = default;
        isIdle = false;
        lock (_lock)
        {
            while (_count == 0 && !_closing)
            {
                if (!Monitor.Wait(_lock, _options.KeepAliveMs) && _count == 0 && _channel is not null)
                {
                    isIdle = true;
                    return !_closing;
                }
            }
            return !_closing && Take(out frame);
        }
    }

    private bool TryTakeLeft(out QueuedFrame frame)
    {
        lock (_lock)
            return Take(out frame);
    }

    private bool Take(out QueuedFrame frame)
    {
        frame = default;
        if (_count == 0)
            return false;
        frame = _queue[_first];
        _queue[_first] = default;
        _first = (_first + 1) % _queue.Length;
        _count--;
        return true;
    }

    /// <summary>
    /// Says that this side is there, which the other side answers with credit: also on a busy connection, where otherwise nothing comes back as long as small frames
    /// use up little credit, and whoever reads it would take the other side for gone.
    /// </summary>
    private RefusalReason KeepAliveIfDue(FrameChannel channel, bool isIdle)
    {
        var now = Environment.TickCount64;
        if (!isIdle && now - _keptAliveAt < _options.KeepAliveMs)
            return RefusalReason.None;
        _keptAliveAt = now;
        return channel.Write(new DataHeader { Kind = DataKind.KeepAlive }, default) == ChannelResult.Done ? RefusalReason.None : RefusalReason.Disconnected;
    }

    private RefusalReason Write(FrameChannel channel, ref QueuedFrame frame)
    {
        var bytes = DataHeaderFormat.FrameBytes(frame.Header);
        Volatile.Write(ref _isWriting, true);
        try
        {
            if (!WaitForCredit(channel, bytes))
                return channel.IsClosed ? RefusalReason.Disconnected : RefusalReason.NoCredit;
            _sentBytes += bytes;
            return channel.Write(ref frame.Header, frame.Lease, frame.Fault) switch
            {
                ChannelResult.Done => RefusalReason.None,
                ChannelResult.TimedOut => RefusalReason.Slow,
                _ => RefusalReason.Disconnected,
            };
        }
        finally
        {
            Volatile.Write(ref _isWriting, false);
        }
    }

    private bool WaitForCredit(FrameChannel channel, long bytes)
    {
        var deadline = _options.FrameDeadline(0);
        lock (_lock)
        {
            while (_sentBytes + bytes > _allowedBytes)
            {
                var left = deadline - Environment.TickCount64;
                if (left <= 0 || _closing || channel.IsClosed)
                    return false;
                Monitor.Wait(_lock, (int)Math.Min(left, 1000));
            }
        }
        return true;
    }

    private FrameChannel? Connected(bool isIdle)
    {
        if (_channel is { IsClosed: false } standing)
            return standing;
        lock (_lock)
            _channel = null;
        return isIdle || _closing || Environment.TickCount64 < _retryAt ? null : Connect();
    }

    /// <summary>Says why there is no connection: the same less and less often.</summary>
    private void Say(string sentence)
    {
        var now = Environment.TickCount64;
        if (sentence == _said && now - _saidAt < _sayPauseMs)
            return;
        _sayPauseMs = sentence == _said ? Math.Min(2 * _sayPauseMs, SayPauseMaxMs) : SayPauseMs;
        (_said, _saidAt) = (sentence, now);
        _options.Report?.Invoke(sentence);
    }

    private FrameChannel? Connect()
    {
        var reason = Connect(out var channel, out var creditBytes, out var words);
        if (reason != RefusalReason.None)
        {
            channel?.Dispose();
            _retryAt = Environment.TickCount64 + _options.RetryMs;
            _counters.CountRefusal(reason);
            Say($"Node '{Peer}' at {Host}:{Port} is not connected: {words ?? RefusalReasons.SentenceOf(reason)}");
            return null;
        }
        (_said, _sayPauseMs) = ("", 0);
        lock (_lock)
        {
            (_channel, _allowedBytes, _sentBytes) = (channel, creditBytes, 0);
            if (_closing)
                channel!.Dispose();
        }
        _counters.CountConnectionMade();
        _keptAliveAt = Environment.TickCount64;
        new Thread(() => ReadBack(channel!), 1 << 20) { IsBackground = true, Name = "data plane credit" }.Start();
        return channel;
    }

    private RefusalReason Connect(out FrameChannel? channel, out long creditBytes, out string? words)
    {
        (channel, creditBytes, words) = (null, 0, null);
        Socket? socket = null;
        try
        {
            var address = IPAddress.TryParse(Host, out var given) ? given : Dns.GetHostAddresses(Host)[0];
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { SendTimeout = _options.GreetingMs };
            socket.Connect(new IPEndPoint(address, Port));
            channel = new FrameChannel(new ByteChannel(socket, _options), _options);
            channel.Secure(false, Peer);
            return Handshake.Connect(channel, _options, Peer, out creditBytes);
        }
        catch (Exception error) when (error is SocketException or IOException or System.Security.Authentication.AuthenticationException)
        {
            socket?.Dispose();
            words = error.Message;
            return RefusalReason.Disconnected;
        }
    }

    /// <summary>Reads what comes back until the connection ends.</summary>
    private void ReadBack(FrameChannel channel)
    {
        while (true)
        {
            var reason = channel.ReadHeader(Environment.TickCount64 + _options.SilenceMs, out var header);
            if (reason == RefusalReason.Silence && Volatile.Read(ref _isWriting))
                continue;
            if (reason == RefusalReason.None && header.Kind == DataKind.Credit && TryAllow(channel, header.Offset))
                continue;
            if (reason == RefusalReason.None && header.Kind == DataKind.Refusal && DataKinds.IsMessage(header.Answers))
            {
                _receiver.Refused(Peer, header with { Kind = header.Answers, Answers = DataKind.None, Reason = RefusalReason.None }, header.Reason);
                continue;
            }
            Disconnect(channel, reason != RefusalReason.None ? reason : header.Kind == DataKind.Refusal ? header.Reason : RefusalReason.UnknownKind);
            return;
        }
    }

    private bool TryAllow(FrameChannel channel, long bytes)
    {
        lock (_lock)
        {
            if (_channel != channel)
                return true;
            if (bytes < _allowedBytes)
                return false;
            _allowedBytes = bytes;
            Monitor.PulseAll(_lock);
            return true;
        }
    }

    private void Disconnect(FrameChannel channel, RefusalReason reason)
    {
        lock (_lock)
        {
            if (channel.IsClosed)
                return;
            channel.Dispose();
            Monitor.PulseAll(_lock);
        }
        _counters.CountRefusal(reason);
        _options.Report?.Invoke($"The connection to '{Peer}' ended: {RefusalReasons.SentenceOf(reason)}");
    }

    private void Drop(in QueuedFrame frame, RefusalReason reason)
    {
        frame.Lease?.Dispose();
        _receiver.Refused(Peer, frame.Header, reason);
    }

    private struct QueuedFrame(DataHeader header, DataLease? lease, WireFault fault)
    {
        public DataHeader Header = header;

        public readonly DataLease? Lease = lease;

        public readonly WireFault Fault = fault;
    }
}
