using Xunit;

namespace DistRnn.Protocol.Tests;

public sealed class ErrorFeedbackStateTests
{
    [Fact]
    public void Of_AShardAndRange_IsItsOwnAndBeginsAtZero()
    {
        using var state = new ErrorFeedbackState(10_000, 3);
        Assert.Equal(0, state.Bytes);
        state.Of(1, 4096, 10).Fill(5);
        Assert.Equal(40_000, state.Bytes);
        Assert.Equal(5, state.Of(1, 4100, 1)[0]);
        Assert.Equal(0, state.Of(1, 4106, 1)[0]);
        Assert.Equal(0, state.Of(2, 4100, 1)[0]);
        Assert.Equal(80_000, state.Bytes);
    }

    [Fact]
    public void Clear_AfterARollback_ForgetsEverything()
    {
        using var state = new ErrorFeedbackState(100, 1);
        state.Of(0, 0, 100).Fill(5);
        state.Clear();
        Assert.All(state.Of(0, 0, 100).ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Of_WhatThereIsNot_Throws()
    {
        using var state = new ErrorFeedbackState(100, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Of(2, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Of(-1, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Of(0, 99, 2));
    }
}
