using System.Text.Json;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class TrainTests
{
    public static TheoryData<string> BuiltIn => [.. BuiltInJobs.All.Select(job => job.Name)];

    public static TheoryData<string> Tasks => [.. TinyJob.Tasks];

    [Theory]
    [MemberData(nameof(BuiltIn))]
    public void Train_EveryBuiltInJob_CompletesAFewSteps(string job)
    {
        using var directory = new TemporaryDirectory();
        var result = CommandLine.Run("train", job, "--set", "training.steps=3", "--output", directory["run"], "--json");
        Assert.Equal("", string.Join('\n', result.Error.Split('\n').Where(line => line.StartsWith("distrnn:", StringComparison.Ordinal))));
        Assert.Equal(0, result.ExitCode);
        var summary = result.LastLineAsJson();
        Assert.Equal("completed", summary.GetProperty("status").GetString());
        Assert.Equal(3, summary.GetProperty("steps").GetInt32());
        Assert.Equal(64, summary.GetProperty("fingerprint").GetString()!.Length);
        Assert.True(summary.GetProperty("test").TryGetProperty(BuiltInJobs.Find(job)!.Goal.Metric, out _));
        Assert.Contains("goal", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Train_FilesOfTheUsersOwn_Completes(string task)
    {
        using var job = TinyJob.Create(task);
        var result = CommandLine.Run("train", job.JobFile, "--output", job.Run, "--json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(task, result.LastLineAsJson().GetProperty("task").GetString());
        foreach (var file in new[] { "job.yaml", "metrics.jsonl", "summary.json", "nodes.json", "model/model.safetensors", "model/model.yaml" })
            Assert.True(File.Exists(Path.Combine(job.Run, file)), file);
        Assert.Equal(6, File.ReadLines(Path.Combine(job.Run, "metrics.jsonl")).Count());
    }

    [Fact]
    public void Train_Forecasting_ShowsTheSimpleForecastsBeside()
    {
        using var job = TinyJob.Create("forecasting");
        var result = CommandLine.Run("train", job.JobFile, "--output", job.Run);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("last value", result.Output, StringComparison.Ordinal);
        Assert.Contains("last season", result.Output, StringComparison.Ordinal);
        Assert.Contains("mae-original", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_Progress_GoesToStandardErrorAlone()
    {
        using var job = TinyJob.Create("language-model");
        var result = CommandLine.Run("train", job.JobFile, "--output", job.Run);
        Assert.Contains("step 1/6", result.Error, StringComparison.Ordinal);
        Assert.Contains("step 6/6", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("step 1/6", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Output + result.Error);
    }

    [Fact]
    public void Train_WorkersAndServers_GiveTheSameFingerprint()
    {
        using var job = TinyJob.Create("tagging");
        var alone = CommandLine.Run("train", job.JobFile, "--output", job["one"], "--json");
        var many = CommandLine.Run("train", job.JobFile, "--output", job["two"], "--json", "--workers", "3", "--parameter-servers", "2", "--local", "threads");
        Assert.Equal(0, many.ExitCode);
        Assert.Equal(alone.LastLineAsJson().GetProperty("fingerprint").GetString(), many.LastLineAsJson().GetProperty("fingerprint").GetString());
        Assert.Equal(3, many.LastLineAsJson().GetProperty("workers").GetInt32());
        Assert.Equal(2, many.LastLineAsJson().GetProperty("parameter_servers").GetInt32());
    }

    [Fact]
    public void Train_DirectoryIsNotEmpty_IsRefusedUntilResumed()
    {
        using var job = TinyJob.Create("classification");
        var first = CommandLine.Run("train", job.JobFile, "--output", job.Run, "--json");
        var second = CommandLine.Run("train", job.JobFile, "--output", job.Run);
        Assert.Equal(2, second.ExitCode);
        Assert.Contains(job.Run, second.Error, StringComparison.Ordinal);
        Assert.Contains("--resume", second.Error, StringComparison.Ordinal);
        var resumed = CommandLine.Run("train", job.JobFile, "--output", job.Run, "--resume", "--set", "training.steps=9", "--json");
        Assert.Equal(0, resumed.ExitCode);
        Assert.Equal(6, resumed.LastLineAsJson().GetProperty("resumed_from").GetInt32());
        var straight = CommandLine.Run("train", job.JobFile, "--output", job["straight"], "--set", "training.steps=9", "--json");
        Assert.Equal(straight.LastLineAsJson().GetProperty("fingerprint").GetString(), resumed.LastLineAsJson().GetProperty("fingerprint").GetString());
        Assert.NotEqual(first.LastLineAsJson().GetProperty("fingerprint").GetString(), resumed.LastLineAsJson().GetProperty("fingerprint").GetString());
    }

    [Fact]
    public void Train_ResumeWithoutOutput_IsRefused()
    {
        var result = CommandLine.Run("train", "sine", "--resume");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--output", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_UnknownKey_NamesTheFileLineKeyAndTheNearest()
    {
        using var job = TinyJob.Create("language-model");
        File.AppendAllText(job.JobFile, "checkpoint: {kep: 2}\n");
        var result = CommandLine.Run("train", job.JobFile);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("job.yaml:6", result.Error, StringComparison.Ordinal);
        Assert.Contains("checkpoint.kep", result.Error, StringComparison.Ordinal);
        Assert.Contains("checkpoint.keep", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_Verbose_ShowsWhereAnErrorArose()
    {
        var result = CommandLine.Run("train", "sine", "--set", "model.hiden=3", "--verbose");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("   at DistRnn.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_NeitherFileNorBuiltIn_NamesTheBuiltInJobs()
    {
        var result = CommandLine.Run("train", "sunspot");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'sunspot'", result.Error, StringComparison.Ordinal);
        Assert.Contains("sunspots, sine", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_MalformedData_NamesFileAndLine()
    {
        using var job = TinyJob.Create("forecasting");
        File.AppendAllText(job["series.csv"], "2024-03-01 00:00:00,many\n");
        var result = CommandLine.Run("train", job.JobFile, "--output", job.Run);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("series.csv", result.Error, StringComparison.Ordinal);
        Assert.Contains("202", result.Error, StringComparison.Ordinal);
        Assert.Contains("many", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_SeveralSeeds_GivesMeansAndDeviations()
    {
        using var job = TinyJob.Create("classification");
        var result = CommandLine.Run("train", job.JobFile, "--seeds", "1..3", "--output", job.Run, "--json");
        Assert.Equal(0, result.ExitCode);
        var summary = result.LastLineAsJson();
        var runs = summary.GetProperty("runs").EnumerateArray().ToArray();
        Assert.Equal(3, runs.Select(run => run.GetProperty("fingerprint").GetString()).Distinct().Count());
        var losses = runs.Select(run => run.GetProperty("test").GetProperty("loss").GetDouble()).ToArray();
        Assert.Equal(losses.Average(), summary.GetProperty("test").GetProperty("loss").GetProperty("mean").GetDouble(), 1e-12);
        Assert.Contains("deviation", result.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(job.Run, "seed-2", "summary.json")));
    }

    [Fact]
    public void Train_DryRun_ShowsShapesAndWritesNothing()
    {
        using var job = TinyJob.Create("language-model");
        var result = CommandLine.Run("train", job.JobFile, "--dry-run", "--output", job.Run, "--json");
        Assert.Equal(0, result.ExitCode);
        Assert.False(Directory.Exists(job.Run));
        Assert.Contains("rnn.weight_ih_l0", result.Output, StringComparison.Ordinal);
        Assert.Contains("64 x 8", result.Output, StringComparison.Ordinal);
        var outline = result.LastLineAsJson();
        var parameters = outline.GetProperty("tensors").EnumerateArray().Sum(tensor => tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, size) => product * size.GetInt32()));
        Assert.Equal(parameters, outline.GetProperty("parameters").GetInt64());
        Assert.Equal(6, outline.GetProperty("steps").GetInt32());
    }

    [Theory]
    [InlineData(1, 1, "none", 0)]
    [InlineData(2, 2, "none", 1)]
    [InlineData(2, 2, "bf16", 0.75)]
    [InlineData(3, 3, "none", 2)]
    public void Train_DryRun_SaysWhatAStepTakesBetweenProcesses(int workers, int servers, string codec, double timesParameters)
    {
        using var job = TinyJob.Create("forecasting");
        var result = CommandLine.Run(
            "train", job.JobFile, "--dry-run", "--json", "--workers", $"{workers}", "--parameter-servers", $"{servers}", "--set", "model.hidden=200", "--set", $"cluster.codec={codec}");
        Assert.Equal(0, result.ExitCode);
        var outline = result.LastLineAsJson();
        // Two workers pull and push the half that the other one owns; three workers two thirds each, so twice the parameters each way.
        var expected = 2 * timesParameters * sizeof(float) * outline.GetProperty("parameters").GetInt64();
        Assert.InRange(outline.GetProperty("bytes_per_step").GetDouble(), 0.99 * expected, 1.01 * expected);
    }

    [Fact]
    public void Train_DryRunOfAnUnknownCodec_IsRefused()
    {
        using var job = TinyJob.Create("forecasting");
        var result = CommandLine.Run("train", job.JobFile, "--dry-run", "--set", "cluster.codec=zip");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'zip', which is no codec", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_NonFiniteGradient_ExitsResumable()
    {
        using var job = TinyJob.Create("forecasting");
        var result = CommandLine.Run("train", job.JobFile, "--output", job.Run, "--json", "--set", "training.optimizer=sgd", "training.learning-rate=1e30", "training.steps=50");
        Assert.Equal(3, result.ExitCode);
        Assert.Equal("stopped", result.LastLineAsJson().GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Object, result.LastLineAsJson().GetProperty("faults").ValueKind);
    }
}
