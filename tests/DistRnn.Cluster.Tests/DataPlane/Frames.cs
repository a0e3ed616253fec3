using System.Net;
using System.Net.Sockets;

namespace DistRnn.Cluster.Tests;

/// <summary>Frames and connections for tests.</summary>
internal static class Frames
{
    /// <summary>A header with every field set, as the wire golden has it.</summary>
    public static DataHeader Full => new()
    {
        Kind = DataKind.GradientPush,
        Codec = 2,
        Last = true,
        Run = new UInt128(0x0123456789ABCDEF, 0xFEDCBA9876543210),
        Incarnation = 3,
        Partition = 5,
        OwnerEpoch = 7,
        Step = 1234567890123,
        Offset = 4096,
        FirstShard = 8,
        ShardCount = 4,
        Attempt = 99,
        Request = 0xABCDEF,
        Tensor = 6,
        PrefixBytes = 4,
        PayloadBytes = 8,
        Sequence = 42,
    };

    public static DataHeader Of(DataKind kind, long step = 0) => new() { Kind = kind, Step = step, Run = 7 };

    /// <summary>A lease whose payload and prefix are made of a seed.</summary>
    public static DataLease Lease(IDataPlane plane, int prefixBytes, long payloadBytes, int seed)
    {
        var lease = plane.Buffers.TryLease(prefixBytes, payloadBytes) ?? throw new InvalidOperationException("The pool is at its bound.");
        new Random(seed).NextBytes(lease.Payload);
        new Random(seed + 1).NextBytes(lease.Prefix);
        return lease;
    }

    public static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Two planes over loopback that know each other.</summary>
    public static (TcpDataPlane A, TcpDataPlane B) Pair(
        IDataPlaneReceiver a, IDataPlaneReceiver b, Func<TcpDataPlaneOptions, TcpDataPlaneOptions>? change = null, Func<TcpDataPlaneOptions, TcpDataPlaneOptions>? changeB = null)
    {
        change ??= options => options;
        changeB ??= change;
        var left = new TcpDataPlane(change(new TcpDataPlaneOptions { Name = "a" }), a);
        var right = new TcpDataPlane(changeB(new TcpDataPlaneOptions { Name = "b" }), b);
        left.AddPeer("b", "127.0.0.1", right.EndPoint.Port);
        right.AddPeer("a", "127.0.0.1", left.EndPoint.Port);
        return (left, right);
    }

    /// <summary>A connection that speaks whatever a test makes it speak.</summary>
    public static Socket Connect(IPEndPoint endPoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000, SendTimeout = 30_000, NoDelay = true };
        socket.Connect(endPoint);
        return socket;
    }

    /// <summary>Reads until the other side has ended the connection.</summary>
    public static void WaitForEnd(Socket socket)
    {
        var buffer = new byte[4096];
        SocketError error;
        while (socket.Receive(buffer, SocketFlags.None, out error) > 0)
        {
        }
        if (error is SocketError.TimedOut or SocketError.WouldBlock)
            throw new TimeoutException("The connection was not ended.");
    }

    /// <summary>A connection that has greeted as it should.</summary>
    public static FrameChannel Greeted(IPEndPoint endPoint, TcpDataPlaneOptions options, string peer)
    {
        var channel = new FrameChannel(new ByteChannel(Connect(endPoint), options), options);
        var reason = Handshake.Connect(channel, options, peer, out _);
        return reason == RefusalReason.None ? channel : throw new InvalidOperationException(RefusalReasons.SentenceOf(reason));
    }
}
