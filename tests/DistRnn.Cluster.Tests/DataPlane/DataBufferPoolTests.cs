using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Memory is lent within its bound, and comes back exactly once.</summary>
public sealed unsafe class DataBufferPoolTests
{
    [Fact]
    public void TryLease_AtTheBound_IsNullUntilSomethingComesBack()
    {
        using var pool = new DataBufferPool(1 << 20);
        var first = pool.TryLease(0, 600_000);
        Assert.NotNull(first);
        Assert.Null(pool.TryLease(0, 600_000));
        first.Dispose();
        using var second = pool.TryLease(0, 700_000);
        Assert.NotNull(second);
        Assert.InRange(pool.BytesHeld, 700_000, 1 << 20);
    }

    [Fact]
    public void TryLease_AgainAndAgain_ReusesTheMemory()
    {
        using var pool = new DataBufferPool(1 << 20);
        var first = pool.TryLease(10, 100_000)!;
        var address = first.Address;
        first.Dispose();
        using var second = pool.TryLease(12, 99_900)!;
        Assert.Equal(address, second.Address);
        Assert.Equal((12, 99_900L, 0L), (second.PrefixBytes, second.PayloadBytes, (long)second.Address % 64));
    }

    [Fact]
    public void Dispose_MoreOftenThanOwned_Throws()
    {
        using var pool = new DataBufferPool(1 << 20);
        var lease = pool.TryLease(0, 100)!;
        lease.Retain().Dispose();
        lease.Dispose();
        Assert.Throws<ObjectDisposedException>(lease.Dispose);
    }

    [Fact]
    public void TryShare_PartOfAnother_KeepsItAlive()
    {
        using var pool = new DataBufferPool(1 << 20);
        var whole = pool.TryLease(0, 1000)!;
        whole.Floats[25] = 42;
        var part = pool.TryShare(whole, 100, 8, 16)!;
        whole.Dispose();
        Assert.Equal(42, part.Floats[0]);
        Assert.Equal(16, part.Prefix.Length);
        Assert.True(pool.BytesLent > 1024);
        part.Dispose();
        Assert.Equal(0, pool.BytesLent);
    }

    [Fact]
    public void TryCover_ForeignMemory_TellsWhenItIsDone()
    {
        using var pool = new DataBufferPool(1 << 20);
        var floats = stackalloc float[4] { 1, 2, 3, 4 };
        object? told = null;
        var lease = pool.TryCover((nint)floats, 16, 0, state => told = state, "done")!;
        Assert.Equal([1f, 2, 3, 4], lease.Floats.ToArray());
        lease.Retain();
        lease.Dispose();
        Assert.Null(told);
        lease.Dispose();
        Assert.Equal("done", told);
    }

    [Fact]
    public void WaitForLease_WhatComesBackMeanwhile_IsLent()
    {
        using var pool = new DataBufferPool(1 << 20);
        var first = pool.TryLease(0, 900_000)!;
        DataLease? second = null;
        var waiting = new Thread(() => second = pool.WaitForLease(0, 900_000, 30_000)) { IsBackground = true };
        waiting.Start();
        first.Dispose();
        waiting.Join();
        Assert.NotNull(second);
        second.Dispose();
    }

    [Fact]
    public void WaitForLease_MoreThanThereCanEverBe_IsNullAtOnce()
    {
        using var pool = new DataBufferPool(1 << 20);
        Assert.Null(pool.WaitForLease(0, 2 << 20, long.MaxValue / 2));
    }
}
