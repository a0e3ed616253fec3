using DistRnn.Protocol;
using DistRnn.Runtime;
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
    public async Task Run_OverSockets_HasTheFingerprintOfOneProcess(int workers, int servers)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var job = SampleJobs.With(SampleJobs.LanguageModel(_directory, "codec: none"), workers, servers);
        var alone = TrainingSession.Run(job, Options("alone"), SilentProgress.Instance, cancellation);
        await using var coordinator = new OneCoordinator(new CoordinatorOrder(JobFile.Write(job), job.Name, Path.Combine(_directory, "together"), "once", false));
        await using var nodes = SocketNodes.Start(coordinator.Seed, workers, servers, _ => { });
        var together = coordinator.WaitForEnd(_ => { }, cancellation);
        Assert.Equal(RunStatus.Completed, together.Status);
        Assert.Equal((alone.Fingerprint, alone.ModelFingerprint), (together.Fingerprint, together.ModelFingerprint));
        using var ledger = LedgerReader.Open(Path.Combine(_directory, "together", "ledger.db"));
        Assert.Equal(together.Steps, ledger.EventsOf<StepCommitted>().Count());
        Assert.Empty(together.Faults);
    }

    [Fact]
    public async Task Run_OfAModelOfWhichServersOwnSeveralPartitions_HasTheFingerprintOfOneProcess()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var small = SampleJobs.With(SampleJobs.LanguageModel(_directory, "codec: none", steps: 4), 2, 2);
        var job = small with { Model = small.Model with { Hidden = [512, 512] } };
        using (var loaded = LoadedJob.Load(job, 1, SilentProgress.Instance))
            Assert.Equal(4, PartitionMap.CountFor(loaded.Table, 2));
        var alone = TrainingSession.Run(job, Options("alone"), SilentProgress.Instance, cancellation);
        await using var coordinator = new OneCoordinator(new CoordinatorOrder(JobFile.Write(job), job.Name, Path.Combine(_directory, "together"), "once", false));
        await using var nodes = SocketNodes.Start(coordinator.Seed, 2, 2, _ => { });
        var together = coordinator.WaitForEnd(_ => { }, cancellation);
        Assert.Equal((alone.Fingerprint, alone.ModelFingerprint), (together.Fingerprint, together.ModelFingerprint));
        Assert.Empty(Audit.Run(Path.Combine(_directory, "together")).Violations);
    }

    [Fact]
    public async Task Run_WhereServersPromiseAHigherTermToAnother_GoesOnUnderATermAbove()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var job = SampleJobs.With(SampleJobs.LanguageModel(_directory, "codec: none", steps: 200), 2, 2);
        var alone = TrainingSession.Run(job, Options("alone"), SilentProgress.Instance, cancellation);
        const long Term = 1000 * Terms.PerRound;
        await using var coordinator = new OneCoordinator(new CoordinatorOrder(JobFile.Write(job), job.Name, Path.Combine(_directory, "together"), "once", false));
        await using var nodes = SocketNodes.Start(coordinator.Seed, 2, 2, _ => { });
        var together = coordinator.WaitForEnd(saying =>
        {
            if (saying.Step is { Step: 5 })
                AskForPromises(nodes, new RunKey("together", 0), Term);
        }, cancellation);
        Assert.Equal((alone.Fingerprint, alone.ModelFingerprint), (together.Fingerprint, together.ModelFingerprint));
        Assert.Equal(1, together.Faults["coordinator-deposed"]);
        using var ledger = LedgerReader.Open(Path.Combine(_directory, "together", "ledger.db"));
        Assert.True(ledger.EventsOf<TermBegan>().Last().At.Term > Term, "The term is not above that of the other coordinator.");
        Assert.Empty(Audit.Run(Path.Combine(_directory, "together")).Violations);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private TrainingRunOptions Options(string name) => new() { OutputDirectory = Path.Combine(_directory, name), Threads = 1 };

    /// <summary>Asks every parameter server for its promise, as another coordinator would.</summary>
    private static void AskForPromises(SocketNodes nodes, RunKey run, long term)
    {
        foreach (var parts in nodes.Nodes.Select(node => node.Node.Parts))
            parts.System.ActorSelection("/user/" + NodeParts.ParameterServerName)
                .Tell(new WireEnvelope(new NodeId("akka.tcp://distrnn@nowhere:1", 1), parts.Id, NodeRoles.ParameterServer, new PromiseRequest(run, term)));
    }
}
