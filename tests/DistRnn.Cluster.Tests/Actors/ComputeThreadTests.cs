using System.Collections.Concurrent;
using Xunit;

namespace DistRnn.Cluster.Tests;

public sealed class ComputeThreadTests
{
    [Fact]
    public void Post_Orders_AreDoneInOrderOnAThreadOfItsOwn()
    {
        var seen = new ConcurrentQueue<(int Order, int Thread, bool IsPool)>();
        using (var thread = new ComputeThread("test"))
        {
            for (var i = 0; i < 100; i++)
            {
                var order = i;
                thread.Post(() => seen.Enqueue((order, Environment.CurrentManagedThreadId, Thread.CurrentThread.IsThreadPoolThread)));
            }
        }
        Assert.Equal(Enumerable.Range(0, 100), seen.Select(entry => entry.Order));
        Assert.Single(seen.Select(entry => entry.Thread).Distinct());
        Assert.DoesNotContain(seen, entry => entry.IsPool || entry.Thread == Environment.CurrentManagedThreadId);
    }

    [Fact]
    public void Post_AfterTheEnd_IsPassedOver()
    {
        var thread = new ComputeThread("test");
        var done = 0;
        thread.Post(() => done++);
        thread.Dispose();
        thread.Post(() => done++);
        thread.Dispose();
        Assert.Equal(1, done);
    }

    [Fact]
    public void ThreadedRunner_Pieces_AreEachRunOnce()
    {
        using var runner = new ThreadedRunner(2);
        foreach (var pieces in (int[])[0, 1, 2, 1000])
        {
            var counts = new int[pieces];
            runner.Run(pieces, piece => Interlocked.Increment(ref counts[piece]));
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }
}
