using DistRnn.Protocol;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Coordinator, workers and parameter servers over real sockets, control and data planes both: the bits of the trainer in one process.</summary>
public sealed class ClusterTrainingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("distrnn-cluster").FullName;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(1, 3)]
    public void Run_OverSockets_HasTheFingerprintOfOneProcess(int workers, int servers)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var job = SampleJobs.With(SampleJobs.LanguageModel(_directory, "codec: none"), workers, servers);
        var alone = TrainingSession.Run(job, Options("alone"), SilentProgress.Instance, cancellation);
        var together = ClusterTraining.Run(job, Options("together"), SilentProgress.Instance, (seed, report) => SocketNodes.Start(seed, workers, servers, report), cancellation);
        Assert.Equal(RunStatus.Completed, together.Status);
        Assert.Equal((alone.Fingerprint, alone.ModelFingerprint), (together.Fingerprint, together.ModelFingerprint));
        using var ledger = LedgerReader.Open(Path.Combine(_directory, "together", "ledger.db"));
        Assert.Equal(together.Steps, ledger.EventsOf<StepCommitted>().Count());
        Assert.Empty(together.Faults);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private TrainingRunOptions Options(string name) => new() { OutputDirectory = Path.Combine(_directory, name), Threads = 1 };
}
