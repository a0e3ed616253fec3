using Akka.Dispatch;
using Xunit;

namespace DistRnn.Cluster.Tests;

public sealed class ParkingExecutorTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Execute_OneThread_RunsAllInTheirOrder()
    {
        var executor = new ParkingExecutor("one", 1);
        using var done = new CountdownEvent(1000);
        var order = new List<int>();
        for (var i = 0; i < 1000; i++)
        {
            var number = i;
            executor.Execute(new Run(() =>
            {
                order.Add(number);
                done.Signal();
            }));
        }
        Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken));
        Assert.Equal(Enumerable.Range(0, 1000), order);
        Assert.Equal(1, executor.Threads);
        executor.Shutdown();
    }

    [Fact]
    public void Execute_WorkThatWaitsForEachOther_HasAThreadEach()
    {
        var executor = new ParkingExecutor("three", 3);
        using var together = new Barrier(3);
        using var done = new CountdownEvent(3);
        for (var i = 0; i < 3; i++)
        {
            executor.Execute(new Run(() =>
            {
                if (together.SignalAndWait(s_patience))
                    done.Signal();
            }));
        }
        Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken));
        Assert.Equal(3, executor.Threads);
        executor.Shutdown();
    }

    [Fact]
    public void Shutdown_RunsWhatWasTakenAndNothingMore()
    {
        var executor = new ParkingExecutor("over", 1);
        using var go = new ManualResetEventSlim();
        using var done = new CountdownEvent(2);
        executor.Execute(new Run(() =>
        {
            go.Wait(s_patience);
            done.Signal();
        }));
        executor.Execute(new Run(() => done.Signal()));
        executor.Shutdown();
        var ran = false;
        executor.Execute(new Run(() => ran = true));
        go.Set();
        Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken));
        Assert.False(ran);
    }

    private sealed class Run(Action action) : IRunnable
    {
        void IRunnable.Run() => action();

        public void Execute() => action();
    }
}
