using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Models.Tests;

/// <summary>Ten windows of stateful truncated back-propagation, with the product's own clipping and updates, against PyTorch in float64.</summary>
public sealed class FastLanguageModelTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Cases => GoldenReferenceTests.LanguageModelCases;

    [Theory]
    [MemberData(nameof(Cases))]
    public void ComputeGradient_TenWindowsOfALanguageModel_AgreeWithPyTorch(string name)
    {
        var golden = GoldenCase.Read(name);
        var model = new LanguageModelCase(golden);
        var network = new Network(model.Options);
        var rule = UpdateRule.Parse(golden.Text("optimizer") == "adam" ? "adam" : golden.Number("momentum") > 0 ? $"momentum({golden.Number("momentum")})" : "sgd");
        using var team = new ComputeTeam(2);
        using var computer = new NetworkComputer(network, team);
        using var parameters = new FloatBuffer(network.Parameters.Count);
        using var gradient = new Gradient(network.Parameters);
        using var optimizer = new OptimizerState(rule, parameters.Count);
        using var even = new LaneState(model.Options, model.Lanes);
        using var odd = new LaneState(model.Options, model.Lanes);
        ReferenceForm.Import(network.Parameters, golden.Parameters, parameters);
        var (losses, norms) = (golden.Extra("losses"), golden.Extra("grad_norms"));
        var results = new ShardResult[2];
        for (var window = 0; window < model.Windows; window++)
        {
            computer.SetParameters(parameters);
            computer.ComputeGradient(new StepKey(1, window), 0, Shards(model, window), window % 2 == 0 ? even : odd, window % 2 == 0 ? odd : even, gradient, results);
            var targets = results.Sum(result => result.Targets);
            var factor = GradientFactor.Of(SquaredNorm(gradient.Values), targets, golden.Number("clip_norm"));

            GoldenCase.AssertClose($"loss of window {window}", [losses[window]], [results.Sum(result => result.Loss) / targets], Tolerance);
            GoldenCase.AssertClose($"norm of window {window}", [norms[window]], [factor.Norm], Tolerance);
            if (window == 0)
                GoldenCase.AssertClose(golden.Gradients, Divided(ReferenceForm.Of(network.Parameters, gradient.Values), targets), Tolerance);

            var step = optimizer.Prepare(golden.Number("lr"), factor.Value);
            optimizer.Update(step, parameters, gradient.Values, 0, parameters.Count);
            optimizer.Commit(step);
        }
        GoldenCase.AssertClose(golden.Tensors("final"), ReferenceForm.Of(network.Parameters, parameters), Tolerance);
    }

    /// <summary>The lanes in two shards.</summary>
    private static SequenceBatch[] Shards(LanguageModelCase model, int window)
    {
        var half = model.Lanes / 2;
        return [Shard(0, half), Shard(half, model.Lanes - half)];

        SequenceBatch Shard(int first, int count)
        {
            var batch = new SequenceBatch();
            batch.Reset([.. Enumerable.Repeat(model.Steps, count)], 1, 0, TargetKind.ClassPerStep);
            for (var row = 0; row < count; row++)
            {
                var sequence = model.Sequence(window, first + row);
                sequence.Tokens[0].CopyTo(batch.Tokens(0)[batch.Offsets[row]..]);
                sequence.Classes.CopyTo(batch.Targets[batch.Offsets[row]..]);
                batch.RowIds[row] = first + row;
            }
            return batch;
        }
    }

    private static double SquaredNorm(FloatBuffer values) => ReferenceForm.Doubles(values.Span).Sum(value => value * value);

    private static Dictionary<string, double[]> Divided(Dictionary<string, double[]> sums, long count) =>
        sums.ToDictionary(pair => pair.Key, pair => pair.Value.Select(value => value / count).ToArray(), StringComparer.Ordinal);
}
