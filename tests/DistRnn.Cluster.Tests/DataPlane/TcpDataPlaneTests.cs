using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Peers that are strange, silent, greedy or strangers are refused with a counted reason, and memory stays bounded.</summary>
public sealed class TcpDataPlaneTests
{
    private static readonly DataPlaneLimits s_small = new() { PrefixBytesMax = 1000, PayloadBytesMax = 65_536 };

    private static TcpDataPlaneOptions Hasty => new() { Name = "a", GreetingMs = 400, KeepAliveMs = 100, SilenceMs = 400, FrameMs = 400, RetryMs = 0 };

    [Fact]
    public void Listen_WithoutBeingTold_IsOnLoopbackAlone()
    {
        using var plane = new TcpDataPlane(new TcpDataPlaneOptions { Name = "a" }, new RecordingReceiver());
        Assert.True(IPAddress.IsLoopback(plane.EndPoint.Address));
    }

    [Fact]
    public void Listen_OnAPortThatIsTaken_Throws()
    {
        using var plane = new TcpDataPlane(new TcpDataPlaneOptions { Name = "a" }, new RecordingReceiver());
        Assert.Throws<SocketException>(() => new TcpDataPlane(new TcpDataPlaneOptions { Name = "b", Port = plane.EndPoint.Port }, new RecordingReceiver()));
    }

    [Fact]
    public void Connection_OfGarbage_IsRefused() => AssertRefused(Hasty, socket => socket.Send("GET / HTTP/1.1\r\nHost: somewhere-else.example\r\nAccept: */*\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"u8), RefusalReason.NoFrame);

    [Fact]
    public void Connection_OfAnotherVersion_IsRefused() => AssertRefused(Hasty, socket => socket.Send(Hello(bytes => bytes[4] = 9)), RefusalReason.OtherVersion);

    [Fact]
    public void Connection_WithAHugePrefix_IsRefused() => AssertRefused(Hasty, socket => socket.Send(Hello(bytes => bytes[107] = 0x7F)), RefusalReason.PrefixTooLong);

    [Fact]
    public void Connection_WithAHugePayload_IsRefused() => AssertRefused(Hasty, socket => socket.Send(Hello(bytes => bytes[86] = 0x7F)), RefusalReason.PayloadTooLong);

    [Fact]
    public void Connection_WithAWrongChecksum_IsRefused() => AssertRefused(Hasty, socket => socket.Send(Hello(bytes => bytes[125] ^= 1)), RefusalReason.HeaderChecksum);

    [Fact]
    public void Connection_ThatSaysNothing_IsRefused() => AssertRefused(Hasty, _ => { }, RefusalReason.Silence);

    [Fact]
    public void Connection_ThatStopsInsideTheGreeting_IsRefused() => AssertRefused(Hasty, socket => socket.Send(Hello(_ => { }).AsSpan(0, 140)), RefusalReason.Slow);

    [Fact]
    public void Connection_ThatFallsSilentAfterTheGreeting_IsRefused()
    {
        using var plane = new TcpDataPlane(Hasty, new RecordingReceiver());
        using var channel = Frames.Greeted(plane.EndPoint, Hasty with { Name = "x" }, "a");
        Assert.Equal(RefusalReason.None, channel.ReadHeader(Environment.TickCount64 + 30_000, out var last));
        Assert.Equal((DataKind.Refusal, RefusalReason.Silence), (last.Kind, last.Reason));
        Assert.Equal(1, plane.Counters.Refusals(RefusalReason.Silence));
    }

    [Fact]
    public void Connection_ThatIsNeverIdle_OutlastsTheSilence()
    {
        const int SilenceMs = 1_000;
        var receiver = new RecordingReceiver();
        var (a, b) = Frames.Pair(new RecordingReceiver(), receiver, options => Hasty with { Name = options.Name, SilenceMs = SilenceMs });
        using (a)
        using (b)
        {
            // Each frame goes as soon as the one before it has arrived, and all of them are far from what would bring credit back by itself.
            var end = Environment.TickCount64 + 5 * SilenceMs / 2;
            for (var sent = 0; Environment.TickCount64 < end; sent++)
            {
                a.Send("b", Frames.Of(DataKind.GradientPush, sent), null);
                var told = receiver.Next();
                Assert.Equal(("complete", (long)sent), (told.What, told.Header.Step));
            }
            Assert.Equal((1L, 0L), (a.Counters.ConnectionsMade, a.Counters.Refusals(RefusalReason.Silence)));
        }
    }

