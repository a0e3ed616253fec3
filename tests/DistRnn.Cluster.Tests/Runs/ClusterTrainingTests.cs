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

    [Fact]
    public void Run_WhereServersPromiseAHigherTermToAnother_GoesOnUnderATermAbove()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var job = SampleJobs.With(SampleJobs.LanguageModel(_directory, "codec: none", steps: 200), 2, 2);
        var alone = TrainingSession.Run(job, Options("alone"), SilentProgress.Instance, cancellation);
        SocketNodes? nodes = null;
        var rival = new RivalAt(5, () => nodes!.Nodes.Select(node => node.Node.Parts));
        var together = ClusterTraining.Run(job, Options("together"), rival, (seed, report) => nodes = SocketNodes.Start(seed, 2, 2, report), cancellation);
        Assert.Equal((alone.Fingerprint, alone.ModelFingerprint), (together.Fingerprint, together.ModelFingerprint));
        Assert.Equal(1, together.Faults["coordinator-deposed"]);
        using var ledger = LedgerReader.Open(Path.Combine(_directory, "together", "ledger.db"));
        Assert.True(ledger.EventsOf<TermBegan>().Last().At.Term > RivalAt.Term, "The term is not above that of the other coordinator.");
        Assert.Empty(Audit.Run(Path.Combine(_directory, "together")).Violations);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private TrainingRunOptions Options(string name) => new() { OutputDirectory = Path.Combine(_directory, name), Threads = 1 };

    /// <summary>After a step, asks every parameter server for its promise, as another coordinator would.</summary>
    private sealed class RivalAt(long step, Func<IEnumerable<NodeParts>> servers) : ITrainingProgress
    {
        public const long Term = 1000;

        private string _run = "";

        public void Loading(LoadingReport report)
        {
        }

        public void Started(RunOutline outline) => _run = Path.GetFileName(outline.Directory)!;

        public void StepDone(in StepReport report)
        {
            if (report.Step != step)
                return;
            foreach (var parts in servers())
                parts.System.ActorSelection("/user/" + NodeParts.ParameterServerName)
                    .Tell(new WireEnvelope(new NodeId("akka.tcp://distrnn@nowhere:1", 1), parts.Id, NodeRoles.ParameterServer, new PromiseRequest(new RunKey(_run, 0), Term)));
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
