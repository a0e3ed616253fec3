using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>What skips rows without a gradient gives the bits of what does not.</summary>
public sealed class GradientNormTests
{
    [Theory]
    [InlineData(100, 1)]
    [InlineData(100, 2)]
    [InlineData(7, 3)]
    [InlineData(4096, 2)]
    [InlineData(5000, 1)]
    public void SquaredNormOf_SparseRows_HasTheBitsOfTheDenseSum(int dimensions, int threads)
    {
        var model = new WordVectorModel(new WordVectorOptions { Counts = [.. Enumerable.Repeat(5L, 300)], Dimensions = dimensions });
        using var team = new ComputeTeam(threads);
        using var computer = model.CreateComputer(team);
        using var parameters = new FloatBuffer(model.Parameters.Count);
        using var gradient = new Gradient(model.Parameters);
        Fill(model, parameters);
        computer.SetParameters(parameters);
        var norm = new GradientNorm(model.Parameters, team);
        for (var step = 0; step < 3; step++)
        {
            computer.ComputeGradient(new StepKey(1, step), 0, [Batch(step)], null, null, gradient, new ShardResult[1]);

            Assert.True(gradient.TouchedRows(0).Count is > 0 and < 300);
            Assert.Equal(Reductions.SquaredNorm(gradient.Values), norm.SquaredNormOf(gradient));
        }
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adagrad")]
    public void DoStep_SkippingIdleRows_HasTheBitsOfTheWholeUpdate(string rule)
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.WordVectors, $"training.optimizer={rule}", "training.epochs=1");
        using var setup = TrainingSetup.Load(job, space.Options("run"), SilentProgress.Instance);
        using var trainer = new Trainer(setup.Trainer, setup.Network, setup.Computer, setup.Plan, setup.Team);
        using var parameters = new FloatBuffer(setup.Network.Parameters.Count);
        using var state = new OptimizerState(setup.Trainer.Rule, setup.Network.Parameters.Count);
        using var gradient = new Gradient(setup.Network.Parameters);
        setup.Network.Initialize(job.Seed, trainer.Parameters);
        setup.Network.Initialize(job.Seed, parameters);
        trainer.ParametersChanged();
        using var computer = setup.Network.CreateComputer(setup.Team);
        computer.SetParameters(parameters);
        using var shards = new ShardComputer(computer, setup.Plan);
        for (var step = 0; step < setup.Steps; step++)
        {
            shards.Compute(job.Seed, new StepPosition(0, step, step), null, null, gradient);
            var rate = setup.Trainer.Schedule.RateAt(setup.Trainer.LearningRate, step, setup.Steps, 0, PlateauState.Initial);
            var update = state.Prepare(rate, GradientFactor.Of(Reductions.SquaredNorm(gradient.Values), 1, null).Value);
            state.Update(update, parameters, gradient.Values, 0, parameters.Count);
            state.Commit(update);

            Assert.Equal(StepOutcome.Applied, trainer.DoStep());
        }
        Assert.Equal(Fingerprint.Of(setup.Network.Parameters, parameters), Fingerprint.Of(setup.Network.Parameters, trainer.Parameters));
        Assert.Equal(parameters.Span.ToArray(), trainer.Parameters.Span.ToArray());
    }

    private static void Fill(WordVectorModel model, FloatBuffer parameters)
    {
        var chance = new Philox(9, PhiloxPurpose.Initialize, 0);
        foreach (var tensor in model.Parameters.Tensors)
            for (var i = 0; i < tensor.Count; i++)
                parameters.Span[(int)tensor.Offset + i] = chance.Uniform((ulong)i) - 0.5f;
    }

    private static SequenceBatch Batch(int step)
    {
        var (chance, batch) = (new Philox(2, PhiloxPurpose.Shuffle, (ulong)step), new SequenceBatch());
        batch.Reset([3, 2, 4, 1, 3, 3, 3, 3, 3, 2], 1, 0, TargetKind.ClassPerSequence);
        for (var i = 0; i < batch.Steps; i++)
            batch.Tokens(0)[i] = chance.Below((ulong)i, 300);
        for (var row = 0; row < batch.Rows; row++)
            (batch.Targets[row], batch.RowIds[row]) = (chance.Below((ulong)(1000 + row), 300), row);
        return batch;
    }
}
