using System.Text.Json;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class TrainingSessionTests
{
    public static TheoryDataOfJobs Jobs => Workspace.Jobs;

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Run_OnOneThreadOrTwo_GivesTheSameFingerprintAndMetrics(string yaml)
    {
        using var space = new Workspace();
        var job = space.Job(yaml, "training.epochs=2");
        var one = space.Train(job, "one");
        var two = space.Train(job, "two", threads: 2);
        Assert.Equal(RunStatus.Completed, one.Status);
        Assert.Equal(one.Fingerprint, two.Fingerprint);
        Assert.Equal(one.ModelFingerprint, two.ModelFingerprint);
        Assert.Equal(one.Train, two.Train);
        Assert.Equal(one.Valid, two.Valid);
        Assert.Equal(one.Test, two.Test);
        Assert.NotEmpty(one.Test);
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Run_WithAnotherSeed_GivesAnotherFingerprint(string yaml)
    {
        using var space = new Workspace();
        Assert.NotEqual(space.Train(space.Job(yaml), "one").Fingerprint, space.Train(space.Job(yaml, "seed=2"), "two").Fingerprint);
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Evaluate_OfTheKeptModel_SaysWhatTheSummarySays(string yaml)
    {
        using var space = new Workspace();
        var summary = space.Train(yaml == Workspace.Classification ? space.Job(yaml, "training.class-weights=balanced") : space.Job(yaml), "run");
        using var model = SavedModel.Open(space.PathOf("run"));
        var parts = model.Evaluate(SilentProgress.Instance);
        Assert.Equal(summary.ModelFingerprint, model.Fingerprint);
        Assert.Equal(["valid", "test"], parts.Select(part => part.Part));
        Assert.Equal(summary.Valid, parts[0].Metrics);
        Assert.Equal(summary.Test, parts[1].Metrics);
    }

    [Fact]
    public void Run_Completed_WritesEveryKeyOfTheSummary()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.LanguageModel), "run");
        using var json = JsonDocument.Parse(File.ReadAllText(space.PathOf("run/summary.json")));
        string[] keys =
        [
            "status", "task", "steps", "epochs", "parameters", "train", "valid", "test", "fingerprint", "model_fingerprint", "seconds", "tokens_per_second",
            "peak_memory_bytes", "workers", "parameter_servers", "faults", "recoveries", "resumed_from", "incarnation", "reproducible", "bytes_per_step", "software", "processor",
        ];
        var root = json.RootElement;
        Assert.Empty(keys.Except(root.EnumerateObject().Select(property => property.Name)));
        Assert.Equal("completed", root.GetProperty("status").GetString());
        Assert.Equal("language-model", root.GetProperty("task").GetString());
        Assert.Equal(3, root.GetProperty("epochs").GetInt32());
        Assert.Matches("^[0-9a-f]{64}$", root.GetProperty("fingerprint").GetString());
        Assert.Equal(["loss", "perplexity", "bits"], root.GetProperty("test").EnumerateObject().Select(metric => metric.Name));
        Assert.True(root.GetProperty("peak_memory_bytes").GetInt64() > 1 << 20);
        Assert.True(root.GetProperty("tokens_per_second").GetDouble() > 0);
        Assert.Equal(0, root.GetProperty("bytes_per_step").GetInt64());
        Assert.True(root.GetProperty("reproducible").GetBoolean());
    }

    [Fact]
    public void Run_Completed_WritesARowAStepWithTheValidationMetricsWhereMeasured()
    {
        using var space = new Workspace();
        var summary = space.Train(space.Job(Workspace.LanguageModel), "run");
        var rows = Rows(space, "run");
        Assert.Equal(Enumerable.Range(1, (int)summary.Steps), rows.Select(row => row.GetProperty("step").GetInt32()));
        Assert.All(rows, row => Assert.Equal(
            ["step", "epoch", "loss", "learning_rate", "grad_norm", "tokens_per_second"], row.EnumerateObject().Select(property => property.Name).Where(name => name != "valid")));
        Assert.Equal(3, rows.Count(row => row.TryGetProperty("valid", out _)));
        Assert.True(rows[^1].GetProperty("valid").GetProperty("loss").GetDouble() > 0);
        Assert.True(File.Exists(space.PathOf("run/job.yaml")));
        Assert.True(File.Exists(space.PathOf("run/model/vocabulary.txt")));
        Assert.Contains("\"pid\"", File.ReadAllText(space.PathOf("run/nodes.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_IntoADirectoryThatIsNotEmpty_IsRefused()
    {
        using var space = new Workspace();
        Directory.CreateDirectory(space.PathOf("run"));
        space.Write("run/something", "");
        var error = Assert.Throws<InvalidInputException>(() => space.Train(space.Job(Workspace.Tagging), "run"));
        Assert.Contains("--resume", error.Message, StringComparison.Ordinal);
        Assert.Equal(["something"], Directory.EnumerateFileSystemEntries(space.PathOf("run")).Select(Path.GetFileName));
    }

    [Fact]
    public void Run_KeepingTheBest_KeepsTheStepOfTheBestEvaluation()
    {
        using var space = new Workspace();
        space.ContradictTags();
        var progress = new RecordingProgress();
        var summary = space.Train(space.Job(Workspace.Tagging, "training.epochs=8", "training.best=loss"), "run", progress: progress);
        var best = progress.Evaluations.Where(report => report.Part == "valid").Take(8).MinBy(report => report.Metrics["loss"])!;
        Assert.Equal(best.Step, summary.ModelStep);
        Assert.NotEqual(summary.Steps, summary.ModelStep);
        Assert.Equal(best.Metrics, summary.Valid);
        Assert.Equal(8, progress.Evaluations.Count(report => report.Part == "valid"));
    }

    [Fact]
    public void Run_KeepingTheLast_KeepsTheLastStep()
    {
        using var space = new Workspace();
        var summary = space.Train(space.Job(Workspace.Tagging, "training.keep=last"), "run");
        Assert.Equal(summary.Steps, summary.ModelStep);
        Assert.Equal(summary.Fingerprint, summary.ModelFingerprint);
    }

    [Fact]
    public void Run_WithPatience_StopsAfterSoManyEvaluationsWithoutABetterOne()
    {
        using var space = new Workspace();
        var progress = new RecordingProgress();
        var summary = space.Train(
            space.Job(Workspace.Classification, "training.learning-rate=1e-12", "training.optimizer=sgd", "training.epochs=50", "training.patience=2"), "run", progress: progress);
        Assert.Equal(RunStatus.Completed, summary.Status);
        Assert.Equal(3, summary.Epochs);
        Assert.Equal(3, progress.Evaluations.Count(report => report.Part == "valid"));
        Assert.Contains("patience", summary.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WithAPlateau_LowersTheRateWhenNothingGetsBetter()
    {
        using var space = new Workspace();
        space.Train(
            space.Job(Workspace.Classification, "training.learning-rate=1e-12", "training.optimizer=sgd", "training.epochs=4", "training.schedule=plateau(0.25, patience 1)"), "run");
        var rates = Rows(space, "run").GroupBy(row => row.GetProperty("epoch").GetInt32()).Select(rows => rows.First().GetProperty("learning_rate").GetDouble()).ToArray();
        Assert.Equal([1e-12, 1e-12, 1e-12 * 0.25, 1e-12 * 0.0625], rates);
    }

    [Fact]
    public void RunSeeds_OverThreeSeeds_GivesMeanAndDeviation()
    {
        using var space = new Workspace();
        var seeds = TrainingSession.RunSeeds(space.Job(Workspace.Classification), 4, 6, space.Options("seeds"), SilentProgress.Instance);
        Assert.Equal(3, seeds.Runs.Length);
        Assert.Equal(3, seeds.Runs.Select(run => run.Fingerprint).Distinct().Count());
        var losses = seeds.Runs.Select(run => run.Test["loss"]).ToArray();
        var loss = Assert.Single(seeds.Test, spread => spread.Metric == "loss");
        Assert.Equal(losses.Average(), loss.Mean, 12);
        Assert.Equal(Math.Sqrt(losses.Sum(value => Math.Pow(value - losses.Average(), 2)) / 2), loss.Deviation, 12);
        Assert.True(Directory.Exists(space.PathOf("seeds/seed-5/model")));
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Outline_OfAJob_SaysWhatTheRunIsMadeOfAndWritesNothing(string yaml)
    {
        using var space = new Workspace();
        var job = space.Job(yaml);
        var before = Directory.EnumerateFileSystemEntries(space.Root).Count();
        var outline = TrainingSession.Outline(job, space.Options("run"), SilentProgress.Instance);
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(space.Root).Count());
        var summary = space.Train(job, "run");
        Assert.Equal(summary.Steps, outline.Steps);
        Assert.Equal(summary.Parameters, outline.Parameters);
        Assert.Equal(outline.Parameters, outline.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size)));
        Assert.True(outline.StateBytes > 4 * outline.Parameters);
        Assert.True(outline.WorkingBytes > 0);
        Assert.Equal(3, outline.Data.Length);
    }

    [Theory]
    [InlineData("training.patience=2", "training.patience")]
    [InlineData("training.schedule=plateau(0.5, patience 1)", "training.schedule")]
    [InlineData("training.evaluate-every=3", "training.evaluate-every")]
    public void Run_ThatNeedsAValidationPartAndHasNone_IsRefusedWithTheKey(string set, string key)
    {
        using var space = new Workspace();
        var yaml = Workspace.Tagging.Replace("valid: tags.valid.txt, ", "", StringComparison.Ordinal);
        var error = Assert.Throws<InvalidInputException>(() => space.Train(space.Job(yaml, set), "run"));
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(space.PathOf("run")));
    }

    internal static JsonElement[] Rows(Workspace space, string run) =>
        [.. File.ReadLines(space.PathOf($"{run}/metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.Clone())];
}
