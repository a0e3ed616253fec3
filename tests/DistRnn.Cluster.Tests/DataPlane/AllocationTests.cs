using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Nothing else runs beside these: they count what the whole process allocates.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>After the first steps the planes allocate nothing.</summary>
[Collection(nameof(AloneCollection))]
public sealed class AllocationTests
{
    private const int FramesPerRound = 1000;

    [Theory]
    [InlineData(true, 40_000)]
    [InlineData(false, 40_000)]
    [InlineData(true, 400)]
    public void Steps_OverSocketsAfterTheFirst_AllocateNothing(bool intoLeases, int payloadBytes)
    {
        using var floats = new FloatBuffer(10_000);
        var receiver = new CountingReceiver(intoLeases ? null : floats);
        var (a, b) = Frames.Pair(new CountingReceiver(null), receiver);
        using (a)
        using (b)
            AssertNothingAllocated(a, "b", receiver, payloadBytes);
    }

    [Fact]
    public void Steps_InsideTheProcessAfterTheFirst_AllocateNothing()
    {
        var network = new InProcessNetwork();
        var receiver = new CountingReceiver(null);
        using var a = new InProcessDataPlane(network, "a", new CountingReceiver(null));
        using var b = new InProcessDataPlane(network, "b", receiver);
        AssertNothingAllocated(a, "b", receiver, 40_000);
    }

    private static void AssertNothingAllocated(IDataPlane plane, string peer, CountingReceiver receiver, int payloadBytes)
    {
        // Tiered compilation and the test's own runner allocate now and then: what the plane does itself shows in every round.
        var least = long.MaxValue;
        for (var round = 0; round < 6; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < FramesPerRound; i++)
            {
                plane.Send(peer, Frames.Of(DataKind.GradientPush, i), plane.Buffers.TryLease(64, payloadBytes));
                Assert.True(receiver.Arrived.Wait(30_000));
            }
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.InRange(least, 0, FramesPerRound * 2);
    }

    private sealed class CountingReceiver(FloatBuffer? floats) : IDataPlaneReceiver
    {
        public SemaphoreSlim Arrived { get; } = new(0);

        public DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix) =>
            floats is null ? DataDestination.Lease() : DataDestination.Into(floats, 0, floats.Count);

        public void Complete(in DataArrival arrival)
        {
            arrival.Lease?.Dispose();
            Arrived.Release();
        }

        public void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason) => Assert.Fail(RefusalReasons.SentenceOf(reason));

        public void Refused(string peer, in DataHeader header, RefusalReason reason) => Assert.Fail(RefusalReasons.SentenceOf(reason));
    }
}
