namespace DistRnn.Models.Tests;

/// <summary>The float64 reference against PyTorch in float64: outputs, final states, losses and every gradient to 1e-10.</summary>
public sealed class GoldenReferenceTests
{
    private const double Tolerance = 1e-10;

    public static TheoryData<string> RecurrentCases => [.. GoldenCase.Names("*.json").Where(name => name.Split('_')[0] is "rnn" or "lstm" or "gru")];

    public static TheoryData<string> LanguageModelCases => [.. GoldenCase.Names("lm_*.json")];

    [Fact]
    public void Names_OfTheFolder_AreAllCases()
    {
        Assert.Equal(14, RecurrentCases.Count);
        Assert.Equal(5, LanguageModelCases.Count);
    }

    [Theory]
    [MemberData(nameof(RecurrentCases))]
    public void Compute_RecurrentCase_AgreesWithPyTorch(string name)
    {
        var golden = GoldenCase.Read(name);

        var (loss, outputs, gradients) = StackCase.FromGolden(golden).Compute();

        GoldenCase.AssertClose("loss", [golden.Loss], [loss], Tolerance);
        GoldenCase.AssertClose(golden.Outputs, outputs, Tolerance);
        GoldenCase.AssertClose(golden.Gradients, gradients, Tolerance);
    }

    [Theory]
    [MemberData(nameof(LanguageModelCases))]
    public void Compute_TenWindowsOfALanguageModel_AgreeWithPyTorch(string name)
    {
        var golden = GoldenCase.Read(name);
        var model = new LanguageModelCase(golden);
        var network = new Reference.ReferenceNetwork(model.ReferenceOptions, golden.Parameters);
        var optimizer = new Reference.ReferenceOptimizer(golden.Number("lr"), golden.Number("momentum"), golden.Text("optimizer") == "adam");
        var (losses, norms) = (golden.Extra("losses"), golden.Extra("grad_norms"));
        Reference.CellState[]?[] states = new Reference.CellState[model.Lanes][];
        for (var window = 0; window < model.Windows; window++)
        {
            var result = network.Compute([.. Enumerable.Range(0, model.Lanes).Select(lane => model.Sequence(window, lane) with { Initial = states[lane] })]);
            var gradients = result.Gradients.ToDictionary(pair => pair.Key, pair => pair.Value.Select(g => g / result.Targets).ToArray(), StringComparer.Ordinal);

            GoldenCase.AssertClose($"loss of window {window}", [losses[window]], [result.Loss / result.Targets], Tolerance);
            if (window == 0)
                GoldenCase.AssertClose(golden.Gradients, gradients, Tolerance);
            GoldenCase.AssertClose($"norm of window {window}", [norms[window]], [Reference.ReferenceOptimizer.Clip(gradients, golden.Number("clip_norm"))], Tolerance);

            optimizer.Update(golden.Parameters, gradients);
            states = [.. result.Final];
        }
        GoldenCase.AssertClose(golden.Tensors("final"), golden.Parameters, Tolerance);
    }
}
