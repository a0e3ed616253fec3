using DistRnn.Formats;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class FaultTests
{
    private const string Diverging = "training.learning-rate=1e30";

    [Fact]
    public void Run_ThatDivergesUnderStop_StopsWithTheReasonAndResumesToTheSameStop()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.Forecasting, Diverging, "training.optimizer=sgd");
        var summary = space.Train(job, "run");
        Assert.Equal(RunStatus.Stopped, summary.Status);
        Assert.Equal(1, summary.Faults["non-finite"]);
        Assert.Contains("not finite", summary.Reason, StringComparison.Ordinal);
        var resumed = space.Train(job, "run", resume: true);
        Assert.Equal((RunStatus.Stopped, summary.Steps, summary.Fingerprint), (resumed.Status, resumed.Steps, resumed.Fingerprint));
        Assert.Equal(1, resumed.Faults["non-finite"]);
    }

    [Theory]
    [InlineData("skip")]
    [InlineData("halve-rate")]
    public void Run_ThatDivergesUnderSkipOrHalveRate_GoesThroughAndCountsTheSteps(string policy)
    {
        using var space = new Workspace();
        var progress = new RecordingProgress();
        var summary = space.Train(space.Job(Workspace.Forecasting, Diverging, "training.optimizer=sgd", $"cluster.non-finite={policy}"), "run", progress: progress);
        Assert.Equal(RunStatus.Completed, summary.Status);
        var passedOver = progress.Steps.Count(step => !step.Applied);
        Assert.True(passedOver > 1);
        Assert.Equal(passedOver, summary.Faults["non-finite"]);
        var first = progress.Steps.FindIndex(step => !step.Applied);
        Assert.Equal(policy == "skip" ? 1e30 : 0.5e30, progress.Steps[first + 1].LearningRate);
        Assert.Equal(passedOver, TrainingSessionTests.Rows(space, "run").Count(row => row.TryGetProperty("skipped", out _)));
    }

    [Fact]
    public void Run_OnAFullDiskWithRequiredCheckpoints_StopsAndResumesFromTheLastCompleteOne()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.LanguageModel, "training.epochs=2");
        var expected = space.Train(job, "whole");
        var disk = new FullDisk { WritesLeft = 9 };
        var stopped = TrainingSession.Run(job, space.Options("run") with { Files = disk }, SilentProgress.Instance);
        Assert.True(disk.Refused > 0);
        Assert.Equal(RunStatus.Stopped, stopped.Status);
        Assert.Equal(1, stopped.Faults["checkpoint-not-written"]);
        Assert.Contains("step-2", stopped.Reason, StringComparison.Ordinal);
        Assert.Contains("no space left", stopped.Reason, StringComparison.Ordinal);
        var resumed = space.Train(job, "run", resume: true);
        Assert.Equal(2, resumed.ResumedFrom);
        Assert.Equal(expected.Fingerprint, resumed.Fingerprint);
        Assert.Equal(expected.Test, resumed.Test);
    }

    [Fact]
    public void Run_OnAFullDiskWithoutRequiredCheckpoints_GoesOnAndKeepsTheBestModelAllTheSame()
    {
        using var space = new Workspace();
        space.ContradictTags();
        string[] sets = ["training.epochs=8", "training.best=loss", "checkpoint.required=false"];
        var job = space.Job(Workspace.Tagging, sets);
        var expected = space.Train(job, "whole");
        var disk = new FullDisk { WritesLeft = 0 };
        var progress = new RecordingProgress();
        var summary = TrainingSession.Run(job, space.Options("run") with { Files = disk }, progress);
        Assert.True(disk.Refused > 0);
        Assert.Equal(RunStatus.Completed, summary.Status);
        Assert.True(summary.Faults["checkpoint-not-written"] > 1);
        Assert.Contains(progress.Notes, note => note.Contains("no space left", StringComparison.Ordinal));
        Assert.NotEqual(expected.Steps, expected.ModelStep);
        Assert.Equal(expected.ModelFingerprint, summary.ModelFingerprint);
        Assert.Equal(expected.Test, summary.Test);
    }

    /// <summary>This machine's file system until so many files have been begun; then every new one finds the disk full.</summary>
    private sealed class FullDisk : IFileStore
    {
        public int WritesLeft { get; set; }

        public int Refused { get; private set; }

        public Stream Create(string path)
        {
            if (WritesLeft-- > 0)
                return FileStore.Local.Create(path);
            Refused++;
            throw new IOException("There is no space left on the device.");
        }

        public void Sync(Stream stream) => FileStore.Local.Sync(stream);

        public void Replace(string from, string to) => FileStore.Local.Replace(from, to);

        public void SyncDirectory(string path) => FileStore.Local.SyncDirectory(path);

        public void CreateDirectory(string path) => FileStore.Local.CreateDirectory(path);

        public void Delete(string path) => FileStore.Local.Delete(path);

        public void DeleteDirectory(string path) => FileStore.Local.DeleteDirectory(path);
    }
}
