using System.Text.Json;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class InitTests
{
    public static TheoryData<string> Names => [.. TinyJob.Tasks, .. BuiltInJobs.All.Select(job => job.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Init_EveryName_WritesAJobFileThatReads(string name)
    {
        using var directory = new TemporaryDirectory();
        var result = CommandLine.Run("init", name, "--output", directory["job.yaml"]);
        Assert.Equal(0, result.ExitCode);
        var text = File.ReadAllText(directory["job.yaml"]);
        if (BuiltInJobs.Find(name) is { } builtIn)
            Assert.Equal(builtIn.Yaml, text);
        else
            Assert.Contains($"task: {name} ", text, StringComparison.Ordinal);
        var job = JobFile.Read(directory["job.yaml"]);
        Assert.NotEmpty(job.Data.Train);
    }

    [Fact]
    public void Init_WithoutOutput_WritesBesideTheCaller()
    {
        using var directory = new TemporaryDirectory();
        var result = CommandLine.RunChild(directory.Path, "init", "tagging");
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("# ", File.ReadAllText(directory["tagging.yaml"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Init_FileExists_LeavesItAlone()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("job.yaml", "mine");
        var result = CommandLine.Run("init", "tagging", "--output", file);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(file, result.Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(file));
    }

    [Theory]
    [InlineData("init")]
    [InlineData("init", "tagging", "--schema")]
    [InlineData("init", "poetry")]
    public void Init_UnclearWhat_NamesTheTasks(params string[] arguments)
    {
        var result = CommandLine.Run(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("language-model, classification, tagging, forecasting", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Init_Schema_IsAJsonSchema()
    {
        var result = CommandLine.Run("init", "--schema");
        Assert.Equal(0, result.ExitCode);
        using var schema = JsonDocument.Parse(result.Output);
        Assert.StartsWith("https://json-schema.org/", schema.RootElement.GetProperty("$schema").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bench", "--only", "poetry")]
    [InlineData("bench", "--threads", "0")]
    [InlineData("bench", "--case", "lstm:1:2")]
    [InlineData("bench", "--case", "lstm:1:2:3:4:1", "--only", "kernels")]
    public void Bench_WrongOption_IsRefusedBeforeAnythingIsMeasured(params string[] arguments)
    {
        var result = CommandLine.Run(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.DoesNotContain("measuring", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_OneSmallCase_EndsWithItsFigures()
    {
        var result = CommandLine.Run("bench", "--quick", "--case", "gru:2:3:4:5:1", "--threads", "1", "--json");
        Assert.Equal(0, result.ExitCode);
        var layer = Assert.Single(result.LastLineAsJson().GetProperty("layers").EnumerateArray().ToArray());
        Assert.Equal("gru", layer.GetProperty("cell").GetString());
        Assert.True(layer.GetProperty("forward_backward_gflops").GetDouble() > 0);
    }
}