    [Fact]
    public void Peer_ThatNeverAnswers_IsGivenUp()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var receiver = new RecordingReceiver();
        using var plane = new TcpDataPlane(Hasty, receiver);
        plane.AddPeer("b", "127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
        plane.Send("b", Frames.Of(DataKind.GradientPush, 5), Frames.Lease(plane, 0, 100, 1));
        var told = receiver.Next();
        Assert.Equal(("refused", RefusalReason.Disconnected, 5L), (told.What, told.Reason, told.Header.Step));
        Assert.Equal(1, plane.Counters.Refusals(RefusalReason.Silence));
        Assert.Equal(0, plane.Buffers.BytesLent);
    }

    [Fact]
    public void Peer_OfAnotherName_IsNotSentTo()
    {
        var receiver = new RecordingReceiver();
        using var other = new TcpDataPlane(Hasty with { Name = "other" }, new RecordingReceiver());
        using var plane = new TcpDataPlane(Hasty, receiver);
        plane.AddPeer("b", "127.0.0.1", other.EndPoint.Port);
        plane.Send("b", Frames.Of(DataKind.GradientPush), null);
        Assert.Equal(RefusalReason.Disconnected, receiver.Next().Reason);
        Assert.Equal(1, plane.Counters.Refusals(RefusalReason.UnknownPeer));
    }

    [Theory]
    [InlineData("a secret of some length", "a secret of some length", true)]
    [InlineData("a secret of some length", "another secret of a length", false)]
    [InlineData("a secret of some length", null, false)]
    [InlineData(null, "a secret of some length", false)]
    public void Secret_OfBothSides_HasToBeTheSame(string? one, string? other, bool isTaken)
    {
        var (sender, receiver) = (new RecordingReceiver(), new RecordingReceiver());
        var (a, b) = Frames.Pair(sender, receiver, options => options with { Secret = SecretOf(one) }, options => options with { Secret = SecretOf(other) });
        using (a)
        using (b)
        {
            a.Send("b", Frames.Of(DataKind.GradientPush), Frames.Lease(a, 0, 100, 1));
            if (isTaken)
            {
                Assert.Equal("complete", receiver.Next().What);
                return;
            }
            Assert.Equal(RefusalReason.Disconnected, sender.Next().Reason);
            Assert.Equal(1, a.Counters.Refusals(RefusalReason.WrongSecret));
            Assert.Equal(0, receiver.Waiting);
        }
    }

    [Fact]
    public void Secret_ProvenWrongly_IsRefusedByTheSideThatAccepts()
    {
        var options = new TcpDataPlaneOptions { Name = "a", Secret = SecretOf("a secret of some length") };
        using var plane = new TcpDataPlane(options, new RecordingReceiver());
        using var channel = new FrameChannel(new ByteChannel(Frames.Connect(plane.EndPoint), options), options);
        var greeting = new byte[Greeting.BytesMax];
        channel.Write(new DataHeader { Kind = DataKind.Hello }, greeting.AsSpan(0, Greeting.Write("x"u8, new byte[Greeting.NonceBytes], default, greeting)));
        Assert.Equal(RefusalReason.None, channel.ReadHeader(Environment.TickCount64 + 30_000, out var challenge));
        Assert.Equal(DataKind.Challenge, challenge.Kind);
        // The other side's proof sent back is a proof of nothing.
        Assert.True(Greeting.TryRead(channel.Prefix.ToArray(), out var theirs));
        channel.Write(new DataHeader { Kind = DataKind.Proof }, greeting.AsSpan(0, Greeting.Write("x"u8, new byte[Greeting.NonceBytes], theirs.Proof, greeting)));
        Assert.Equal(RefusalReason.None, channel.ReadHeader(Environment.TickCount64 + 30_000, out var refusal));
        Assert.Equal((DataKind.Refusal, RefusalReason.WrongSecret), (refusal.Kind, refusal.Reason));
        Assert.Equal((1L, 0L), (plane.Counters.Refusals(RefusalReason.WrongSecret), plane.Counters.ConnectionsTaken));
    }

