using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>How a run is carried out, beside what its job says.</summary>
internal sealed record HostedRunOptions
{
    /// <summary>Threads that this process computes with when it evaluates the kept model, at least 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Copies of each partition beside the owner's: 0 or 1.</summary>
    public int Replicas { get; init; }

    /// <summary>Whether workers are other processes, which read the job from its text.</summary>
    public bool SendsJob { get; init; }

    /// <summary>The status of a run that is told to end.</summary>
    public string StopStatus { get; init; } = "interrupted";

    /// <summary>The version that the members hold of a run which an earlier coordinator began: its rows up to there stand.</summary>
    public long? AdoptedVersion { get; init; }

    /// <summary>The blob of the job's package, for workers on other machines; empty where there is none.</summary>
    public string Package { get; init; } = "";

    /// <summary>Whose data plane has the package and its blobs.</summary>
    public string Holder { get; init; } = "";
}

/// <summary>
/// A run where its directory is: the job is read, the directory opened, the ledger begun, and the coordinator's surroundings are ready to be handed to
/// whatever runs the coordinator. <see cref="Run"/> then works on this thread until the run is over.
/// </summary>
internal sealed class HostedRun : IDisposable
{
    private readonly RunJournal _journal;
    private readonly LedgerWriter _ledger;
    private readonly RunPump _pump = new();
    private readonly JobCoordinatorRuns _runs;
    private readonly CancellationToken _cancellation;
    private Func<JournalEnding> _facts = () => new JournalEnding("", "", 1, 1, 0);
    private CancellationTokenRegistration _stop;

    /// <summary>Makes a run ready.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches; called on the thread of <see cref="Run"/>.</param>
    /// <param name="hosting">How it is carried out.</param>
    /// <param name="cancellation">Ends the run after the step in work and a checkpoint.</param>
    /// <exception cref="InvalidInputException">The job, its data or the directory are not usable, or what is to be resumed belongs to another job.</exception>
    public HostedRun(JobOptions job, TrainingRunOptions options, ITrainingProgress progress, HostedRunOptions hosting, CancellationToken cancellation)
    {
        var started = options.Clock.GetTimestamp();
        _cancellation = cancellation;
        Job = LoadedJob.Load(job, hosting.Threads, progress);
        _journal = Job.CreateJournal(options, progress, started);
        var start = _journal.Open(hosting.AdoptedVersion);
        var ledgerFile = Path.Combine(_journal.Directory, "ledger.db");
        var (incarnation, term) = Earlier(ledgerFile);
        _ledger = LedgerWriter.Open(ledgerFile);
        var plan = PlanOf(start, hosting, incarnation, term);
        _runs = new JobCoordinatorRuns(Job, plan.Spec.Partitions, _journal, start, _ledger, _pump, EndingOf, cancellation);
        Runs = new BegunRuns(_runs, plan, desk => _stop = cancellation.Register(() => desk.Feed(new StopRun(hosting.StopStatus, "The run was told to end."))));
    }

    /// <summary>The job.</summary>
    public LoadedJob Job { get; }

    /// <summary>The file that lists the run's nodes.</summary>
    public string NodesFile => Path.Combine(_journal.Directory, "nodes.json");

    /// <summary>What the coordinator has done beside messages; it begins the run as soon as there is a coordinator.</summary>
    public ICoordinatorRuns Runs { get; }

    /// <summary>Works until the run is over.</summary>
    /// <param name="facts">What the summary says of how the run was carried out; asked at its end.</param>
    /// <returns>What the run came to.</returns>
    public RunSummary Run(Func<JournalEnding> facts)
    {
        _facts = facts;
        _pump.Run();
        return _runs.Summary!;
    }

    /// <summary>Has something done in its turn on the thread of <see cref="Run"/>.</summary>
    /// <param name="order">What to do.</param>
    public void Post(Action order) => _pump.Post(order);

    /// <summary>Has <see cref="Run"/> throw.</summary>
    /// <param name="exception">What.</param>
    public void Fail(Exception exception) => _pump.Post(() => throw exception);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Dispose();
        _pump.Dispose();
        _runs.Dispose();
        _ledger.Dispose();
        _journal.Dispose();
        Job.Dispose();
    }

    /// <summary>The incarnation of an execution that follows others in one directory, above all that the ledger knows, and the highest term there.</summary>
    private static (int Incarnation, long Term) Earlier(string ledger)
    {
        if (!File.Exists(ledger))
            return (0, 0);
        using var reader = LedgerReader.Open(ledger);
        return (reader.Events().Select(entry => entry.At.Incarnation + 1).DefaultIfEmpty(0).Max(), reader.Last?.Term ?? 0);
    }

    private JournalEnding EndingOf(EndRun end) => _facts() with { Status = end.Status, Reason = end.Status == "completed" ? "" : end.Reason };

    private RunPlan PlanOf(VersionContent start, HostedRunOptions hosting, int incarnation, long term)
    {
        var cluster = Job.Job.Cluster;
        var text = hosting.SendsJob ? File.ReadAllText(Path.Combine(_journal.Directory, "job.yaml")) : "";
        return new RunPlan
        {
            Run = Path.GetFileName(_journal.Directory),
            Description = new RunDescription(cluster.ParameterServers, hosting.Package, cluster.Workers, cluster.ParameterServers, hosting.Holder, Job.Job.Name, text).ToBytes(),
            Spec = Job.SpecFor(cluster.ParameterServers),
            Course = Job.Course,
            StartVersion = start.Version,
            StartPosition = start.Position,
            StartIncarnation = incarnation,
            TermAbove = term,
            Digest = Job.Digest,
            Seed = Job.Job.Seed,
            ServersWanted = cluster.ParameterServers,
            WorkersWanted = cluster.Workers,
            Replicas = hosting.Replicas,
            Speculates = cluster.Speculation,
            VerifiedShare = cluster.Verify,
            RequiresCheckpoints = Job.Job.Checkpoint.Required,
        };
    }

    /// <summary>Begins the run when there is a coordinator.</summary>
    private sealed class BegunRuns(JobCoordinatorRuns runs, RunPlan plan, Action<ICoordinatorDesk> begun) : ICoordinatorRuns
    {
        public void Begin(ICoordinatorDesk desk)
        {
            runs.Begin(desk);
            desk.Feed(new BeginRun(plan));
            begun(desk);
        }

        public void CarryOut(Effect effect) => runs.CarryOut(effect);

        public void TakeSnapshot(PartitionKey key, PartitionContent content) => runs.TakeSnapshot(key, content);
    }
}
