using System.Text.Json;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>How far errors reach back, as a table, JSON and pictures.</summary>
public sealed class GradientFlowTests
{
    [Theory]
    [InlineData("language-model")]
    [InlineData("language-model", "--set", "model.tie-weights=true", "--set", "model.embedding=16", "--set", "model.layers=2")]
    [InlineData("classification")]
    [InlineData("classification", "--set", "model.pooling=attention", "--set", "model.dropout=0.2")]
    [InlineData("tagging")]
    [InlineData("tagging", "--set", "model.output=crf", "--set", "model.characters=4", "--set", "model.context-window=3")]
    [InlineData("forecasting")]
    public void GradientFlow_EveryTask_HasFourLinesAndAFlatCarousel(string task, params string[] sets)
    {
        using var job = TinyJob.Create(task);

        var result = CommandLine.Run(["gradient-flow", job.JobFile, "--json", .. sets]);

        Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
        var json = result.LastLineAsJson();
        var lines = json.GetProperty("cells").EnumerateArray().ToDictionary(line => line.GetProperty("cell").GetString()!, NormsOf);
        Assert.Equal(["rnn", "lstm", "gru", "carousel"], lines.Keys);
        Assert.All(lines.Values, norms => Assert.Equal(json.GetProperty("steps").GetInt32(), norms.Length));
        Assert.All(lines.Values, norms => Assert.All(norms, norm => Assert.True(norm > 0 && double.IsFinite(norm))));
        if (task is "language-model" or "forecasting")
            Assert.All(lines["carousel"], norm => Assert.Equal(lines["carousel"][^1], norm, 1e-12));
    }

    [Fact]
    public void GradientFlow_OpenForgetGate_ReachesFartherThanThePlainNetwork()
    {
        using var job = TinyJob.Create("forecasting");

        var result = CommandLine.Run("gradient-flow", job.JobFile, "--set", "model.forget-bias=5", "--steps", "3", "--json");

        Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
        var lines = result.LastLineAsJson().GetProperty("cells").EnumerateArray().ToDictionary(line => line.GetProperty("cell").GetString()!, NormsOf);
        Assert.True(Kept("rnn") < 1e-3, $"The plain network keeps {Kept("rnn")}.");
        Assert.True(Kept("lstm") > 10 * Kept("rnn"), $"The LSTM keeps {Kept("lstm")}, the plain network {Kept("rnn")}.");
        Assert.Equal(3, result.LastLineAsJson().GetProperty("trained_steps").GetInt32());

        double Kept(string cell) => lines[cell][0] / lines[cell][^1];
    }

    [Theory]
    [InlineData("flow.png", new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' })]
    [InlineData("flow.svg", new byte[] { (byte)'<' })]
    public void GradientFlow_Output_IsAPicture(string file, byte[] start)
    {
        using var job = TinyJob.Create("forecasting");

        var result = CommandLine.Run("gradient-flow", job.JobFile, "--output", job[file]);

        Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
        Assert.Equal(start, File.ReadAllBytes(job[file])[..start.Length]);
        Assert.Contains("carousel", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("translation", "language-model, classification, tagging and forecasting")]
    [InlineData("word-vectors", "language-model, classification, tagging and forecasting")]
    [InlineData("forecasting", "--output flow.txt is neither", "--output", "flow.txt")]
    [InlineData("forecasting", "--steps is -1", "--steps", "-1")]
    public void GradientFlow_WhatCannotBe_IsRefused(string task, string message, params string[] arguments)
    {
        using var job = TinyJob.Create(task);

        var result = CommandLine.Run(["gradient-flow", job.JobFile, .. arguments]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private static double[] NormsOf(JsonElement line) => [.. line.GetProperty("norms").EnumerateArray().Select(norm => norm.GetDouble())];
}
