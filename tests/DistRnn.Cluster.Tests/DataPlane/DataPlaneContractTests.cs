using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>What every data plane does, whatever carries the bytes.</summary>
public abstract class DataPlaneContractTests
{
    /// <summary>Two planes named a and b that know each other.</summary>
    private protected abstract (IDataPlane A, IDataPlane B) Create(IDataPlaneReceiver a, IDataPlaneReceiver b, DataPlaneLimits limits);

    private (IDataPlane A, IDataPlane B) Create(IDataPlaneReceiver a, IDataPlaneReceiver b) => Create(a, b, new DataPlaneLimits());

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(0, 1)]
    [InlineData(100, 16_000)]
    [InlineData(40_000, 1_000_000)]
    [InlineData(5, 3_000_001)]
    public void Send_ToALease_ArrivesWithPrefixAndDigest(int prefixBytes, int payloadBytes)
    {
        var receiver = new RecordingReceiver();
        var (a, b) = Create(new RecordingReceiver(), receiver);
        using (a)
        using (b)
        {
            var lease = Frames.Lease(a, prefixBytes, payloadBytes, 1);
            var (prefix, payload) = (lease.Prefix.ToArray(), lease.Payload.ToArray());
            Assert.Equal(RefusalReason.None, a.Send("b", Frames.Full, lease));
            var told = receiver.Next();
            Assert.Equal(("complete", "a", payloadBytes), (told.What, told.Peer, told.Payload.Length));
            Assert.Equal(Frames.Full with { PrefixBytes = prefixBytes, PayloadBytes = payloadBytes }, told.Header with { Sequence = Frames.Full.Sequence });
            Assert.True(prefix.AsSpan().SequenceEqual(told.Prefix));
            Assert.True(payload.AsSpan().SequenceEqual(told.Payload));
            Assert.Equal(1, b.Counters.Received(DataKind.GradientPush));
            Assert.Equal(prefixBytes + payloadBytes, b.Counters.ReceivedBytes);
        }
    }

    [Fact]
    public void Send_IntoFloatsOfTheReceiver_LiesThereWithTheHandle()
    {
        using var floats = new FloatBuffer(1000);
        var receiver = new RecordingReceiver(_ => DataDestination.Into(floats, 10, 500, "handle"));
        var (a, b) = Create(new RecordingReceiver(), receiver);
        using (a)
        using (b)
        {
            var lease = a.Buffers.TryLease(0, 4 * 500)!;
            for (var i = 0; i < 500; i++)
                lease.Floats[i] = i + 1;
            a.Send("b", Frames.Of(DataKind.Parameters), lease);
            Assert.Equal("handle", receiver.Next().Handle);
            Assert.Equal((0f, 1f, 500f, 0f), (floats.Span[9], floats.Span[10], floats.Span[509], floats.Span[510]));
        }
    }

    [Theory]
    [InlineData(1, 3, 2)]
    [InlineData(50_000, 1, 3)]
    [InlineData(7, 650, 1000)]
    [InlineData(100_000, 5000, 20)]
    public void Send_IntoSeveralPlaces_LiesInEach(int dense, int row, int rows)
    {
        using var floats = new FloatBuffer(dense + 2 * row * rows);
        var scatter = new DataScatter();
        scatter.Add(floats, 2 * row * rows, dense);
        for (var i = 0; i < rows; i++)
            scatter.Add(floats, 2 * row * i, row);
        var receiver = new PlaceReceiver(scatter);
        var (a, b) = Create(new RecordingReceiver(), receiver);
        using (a)
        using (b)
        {
            var lease = a.Buffers.TryLease(0, 4L * (dense + row * rows))!;
            for (var i = 0; i < lease.Floats.Length; i++)
                lease.Floats[i] = i + 1;
            var digest = System.IO.Hashing.XxHash128.HashToUInt128(lease.Payload);
            a.Send("b", Frames.Of(DataKind.Parameters), lease);
            Assert.True(receiver.Arrived.Wait(30_000));
            Assert.Equal(digest, receiver.Digest);
            Assert.Equal((1f, dense), (floats.Span[2 * row * rows], (int)floats.Span[^1]));
            for (var i = 0; i < rows; i++)
            {
                Assert.Equal((dense + row * i + 1f, dense + row * (i + 1f)), (floats.Span[2 * row * i], floats.Span[2 * row * i + row - 1]));
                Assert.Equal(0, floats.Span[2 * row * i + row]);
            }
        }
    }

    [Fact]
    public void Send_LongerThanTheFloatsItIsFor_FailsAndIsRefused()
    {
        using var floats = new FloatBuffer(100);
        var (sender, receiver) = (new RecordingReceiver(), new RecordingReceiver(_ => DataDestination.Into(floats, 0, 100)));
        var (a, b) = Create(sender, receiver);
        using (a)
        using (b)
        {
            a.Send("b", Frames.Of(DataKind.Parameters, 3), Frames.Lease(a, 0, 404, 1));
            var failed = receiver.Next();
            Assert.Equal(("failed", RefusalReason.OtherLength), (failed.What, failed.Reason));
            var told = sender.Next();
            Assert.Equal(("refused", "b", RefusalReason.OtherLength, 3L, DataKind.Parameters), (told.What, told.Peer, told.Reason, told.Header.Step, told.Header.Kind));
            Assert.All(floats.Span.ToArray(), value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void Send_WhatTheReceiverRefuses_IsToldToTheSenderAndCounted()
    {
        var sender = new RecordingReceiver();
        var receiver = new RecordingReceiver(header => header.Step == 1 ? DataDestination.Refuse(RefusalReason.LateStep) : DataDestination.Lease());
        var (a, b) = Create(sender, receiver);
        using (a)
        using (b)
        {
            a.Send("b", Frames.Of(DataKind.GradientPush, 1), Frames.Lease(a, 10, 100_000, 1));
            a.Send("b", Frames.Of(DataKind.GradientPush, 2), Frames.Lease(a, 10, 100_000, 1));
            var refused = sender.Next();
            Assert.Equal((RefusalReason.LateStep, 1L), (refused.Reason, refused.Header.Step));
            Assert.Equal(2, receiver.Next().Header.Step);
            Assert.Equal(1, b.Counters.Refusals(RefusalReason.LateStep));
        }
    }

    [Fact]
    public void Send_ToNobody_IsRefusedAndTakesTheLeaseBack()
    {
        var (a, b) = Create(new RecordingReceiver(), new RecordingReceiver());
        using (a)
        using (b)
        {
            Assert.Equal(RefusalReason.UnknownPeer, a.Send("c", Frames.Of(DataKind.BlobPut), Frames.Lease(a, 0, 10, 1)));
            Assert.Equal(0, a.Buffers.BytesLent);
        }
    }

    [Fact]
    public void Send_LongerThanTheLimits_IsRefusedBeforeItLeaves()
    {
        var (a, b) = Create(new RecordingReceiver(), new RecordingReceiver(), new DataPlaneLimits { PrefixBytesMax = 10, PayloadBytesMax = 100 });
        using (a)
        using (b)
        {
            Assert.Equal(RefusalReason.PayloadTooLong, a.Send("b", Frames.Of(DataKind.BlobPut), Frames.Lease(a, 0, 101, 1)));
            Assert.Equal(RefusalReason.PrefixTooLong, a.Send("b", Frames.Of(DataKind.BlobPut), Frames.Lease(a, 11, 100, 1)));
        }
    }

    [Fact]
    public void Send_AKindOfConnections_IsTheCallersMistake()
    {
        var (a, b) = Create(new RecordingReceiver(), new RecordingReceiver());
        using (a)
        using (b)
            Assert.Throws<ArgumentOutOfRangeException>(() => a.Send("b", Frames.Of(DataKind.Credit), null));
    }

    [Fact]
    public void Send_ManyFrames_ArriveInOrderAndGiveEverythingBack()
    {
        var receiver = new RecordingReceiver();
        var (a, b) = Create(new RecordingReceiver(), receiver);
        using (a)
        using (b)
        {
            for (var i = 0; i < 200; i++)
                Assert.Equal(RefusalReason.None, a.Send("b", Frames.Of(DataKind.GradientPush, i), Frames.Lease(a, i, 37 * i, i)));
            for (var i = 0; i < 200; i++)
            {
                var told = receiver.Next();
                Assert.Equal((i, 37 * i), (told.Header.Step, told.Payload.Length));
                Assert.True(Frames.Bytes(37 * i, i).AsSpan().SequenceEqual(told.Payload));
            }
        }
    }

    [Fact]
    public void Send_TheSameFloatsTwice_LeavesThemToTheirOwner()
    {
        var receiver = new RecordingReceiver();
        var (a, b) = Create(new RecordingReceiver(), receiver);
        using (a)
        using (b)
        {
            var lease = Frames.Lease(a, 0, 4000, 5);
            a.Send("b", Frames.Of(DataKind.Parameters, 1), lease.Retain());
            a.Send("b", Frames.Of(DataKind.Parameters, 2), lease.Retain());
            Assert.Equal(receiver.Next().Payload, receiver.Next().Payload);
            Assert.True(Frames.Bytes(4000, 5).AsSpan().SequenceEqual(lease.Payload));
            lease.Dispose();
        }
    }

    [Fact]
    public void Send_ToItself_HandsTheLeaseOverWithoutACopy()
    {
        DataLease? handed = null;
        var receiver = new LeaseReceiver(lease => handed = lease);
        var (a, b) = Create(receiver, new RecordingReceiver());
        using (a)
        using (b)
        {
            var lease = Frames.Lease(a, 4, 4000, 5);
            Assert.Equal(RefusalReason.None, a.Send("a", Frames.Of(DataKind.GradientPush), lease));
            Assert.Same(lease, handed);
            handed!.Dispose();
            Assert.Equal(0, a.Buffers.BytesLent);
        }
    }

    [Fact]
    public void Send_AfterTheEnd_IsRefused()
    {
        var (a, b) = Create(new RecordingReceiver(), new RecordingReceiver());
        using (b)
        {
            a.Dispose();
            Assert.Equal(RefusalReason.Closed, a.Send("b", Frames.Of(DataKind.GradientPush), null));
        }
    }

    [Fact]
    public void Faults_OfEveryKind_FireAndLeaveOnlyWholeFrames()
    {
        var both = new RecordingReceiver();
        var (inner, b) = Create(both, both);
        var options = new DataFaultOptions { Seed = 3, Drop = 0.05, Delay = 0.05, Duplicate = 0.05, Truncate = 0.02, Corrupt = 0.05, Partition = 0.01 };
        using var a = new FaultyDataPlane(inner, options);
        using (b)
        {
            // As those do whose protocol needs it: what did not arrive is sent again, until everything is there.
            var missing = Enumerable.Range(0, 300).ToHashSet();
            for (var round = 0; missing.Count > 0; round++)
            {
                Assert.True(round < 100, $"Seed {options.Seed}: {missing.Count} frames never arrived.");
                foreach (var i in missing)
                    a.Send("b", Frames.Of(DataKind.GradientPush, i), Frames.Lease(a, 8, 5000, i));
                a.Flush();
                // A frame that no fault touches follows all others: what has not come before it will not come.
                Assert.Equal(RefusalReason.None, inner.Send("b", Frames.Of(DataKind.Reply, round) with { Outcome = DataOutcome.Accepted }, null));
                for (var told = both.Next(); told.Header.Kind != DataKind.Reply; told = both.Next())
                {
                    if (told.What != "complete")
                        continue;
                    Assert.True(Frames.Bytes(5000, (int)told.Header.Step).AsSpan().SequenceEqual(told.Payload), $"Seed {options.Seed}: frame {told.Header.Step} arrived damaged.");
                    missing.Remove((int)told.Header.Step);
                }
            }
            Assert.All(Enum.GetValues<DataFault>(), fault => Assert.True(a.Fired(fault) > 0, $"Seed {options.Seed}: {fault} never fired."));
            Assert.True(b.Counters.Refusals(RefusalReason.PayloadChecksum) > 0);
            Assert.True(b.Counters.Refusals(RefusalReason.Truncated) > 0);
        }
    }

    private sealed class PlaceReceiver(DataScatter scatter) : IDataPlaneReceiver
    {
        public ManualResetEventSlim Arrived { get; } = new();

        public UInt128 Digest { get; private set; }

        public DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix) => DataDestination.Into(scatter);

        public void Complete(in DataArrival arrival)
        {
            Digest = arrival.Digest;
            Arrived.Set();
        }

        public void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason) => Assert.Fail(RefusalReasons.SentenceOf(reason));

        public void Refused(string peer, in DataHeader header, RefusalReason reason) => Assert.Fail(RefusalReasons.SentenceOf(reason));
    }

    private sealed class LeaseReceiver(Action<DataLease> took) : IDataPlaneReceiver
    {
        public DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix) => DataDestination.Lease();

        public void Complete(in DataArrival arrival) => took(arrival.Lease!);

        public void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason) => Assert.Fail(RefusalReasons.SentenceOf(reason));

        public void Refused(string peer, in DataHeader header, RefusalReason reason) => Assert.Fail(RefusalReasons.SentenceOf(reason));
    }
}

/// <summary>The contract over sockets.</summary>
public sealed class TcpDataPlaneContractTests : DataPlaneContractTests
{
    private protected override (IDataPlane A, IDataPlane B) Create(IDataPlaneReceiver a, IDataPlaneReceiver b, DataPlaneLimits limits) =>
        Frames.Pair(a, b, options => options with { Limits = limits, RetryMs = 0 });
}

/// <summary>The contract inside a process.</summary>
public sealed class InProcessDataPlaneContractTests : DataPlaneContractTests
{
    private protected override (IDataPlane A, IDataPlane B) Create(IDataPlaneReceiver a, IDataPlaneReceiver b, DataPlaneLimits limits)
    {
        var network = new InProcessNetwork();
        return (new InProcessDataPlane(network, "a", a, limits), new InProcessDataPlane(network, "b", b, limits));
    }
}
