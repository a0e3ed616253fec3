using System.Text.Json;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class ResumeTests
{
    public static TheoryDataOfJobs Jobs => Workspace.Jobs;

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Run_InterruptedAtAnyStepAndResumed_EndsWhereTheUndisturbedOneDoes(string yaml)
    {
        using var space = new Workspace();
        var job = space.Job(yaml, "training.epochs=2", "training.batch=16");
        var expected = space.Train(job, "whole");
        for (var stop = 1; stop < expected.Steps; stop += yaml == Workspace.LanguageModel ? 7 : 1)
        {
            var run = $"stop-{stop}";
            var interrupted = Interrupt(space, job, run, stop);
            Assert.Equal(RunStatus.Interrupted, interrupted.Status);
            Assert.Equal(stop, interrupted.Steps);
            AssertGoesOnTo(expected, space, job, run, stop);
        }
    }

    [Fact]
    public void Run_ResumedFromEveryCheckpointOfACompletedRun_EndsTheSame()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.LanguageModel, "training.epochs=2", "checkpoint.every-steps=9");
        var expected = space.Train(job, "run");
        var steps = Steps(space, "run");
        Assert.True(steps.Count > 4);
        foreach (var step in steps.SkipLast(1).OrderDescending())
        {
            foreach (var newer in Steps(space, "run").Where(newer => newer > step))
                Directory.Delete(space.PathOf($"run/checkpoints/step-{newer}"), recursive: true);
            AssertGoesOnTo(expected, space, job, "run", step);
        }
    }

    [Theory]
    [InlineData("parameters.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("lanes.safetensors")]
    [InlineData("position.json")]
    [InlineData("manifest.json")]
    public void Run_WhoseNewestCheckpointIsDamaged_GoesOnFromTheOneBeforeAndSaysSo(string part)
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.LanguageModel, "training.epochs=1");
        var expected = space.Train(job, "whole");
        Interrupt(space, job, "run", 7);
        var newest = Steps(space, "run").Max();
        var path = space.PathOf($"run/checkpoints/step-{newest}/{part}");
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(path, bytes);

        var progress = new RecordingProgress();
        var resumed = space.Train(job, "run", resume: true, progress: progress);

        Assert.Equal(7, newest);
        Assert.Equal(6, resumed.ResumedFrom);
        Assert.Contains(progress.Notes, note => note.Contains("step 7", StringComparison.Ordinal) && note.Contains(part, StringComparison.Ordinal));
        Assert.Equal(expected.Fingerprint, resumed.Fingerprint);
    }

    [Fact]
    public void Run_ResumedWithNothingToResume_StartsAfresh()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.Tagging);
        var progress = new RecordingProgress();
        var resumed = space.Train(job, "run", resume: true, progress: progress);
        Assert.Equal(0, resumed.ResumedFrom);
        Assert.Equal(space.Train(job, "other").Fingerprint, resumed.Fingerprint);
        Assert.Contains(progress.Notes, note => note.Contains("afresh", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_ResumedWithMoreEpochs_EndsWhereTheLongerRunDoes()
    {
        using var space = new Workspace();
        var expected = space.Train(space.Job(Workspace.Classification, "training.epochs=5"), "long");
        space.Train(space.Job(Workspace.Classification, "training.epochs=2"), "run");
        var resumed = space.Train(space.Job(Workspace.Classification, "training.epochs=5"), "run", resume: true);
        Assert.Equal(expected.Fingerprint, resumed.Fingerprint);
        Assert.Equal(expected.ModelFingerprint, resumed.ModelFingerprint);
        Assert.Equal(expected.Test, resumed.Test);
    }

    [Theory]
    [InlineData("model.hidden=7", "model.hidden")]
    [InlineData("seed=3", "seed")]
    [InlineData("cluster.non-finite=skip", "cluster.non-finite")]
    public void Run_ResumedAsAnotherJob_IsRefusedWithTheKey(string set, string key)
    {
        using var space = new Workspace();
        Interrupt(space, space.Job(Workspace.Tagging), "run", 2);
        var error = Assert.Throws<InvalidInputException>(() => space.Train(space.Job(Workspace.Tagging, set), "run", resume: true));
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ResumedOnOtherData_IsRefused()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.Tagging);
        Interrupt(space, job, "run", 2);
        File.AppendAllText(space.PathOf("tags.txt"), "go\tO\n\n");
        Assert.Contains("other data", Assert.Throws<InvalidInputException>(() => space.Train(job, "run", resume: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WithFewCheckpointsToKeep_KeepsThemAndTheBest()
    {
        using var space = new Workspace();
        space.ContradictTags();
        var summary = space.Train(
            space.Job(Workspace.Tagging, "training.best=loss", "training.epochs=8", "checkpoint.every-steps=1", "checkpoint.keep=2"), "run");
        var last = summary.Steps;
        Assert.True(summary.ModelStep < last - 1, $"The best step {summary.ModelStep} is among the last two of {last}; the case shows nothing.");
        Assert.Equal([summary.ModelStep, last - 1, last], Steps(space, "run"));
    }

    [Fact]
    public void Run_CancelledBeforeItsFirstStep_LeavesARunThatResumes()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.Forecasting);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        var summary = space.Train(job, "run", cancellation: cancellation.Token);
        Assert.Equal(RunStatus.Interrupted, summary.Status);
        Assert.Equal(0, summary.Steps);
        Assert.Equal(space.Train(job, "other").Fingerprint, space.Train(job, "run", resume: true).Fingerprint);
    }

    internal static RunSummary Interrupt(Workspace space, JobOptions job, string run, long stop)
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new RecordingProgress(report =>
        {
            if (report.Step == stop)
                cancellation.Cancel();
        });
        return space.Train(job, run, progress: progress, cancellation: cancellation.Token);
    }

    private static void AssertGoesOnTo(RunSummary expected, Workspace space, JobOptions job, string run, long from)
    {
        var resumed = space.Train(job, run, resume: true);
        Assert.Equal(RunStatus.Completed, resumed.Status);
        Assert.Equal(from, resumed.ResumedFrom);
        Assert.Equal(expected.Fingerprint, resumed.Fingerprint);
        Assert.Equal(expected.ModelFingerprint, resumed.ModelFingerprint);
        Assert.Equal(expected.ModelStep, resumed.ModelStep);
        Assert.Equal(expected.Train, resumed.Train);
        Assert.Equal(expected.Valid, resumed.Valid);
        Assert.Equal(expected.Test, resumed.Test);
        Assert.Equal(Comparable(TrainingSessionTests.Rows(space, new DirectoryInfo(expected.Directory).Name)), Comparable(TrainingSessionTests.Rows(space, run)));
    }

    private static string[] Comparable(JsonElement[] rows) =>
        [.. rows.Select(row => string.Join(", ", row.EnumerateObject().Where(property => property.Name != "tokens_per_second").Select(property => property.ToString())))];

    private static List<long> Steps(Workspace space, string run) =>
        [.. Directory.EnumerateDirectories(space.PathOf($"{run}/checkpoints")).Select(path => long.Parse(Path.GetFileName(path)["step-".Length..], System.Globalization.CultureInfo.InvariantCulture)).Order()];
}
