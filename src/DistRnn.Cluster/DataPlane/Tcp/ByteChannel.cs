using System.Net.Sockets;

namespace DistRnn.Cluster;

/// <summary>How reading or writing bytes ended.</summary>
internal enum ChannelResult
{
    /// <summary>All bytes were moved.</summary>
    Done,

    /// <summary>The other side ended the connection before the first byte.</summary>
    Ended,

    /// <summary>The other side ended the connection amid the bytes.</summary>
    Truncated,

    /// <summary>The deadline passed.</summary>
    TimedOut,

    /// <summary>The connection is broken, or was closed here.</summary>
    Broken,
}

/// <summary>
/// A connected socket, read and written by threads that block: no thread pool, nothing allocated. With TLS the bytes go through its stream instead. One
/// thread may read while another writes.
/// </summary>
internal sealed class ByteChannel : IDisposable
{
    /// <summary>How often a blocked read looks at its deadline, in milliseconds.</summary>
    private const int SliceMs = 250;

    private readonly Socket _socket;
    private readonly TcpDataPlaneOptions _options;
    private Stream? _stream;
    private int _closed;

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="options">The deadlines, and what secures it.</param>
    internal ByteChannel(Socket socket, TcpDataPlaneOptions options)
    {
        (_socket, _options) = (socket, options);
        _socket.NoDelay = true;
        _socket.SendTimeout = SliceMs;
        _socket.ReceiveTimeout = SliceMs;
    }

    /// <summary>Whether this side closed it.</summary>
    internal bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>Wraps the stream, where the options say so.</summary>
    /// <param name="isAccepting">Whether this side accepted.</param>
    /// <param name="peer">The other side's name or address.</param>
    /// <exception cref="IOException">It cannot be secured.</exception>
    internal void Secure(bool isAccepting, string peer)
    {
        if (_options.Secure is not { } secure)
            return;
        // A secured stream cannot go on after a read that timed out: it has the whole silence at once.
        _socket.ReceiveTimeout = _options.GreetingMs;
        _socket.SendTimeout = _options.FrameMs;
        _stream = secure(new NetworkStream(_socket, ownsSocket: false), isAccepting, peer);
        _socket.ReceiveTimeout = _options.SilenceMs;
    }

    /// <summary>Reads until a span is full.</summary>
    /// <param name="bytes">Where to.</param>
    /// <param name="deadline">When to give up, by <see cref="Environment.TickCount64"/>.</param>
    internal ChannelResult Read(Span<byte> bytes, long deadline)
    {
        var read = 0;
        while (read < bytes.Length)
        {
            var count = _stream is null ? ReadSome(bytes[read..], out var error) : ReadSecured(bytes[read..], out error);
            if (count > 0)
                read += count;
            else if (error == SocketError.Success)
                return read == 0 ? ChannelResult.Ended : ChannelResult.Truncated;
            else if (!IsWorthWaiting(error))
                return IsClosed || read == 0 ? ChannelResult.Broken : ChannelResult.Truncated;
            if (read < bytes.Length && Environment.TickCount64 >= deadline)
                return ChannelResult.TimedOut;
        }
        return ChannelResult.Done;
    }

    /// <summary>Writes all bytes of a span.</summary>
    /// <param name="bytes">Which.</param>
    /// <param name="deadline">When to give up, by <see cref="Environment.TickCount64"/>.</param>
    internal ChannelResult Write(ReadOnlySpan<byte> bytes, long deadline)
    {
        while (bytes.Length > 0)
        {
            var count = _stream is null ? WriteSome(bytes, out var error) : WriteSecured(bytes, out error);
            if (error != SocketError.Success && !IsWorthWaiting(error))
                return ChannelResult.Broken;
            bytes = bytes[Math.Max(count, 0)..];
            if (bytes.Length > 0 && Environment.TickCount64 >= deadline)
                return ChannelResult.TimedOut;
        }
        return ChannelResult.Done;
    }

    /// <summary>Ends the connection; blocked reads and writes return.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The other side was first.
        }
        _socket.Dispose();
    }

    private static bool IsWorthWaiting(SocketError error) => error is SocketError.TimedOut or SocketError.WouldBlock or SocketError.Interrupted;

    private int ReadSome(Span<byte> bytes, out SocketError error)
    {
        try
        {
            return _socket.Receive(bytes, SocketFlags.None, out error);
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
            return 0;
        }
    }

    private int WriteSome(ReadOnlySpan<byte> bytes, out SocketError error)
    {
        try
        {
            return _socket.Send(bytes, SocketFlags.None, out error);
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
            return 0;
        }
    }

    private int ReadSecured(Span<byte> bytes, out SocketError error)
    {
        try
        {
            error = SocketError.Success;
            return _stream!.Read(bytes);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or InvalidOperationException)
        {
            error = SocketError.ConnectionAborted;
            return 0;
        }
    }

    private int WriteSecured(ReadOnlySpan<byte> bytes, out SocketError error)
    {
        try
        {
            error = SocketError.Success;
            _stream!.Write(bytes);
            return bytes.Length;
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or InvalidOperationException)
        {
            error = SocketError.ConnectionAborted;
            return 0;
        }
    }
}
