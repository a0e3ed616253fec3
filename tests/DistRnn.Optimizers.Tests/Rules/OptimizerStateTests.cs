using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Optimizers.Tests;

public sealed class OptimizerStateTests
{
    [Fact]
    public void Commit_AfterThreeSteps_HoldsTheBetasAsProducts()
    {
        using var state = new OptimizerState(UpdateRule.Parse("adam"), 1);
        for (var i = 0; i < 3; i++)
            state.Commit(state.Prepare(0.1, 1));
        Assert.Equal(new UpdateScalars(3, 0.9 * 0.9 * 0.9, 0.999 * 0.999 * 0.999), state.Scalars);
    }

    [Fact]
    public void Prepare_Twice_GivesTheSameUpdateUntilItIsCommitted()
    {
        using var state = new OptimizerState(UpdateRule.Parse("adam"), 1);
        Assert.Equal(state.Prepare(0.1, 1).After, state.Prepare(0.1, 1).After);
        Assert.Equal(UpdateScalars.Initial, state.Scalars);
    }

    [Fact]
    public void Commit_OfAStepThatIsPast_IsRefused()
    {
        using var state = new OptimizerState(UpdateRule.Parse("sgd"), 1);
        var step = state.Prepare(0.1, 1);
        state.Commit(step);
        Assert.Throws<ArgumentException>(() => state.Commit(step));
    }

    [Fact]
    public void Update_OfAnotherRulesStep_IsRefused()
    {
        using var state = new OptimizerState(UpdateRule.Parse("sgd"), 4);
        using var floats = new FloatBuffer(4);
        var step = UpdateRule.Parse("momentum").StepAfter(UpdateScalars.Initial, 0.1, 1);
        Assert.Throws<ArgumentException>(() => state.Update(step, floats, floats, 0, 4));
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(0, 5)]
    [InlineData(3, 2)]
    [InlineData(0, -1)]
    public void Update_OutsideTheVector_IsRefused(long start, long count)
    {
        using var state = new OptimizerState(UpdateRule.Parse("sgd"), 4);
        using var parameters = new FloatBuffer(4);
        using var gradient = new FloatBuffer(4);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Update(state.Prepare(0.1, 1), parameters, gradient, start, count));
    }

    [Theory]
    [InlineData(-0.1, 1f)]
    [InlineData(double.NaN, 1f)]
    [InlineData(double.PositiveInfinity, 1f)]
    [InlineData(0.1, -1f)]
    [InlineData(0.1, float.NaN)]
    public void Prepare_WithARateOrFactorThatIsNoNumberFromZero_IsRefused(double rate, float factor)
    {
        using var state = new OptimizerState(UpdateRule.Parse("sgd"), 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Prepare(rate, factor));
    }

    [Fact]
    public void Step_AfterTheFirst_AllocatesNothing()
    {
        using var state = new OptimizerState(UpdateRule.Parse("adam"), 4096);
        using var parameters = new FloatBuffer(4096);
        using var gradient = new FloatBuffer(4096);
        long allocated = -1;
        for (var i = 0; i < 2; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var step = state.Prepare(0.1, 1);
            state.Update(step, parameters, gradient, 0, 4096);
            state.Commit(step);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, allocated);
    }
}
