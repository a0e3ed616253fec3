using System.Globalization;
using System.Net.Sockets;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>
/// Frames with bytes changed, cut, repeated and inserted, sent to a plane over sockets: each is refused with a reason or is a whole frame; the plane holds no
/// memory afterwards and still takes frames from an honest node. The slow suite sends more of them:
/// <c>DISTRNN_FUZZ_FRAMES=100000 dotnet test -c Release tests/DistRnn.Cluster.Tests --filter FrameFuzzTests</c>.
/// </summary>
public sealed class FrameFuzzTests
{
    private const string Variable = "DISTRNN_FUZZ_FRAMES";
    private const int FramesPerConnection = 8;

    [Fact]
    public void Frames_Mutated_AreRefusedOrWhole() => Fuzz(int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "2000", CultureInfo.InvariantCulture), 20260725);

    private static void Fuzz(int frames, int seed)
    {
        var options = new TcpDataPlaneOptions
        {
            Name = "a",
            Limits = new DataPlaneLimits { PrefixBytesMax = 4096, PayloadBytesMax = 16_384 },
            CreditBytes = 1 << 20,
            ReceiveBytesMax = 1 << 20,
            GreetingMs = 2_000,
            FrameMs = 2_000,
            ConnectionsMax = 64,
        };
        var receiver = new CheckingReceiver();
        using var plane = new TcpDataPlane(options, receiver);
        using var pool = new DataBufferPool(1 << 20);
        var random = new Random(seed);
        for (var sent = 0; sent < frames;)
        {
            using var socket = Frames.Connect(plane.EndPoint);
            if (random.Next(4) > 0)
                Greet(socket, options);
            for (var i = 0; i < FramesPerConnection; i++, sent++)
            {
                var frame = Mutated(random, (ulong)i);
                ReadAlone(frame, options.Limits);
                if (!TrySend(socket, frame))
                    break;
            }
            sent++;
            TryEnd(socket);
            Frames.WaitForEnd(socket);
        }
        var peer = new RecordingReceiver();
        using var honest = new TcpDataPlane(options with { Name = "b" }, peer);
        honest.AddPeer("a", "127.0.0.1", plane.EndPoint.Port);
        honest.Send("a", Frames.Of(DataKind.GradientPush, long.MaxValue), Frames.Lease(honest, 0, 16_384, 1));
        Assert.True(receiver.Last.Wait(30_000), $"Seed {seed}: the plane takes nothing any more.");
        Assert.Equal(0, plane.ReceivedBytesLent);
        Assert.True(plane.Counters.AllRefusals > frames / FramesPerConnection / 4, $"Seed {seed}: only {plane.Counters.AllRefusals} refusals.");
        Assert.Equal(0, plane.Counters.Refusals(RefusalReason.ReceiverFailed));
    }

    /// <summary>A connection ends at its first bad frame; so each frame is also read by itself.</summary>
    private static void ReadAlone(ReadOnlySpan<byte> frame, DataPlaneLimits limits)
    {
        if (DataHeaderFormat.Read(frame, limits, out var header, out var headerBytes) != RefusalReason.None)
            return;
        Assert.InRange(header.PrefixBytes, 0, limits.PrefixBytesMax);
        Assert.InRange(header.PayloadBytes, 0, limits.PayloadBytesMax);
        if (frame.Length < headerBytes + header.PrefixBytes)
            return;
        var prefix = frame.Slice(headerBytes, header.PrefixBytes);
        DataHeaderFormat.IsIntact(frame[..headerBytes], prefix);
        if (TensorPrefix.TryRead(prefix, out var tensors))
            Assert.True(tensors.FloatCount >= 0);
        if (SnapshotPrefix.TryRead(prefix, out var snapshot))
            Assert.True(snapshot.FloatCount >= 0);
        BlobPrefix.TryRead(prefix, out _);
        Greeting.TryRead(prefix, out _);
    }

    private static void Greet(Socket socket, TcpDataPlaneOptions options)
    {
        var channel = new FrameChannel(new ByteChannel(socket, options), options);
        Assert.Equal(RefusalReason.None, Handshake.Connect(channel, options with { Name = "x" }, "a", out _));
    }

    private static byte[] Mutated(Random random, ulong sequence)
    {
        var kind = (DataKind)random.Next((int)DataKind.Hello, (int)DataKind.BlobChunk + 1);
        var (prefix, payload) = (new byte[random.Next(100)], new byte[random.Next(400)]);
        random.NextBytes(prefix);
        random.NextBytes(payload);
        if (DataKinds.IsOfConnection(kind))
            payload = [];
        var header = Frames.Of(kind, random.Next()) with { Sequence = sequence + 2, PrefixBytes = prefix.Length, PayloadBytes = payload.Length, Outcome = DataOutcome.Accepted };
        var head = new byte[DataHeaderFormat.Bytes];
        DataHeaderFormat.Write(header, prefix, head);
        var trailer = payload.Length == 0 ? [] : new byte[DataHeaderFormat.TrailerBytes];
        if (payload.Length > 0)
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(trailer, System.IO.Hashing.XxHash128.HashToUInt128(payload));
        byte[] frame = [.. head, .. prefix, .. payload, .. trailer];
        return random.Next(6) switch
        {
            0 => frame,
            1 => frame[..random.Next(frame.Length)],
            2 => [.. frame[..random.Next(frame.Length)], .. frame],
            3 => [.. frame, .. frame],
            _ => Changed(random, frame),
        };
    }

    private static byte[] Changed(Random random, byte[] frame)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
            frame[random.Next(random.Next(2) == 0 ? DataHeaderFormat.Bytes : frame.Length)] = (byte)random.Next(256);
        // Half the time the header's checksum is made right again, so that what stands behind it is tried too.
        var length = Math.Min(frame.Length - DataHeaderFormat.Bytes, Math.Max(0, BitConverter.ToInt32(frame, 104)));
        if (random.Next(2) == 0 && DataHeaderFormat.Read(frame, new DataPlaneLimits(), out var header, out _) == RefusalReason.None)
            DataHeaderFormat.Write(header, frame.AsSpan(DataHeaderFormat.Bytes, length), frame);
        return frame;
    }

    private static bool TrySend(Socket socket, byte[] bytes)
    {
        socket.Send(bytes, 0, bytes.Length, SocketFlags.None, out var error);
        return error == SocketError.Success;
    }

    private static void TryEnd(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The plane was first.
        }
    }

    private sealed class CheckingReceiver : IDataPlaneReceiver
    {
        public ManualResetEventSlim Last { get; } = new();

        public DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix) =>
            (header.Step & 7) == 0 ? DataDestination.Refuse(RefusalReason.LateStep) : DataDestination.Lease();

        public void Complete(in DataArrival arrival)
        {
            var isLast = arrival.Header.Step == long.MaxValue;
            arrival.Lease!.Dispose();
            if (isLast)
                Last.Set();
        }

        public void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason) => Assert.NotEqual(RefusalReason.None, reason);

        public void Refused(string peer, in DataHeader header, RefusalReason reason) => Assert.NotEqual(RefusalReason.None, reason);
    }
}