    [Fact]
    public void Secret_AsText_DoesNotShow() => Assert.DoesNotContain("some length", SecretOf("a secret of some length")!.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Sender_OfMoreThanItsCredit_IsRefused()
    {
        var options = Hasty with { Limits = s_small, CreditBytes = 140_000, SilenceMs = 30_000 };
        var receiver = new RecordingReceiver(_ => DataDestination.Lease(), keepsLeases: true);
        using var plane = new TcpDataPlane(options, receiver);
        using var channel = Frames.Greeted(plane.EndPoint, options with { Name = "x" }, "a");
        using var pool = new DataBufferPool(1 << 20);
        using var lease = pool.TryLease(0, 65_536)!;
        for (var i = 0; i < 3; i++)
        {
            var header = Frames.Of(DataKind.GradientPush, i) with { PayloadBytes = 65_536 };
            channel.Write(ref header, lease, WireFault.None);
        }
        Assert.Equal(RefusalReason.None, channel.ReadHeader(Environment.TickCount64 + 30_000, out var last));
        Assert.Equal((DataKind.Refusal, RefusalReason.CreditExceeded), (last.Kind, last.Reason));
        Assert.Equal((2, 1L), (receiver.Leases.Count, plane.Counters.Refusals(RefusalReason.CreditExceeded)));
        while (receiver.Leases.TryDequeue(out var kept))
            kept.Dispose();
    }

    [Fact]
    public void Receiver_ThatIsSlow_NeverHoldsMoreThanItsCredit()
    {
        const int Credit = 4 * 67_000;
        var receiver = new RecordingReceiver(_ => DataDestination.Lease(), keepsLeases: true);
        var (a, b) = Frames.Pair(new RecordingReceiver(), receiver, options => options with { Limits = s_small, CreditBytes = Credit });
        using (a)
        using (b)
        {
            var sent = 0;
            for (; sent < 100; sent++)
                a.Send("b", Frames.Of(DataKind.GradientPush, sent), Frames.Lease(a, 0, 65_536, sent));
            for (var i = 0; i < sent; i++)
            {
                Assert.Equal(i, receiver.Next().Header.Step);
                Assert.InRange(receiver.Leases.Sum(lease => lease.PayloadBytes), 1, Credit);
                if (receiver.Leases.Count >= 3 && receiver.Leases.TryDequeue(out var oldest))
                    oldest.Dispose();
            }
            while (receiver.Leases.TryDequeue(out var left))
                left.Dispose();
        }
    }

    [Fact]
    public void Frame_WithADamagedPayload_IsRefusedAndTheConnectionGoesOn()
    {
        var (sender, receiver) = (new RecordingReceiver(), new RecordingReceiver());
        var (a, b) = Frames.Pair(sender, receiver);
        using (a)
        using (b)
        {
            a.Send("b", Frames.Of(DataKind.GradientPush, 1), Frames.Lease(a, 8, 300_000, 1), WireFault.Corrupt);
            a.Send("b", Frames.Of(DataKind.GradientPush, 2), Frames.Lease(a, 8, 300_000, 2));
            var failed = receiver.Next();
            Assert.Equal(("failed", RefusalReason.PayloadChecksum), (failed.What, failed.Reason));
            var complete = receiver.Next();
            Assert.Equal(("complete", 2L), (complete.What, complete.Header.Step));
            var refused = sender.Next();
            Assert.Equal((RefusalReason.PayloadChecksum, 1L), (refused.Reason, refused.Header.Step));
            Assert.Equal(1, a.Counters.ConnectionsMade);
        }
    }

    [Fact]
    public void Connection_ThatEndsInsideAFrame_FailsItAndANewOneIsMade()
    {
        var (sender, receiver) = (new RecordingReceiver(), new RecordingReceiver());
        var (a, b) = Frames.Pair(sender, receiver);
        using (a)
        using (b)
        {
            a.Send("b", Frames.Of(DataKind.GradientPush, 1), Frames.Lease(a, 8, 300_000, 1), WireFault.Truncate);
            var failed = receiver.Next();
            Assert.Equal(("failed", RefusalReason.Truncated), (failed.What, failed.Reason));
            var refused = sender.Next();
            Assert.Equal(("refused", RefusalReason.Disconnected), (refused.What, refused.Reason));
            a.Send("b", Frames.Of(DataKind.GradientPush, 2), Frames.Lease(a, 8, 300_000, 2));
            var complete = receiver.Next();
            Assert.Equal(("complete", 2L), (complete.What, complete.Header.Step));
            Assert.Equal(2, a.Counters.ConnectionsMade);
        }
    }

    [Fact]
    public void Connections_MoreThanAllowed_AreEnded()
    {
        using var plane = new TcpDataPlane(new TcpDataPlaneOptions { Name = "a", ConnectionsMax = 2 }, new RecordingReceiver());
        using var one = Frames.Connect(plane.EndPoint);
        using var two = Frames.Connect(plane.EndPoint);
        using var three = Frames.Connect(plane.EndPoint);
        Frames.WaitForEnd(three);
        Assert.Equal(1, plane.Counters.Refusals(RefusalReason.TooManyConnections));
    }

    [Fact]
    public void Connection_OfANodeThatHasOne_TakesItsPlace()
    {
        var receiver = new RecordingReceiver();
        var options = new TcpDataPlaneOptions { Name = "a" };
        using var plane = new TcpDataPlane(options, receiver);
        using var old = Frames.Greeted(plane.EndPoint, options with { Name = "x" }, "a");
        using var young = Frames.Greeted(plane.EndPoint, options with { Name = "x" }, "a");
        Assert.Equal(RefusalReason.Disconnected, old.ReadHeader(Environment.TickCount64 + 30_000, out _));
        young.Write(Frames.Of(DataKind.GradientPush, 4), default);
        Assert.Equal(4, receiver.Next().Header.Step);
    }

    [Fact]
    public void Receiver_ThatThrows_EndsTheConnectionAndIsReported()
    {
        var reports = new ConcurrentQueue<string>();
        var options = new TcpDataPlaneOptions { Name = "a", Report = reports.Enqueue };
        using var plane = new TcpDataPlane(options, new RecordingReceiver(_ => throw new InvalidOperationException("out of order")));
        using var channel = Frames.Greeted(plane.EndPoint, options with { Name = "x", Report = null }, "a");
        channel.Write(Frames.Of(DataKind.GradientPush, 4), default);
        Assert.Equal(RefusalReason.None, channel.ReadHeader(Environment.TickCount64 + 30_000, out var last));
        Assert.Equal(RefusalReason.ReceiverFailed, last.Reason);
        Assert.Contains(reports, report => report.Contains("out of order", StringComparison.Ordinal));
    }

    [Fact]
    public void Stream_ThatIsWrapped_CarriesTheFrames()
    {
        var wrapped = 0;
        var (sender, receiver) = (new RecordingReceiver(), new RecordingReceiver());
        var (a, b) = Frames.Pair(sender, receiver, options => options with
        {
            Secure = (stream, _, _) =>
            {
                Interlocked.Increment(ref wrapped);
                return new InvertingStream(stream);
            },
        });
        using (a)
        using (b)
        {
            a.Send("b", Frames.Of(DataKind.GradientPush, 9), Frames.Lease(a, 8, 300_000, 1));
            Assert.True(Frames.Bytes(300_000, 1).AsSpan().SequenceEqual(receiver.Next().Payload));
            Assert.Equal(2, wrapped);
        }
    }

    private static SharedSecret? SecretOf(string? text) => text is null ? null : SharedSecret.FromText(text, "a test");

    private static void AssertRefused(TcpDataPlaneOptions options, Action<Socket> speak, RefusalReason reason)
    {
        using var plane = new TcpDataPlane(options, new RecordingReceiver());
        using var socket = Frames.Connect(plane.EndPoint);
        speak(socket);
        Frames.WaitForEnd(socket);
        Assert.Equal((1L, 1L), (plane.Counters.Refusals(reason), plane.Counters.AllRefusals));
        Assert.Equal(0, plane.Counters.ConnectionsTaken);
    }

    private static byte[] Hello(Action<byte[]> change)
    {
        var frame = new byte[DataHeaderFormat.Bytes + Greeting.BytesMax];
        var length = Greeting.Write("x"u8, new byte[Greeting.NonceBytes], default, frame.AsSpan(DataHeaderFormat.Bytes));
        frame = frame[..(DataHeaderFormat.Bytes + length)];
        DataHeaderFormat.Write(new DataHeader { Kind = DataKind.Hello, PrefixBytes = length }, frame.AsSpan(DataHeaderFormat.Bytes), frame);
        change(frame);
        return frame;
    }
}
