using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Optimizers.Tests;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData("none", "none")]
    [InlineData("decay(0.5, after-epoch 4)", "decay(0.5, after-epoch 4)")]
    [InlineData("decay(0.5,after-epoch  4)", "decay(0.5, after-epoch 4)")]
    [InlineData("plateau(0.25, patience 1)", "plateau(0.25, patience 1)")]
    [InlineData("cosine", "cosine")]
    [InlineData("linear", "linear")]
    [InlineData("linear(1e-4)", "linear(0.0001)")]
    [InlineData("warmup(100)", "warmup(100, none)")]
    [InlineData("warmup(100, cosine)", "warmup(100, cosine)")]
    [InlineData("warmup(100, then decay(0.5, after-epoch 4))", "warmup(100, decay(0.5, after-epoch 4))")]
    public void Parse_WhatIsAllowed_SpellsItOut(string text, string expected)
    {
        Assert.Equal(expected, Schedule.Parse(text).ToString());
        Assert.Equal(Schedule.Parse(text), Schedule.Parse(expected));
    }

    [Theory]
    [InlineData("cosin", "which is no schedule")]
    [InlineData("cosine(3)", "takes no arguments")]
    [InlineData("decay", "takes 2 arguments, not 0")]
    [InlineData("decay(0.5)", "takes 2 arguments, not 1")]
    [InlineData("decay(0.5, 4)", "'after-epoch N', not '4'")]
    [InlineData("decay(0.5, patience 4)", "'after-epoch N', not 'patience 4'")]
    [InlineData("decay(0, after-epoch 4)", "the factor is '0'; allowed is a number above 0, at most 1")]
    [InlineData("decay(0.5, after-epoch 0)", "after-epoch is '0'; allowed is a whole number from 1")]
    [InlineData("plateau(2, patience 1)", "the factor is '2'")]
    [InlineData("plateau(0.25, patience 1.5)", "patience is '1.5'")]
    [InlineData("linear(0)", "the floor is '0'; allowed is a number above 0, at most 1")]
    [InlineData("linear(0.1, 0.2)", "takes 1 arguments, not 2")]
    [InlineData("warmup", "takes a number of steps")]
    [InlineData("warmup(-5, cosine)", "number of steps is '-5'")]
    [InlineData("warmup(5, warmup(5, cosine))", "not a second warm-up")]
    [InlineData("warmup(5, cosine", "brackets do not match")]
    public void Parse_WhatIsNotAllowed_NamesKeyAndFound(string text, string found)
    {
        var message = Assert.Throws<InvalidInputException>(() => Schedule.Parse(text)).Message;
        Assert.Contains("training.schedule is", message, StringComparison.Ordinal);
        Assert.Contains(found, message, StringComparison.Ordinal);
    }

    [Fact]
    public void RateAt_None_IsTheBase() => Assert.Equal(0.1, Schedule.Constant.RateAt(0.1, 5, 10, 3, PlateauState.Initial));

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(3, 1.0)]
    [InlineData(4, 0.5)]
    [InlineData(5, 0.25)]
    [InlineData(12, 0.001953125)]
    public void RateAt_Decay_HalvesWithEachEpochAfterTheFourth(int epoch, double expected) =>
        Assert.Equal(expected, Schedule.Parse("decay(0.5, after-epoch 4)").RateAt(1, 0, 100, epoch, PlateauState.Initial));

    [Fact]
    public void RateAt_Cosine_IsThatOfTorch()
    {
        // CosineAnnealingLR(T_max=10) of torch 2.6 from a rate of 0.1.
        double[] expected =
        [
            0.1, 0.09755282581475769, 0.09045084971874738, 0.07938926261462367, 0.06545084971874739, 0.05000000000000001, 0.03454915028125264,
            0.020610737385376353, 0.009549150281252635, 0.002447174185242324, 0,
        ];
        var schedule = Schedule.Parse("cosine");
        for (var step = 0; step < expected.Length; step++)
            Assert.InRange(schedule.RateAt(0.1, step, 10, 0, PlateauState.Initial) - expected[step], -1e-15, 1e-15);
        Assert.Equal(0.1, schedule.RateAt(0.1, 0, 10, 0, PlateauState.Initial));
        Assert.Equal(0, schedule.RateAt(0.1, 10, 10, 0, PlateauState.Initial));
    }

    [Fact]
    public void RateAt_LinearWithAFloor_FallsToItAndNoFurther()
    {
        var schedule = Schedule.Parse("linear(0.1)");

        Assert.Equal([1, 0.75, 0.5, 0.25], Enumerable.Range(0, 4).Select(step => schedule.RateAt(1, step, 4, 0, PlateauState.Initial)));
        Assert.Equal(0.2, schedule.RateAt(2, 19, 20, 0, PlateauState.Initial));
        Assert.Equal(0.2, schedule.RateAt(2, 99, 20, 0, PlateauState.Initial));
    }

    [Fact]
    public void RateAt_Linear_FallsInEqualPartsToZeroAtTheEnd()
    {
        var schedule = Schedule.Parse("linear");
        Assert.Equal(0.1, schedule.RateAt(0.1, 0, 8, 0, PlateauState.Initial));
        Assert.Equal(0.075, schedule.RateAt(0.1, 2, 8, 0, PlateauState.Initial), 15);
        Assert.Equal(0.0125, schedule.RateAt(0.1, 7, 8, 0, PlateauState.Initial), 15);
        Assert.Equal(0, schedule.RateAt(0.1, 8, 8, 0, PlateauState.Initial));
        Assert.Equal(0, schedule.RateAt(0.1, 9, 8, 0, PlateauState.Initial));
    }

    [Fact]
    public void RateAt_WarmupThenLinear_RisesToTheBaseAndThenFalls()
    {
        var schedule = Schedule.Parse("warmup(4, linear)");
        double[] expected = [0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25];
        for (var step = 0; step < expected.Length; step++)
            Assert.Equal(expected[step], schedule.RateAt(1, step, 8, 0, PlateauState.Initial));
    }

    [Fact]
    public void RateAt_WarmupLongerThanTheRun_OnlyRises() => Assert.Equal(0.8, Schedule.Parse("warmup(10, cosine)").RateAt(1, 7, 8, 0, PlateauState.Initial));

    [Fact]
    public void After_LossesThatStopFalling_ReducesAfterEachPatienceInARow()
    {
        var schedule = Schedule.Parse("plateau(0.25, patience 2)");
        var state = PlateauState.Initial;
        (double Loss, double Rate)[] course = [(5, 1), (4, 1), (4, 1), (3, 1), (3.5, 1), (3, 0.25), (double.NaN, 0.25), (9, 0.0625), (2, 0.0625), (2.5, 0.0625), (1, 0.0625)];
        foreach (var (loss, rate) in course)
        {
            state = schedule.After(state, loss, false);
            Assert.Equal(rate, schedule.RateAt(1, 0, 10, 0, state));
        }
        Assert.Equal(new PlateauState(1, 0, 2), state);
    }

    [Fact]
    public void After_AccuraciesThatStopRising_Reduces()
    {
        var schedule = Schedule.Parse("plateau(0.5, patience 1)");
        var state = schedule.After(schedule.After(schedule.After(PlateauState.Initial, 0.5, true), 0.6, true), 0.6, true);
        Assert.Equal(new PlateauState(0.6, 0, 1), state);
    }

    [Fact]
    public void After_WithoutAPlateau_ChangesNothing() =>
        Assert.Same(PlateauState.Initial, Schedule.Parse("cosine").After(PlateauState.Initial, 1, false));
}
