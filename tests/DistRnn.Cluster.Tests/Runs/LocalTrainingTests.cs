using System.Text.RegularExpressions;
using DistRnn.Protocol;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A cluster of actors in one process, in real time and on real threads, ends in the bits of the trainer without one.</summary>
public sealed partial class LocalTrainingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("distrnn-local").FullName;

    [Theory]
    [InlineData("sunspots", 1, 1)]
    [InlineData("sunspots", 3, 2)]
    [InlineData("reber", 2, 4)]
    public void Run_OfABuiltInJob_HasTheFingerprintOfOneProcess(string name, int workers, int servers) => Check(SampleJobs.BuiltIn(name), workers, servers);

    [Theory]
    [InlineData("none")]
    [InlineData("bf16")]
    public void Run_OfALanguageModelWithLanes_HasTheFingerprintOfOneProcess(string codec) => Check(SampleJobs.LanguageModel(_directory, $"codec: {codec}"), 2, 3);

    [Fact]
    public void Run_ToldToEndAndResumed_HasTheFingerprintOfOneProcess()
    {
        var job = SampleJobs.With(SampleJobs.LanguageModel(_directory, "codec: none"), 2, 2);
        var alone = TrainingSession.Run(job, Options("alone"), SilentProgress.Instance, TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var interrupted = LocalTraining.Run(job, Options("together"), new StopAt(7, stop), stop.Token);
        Assert.Equal(RunStatus.Interrupted, interrupted.Status);
        Assert.InRange(interrupted.Steps, 7, alone.Steps - 1);
        var resumed = LocalTraining.Run(job, Options("together") with { Resume = true }, SilentProgress.Instance, TestContext.Current.CancellationToken);
        Assert.Equal(RunStatus.Completed, resumed.Status);
        Assert.Equal(interrupted.Steps, resumed.ResumedFrom);
        Assert.Equal(alone.Fingerprint, resumed.Fingerprint);
    }

    [Fact]
    public void Run_OfAJobWhoseGradientIsNotFinite_StopsWithTheReason()
    {
        var job = SampleJobs.With(SampleJobs.LanguageModel(_directory, "codec: none"), 2, 2);
        var alone = TrainingSession.Run(Diverging(job), Options("alone"), SilentProgress.Instance, TestContext.Current.CancellationToken);
        var together = LocalTraining.Run(Diverging(job), Options("together"), SilentProgress.Instance, TestContext.Current.CancellationToken);
        Assert.Equal(RunStatus.Stopped, together.Status);
        Assert.Equal((alone.Status, alone.Steps, alone.Reason), (together.Status, together.Steps, together.Reason));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static JobOptions Diverging(JobOptions job) => job with { Training = job.Training with { LearningRate = 1e30, ClipNorm = null } };

    [GeneratedRegex("\"tokens_per_second\":[^,}]*")]
    private static partial Regex Speed();

    private TrainingRunOptions Options(string name) => new() { OutputDirectory = Path.Combine(_directory, name), Threads = 1 };

    private void Check(JobOptions job, int workers, int servers)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var alone = TrainingSession.Run(job, Options("alone"), SilentProgress.Instance, cancellation);
        var together = LocalTraining.Run(SampleJobs.With(job, workers, servers), Options("together"), SilentProgress.Instance, cancellation);
        Assert.Equal(RunStatus.Completed, together.Status);
        Assert.Equal((alone.Fingerprint, alone.ModelFingerprint, alone.ModelStep), (together.Fingerprint, together.ModelFingerprint, together.ModelStep));
        Assert.Equal(alone.Test, together.Test);
        Assert.Equal(Rows("alone"), Rows("together"));
        Assert.Equal((workers, servers), (together.Workers, together.ParameterServers));
        using var ledger = LedgerReader.Open(Path.Combine(_directory, "together", "ledger.db"));
        Assert.Equal(together.Steps, ledger.EventsOf<StepCommitted>().Count());
    }

    private IEnumerable<string> Rows(string name) => File.ReadLines(Path.Combine(_directory, name, "metrics.jsonl")).Select(row => Speed().Replace(row, ""));

    /// <summary>Tells a run to end after some steps.</summary>
    private sealed class StopAt(long step, CancellationTokenSource stop) : ITrainingProgress
    {
        public void Loading(LoadingReport report)
        {
        }

        public void Started(RunOutline outline)
        {
        }

        public void StepDone(in StepReport report)
        {
            if (report.Step == step)
                stop.Cancel();
        }

        public void Evaluating(string part, int shard, int shards)
        {
        }

        public void Evaluated(EvaluationReport report)
        {
        }

        public void CheckpointWritten(long step)
        {
        }

        public void Note(string sentence)
        {
        }
    }
}
