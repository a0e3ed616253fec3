using System.Text.Json;
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

    /// <summary>Copies of each partition beside the owner's, where there are servers for them.</summary>
    public int Replicas { get; init; }

    /// <summary>Whether workers are other processes, which read the job from its text.</summary>
    public bool SendsJob { get; init; }

    /// <summary>The status of a run that is told to end.</summary>
    public string StopStatus { get; init; } = "interrupted";

    /// <summary>Into how many parts the parameters are cut; null for what suits the parameter servers.</summary>
    public int? Partitions { get; init; }

    /// <summary>The version that the members hold of a run which an earlier coordinator began: its rows up to there stand.</summary>
    public long? AdoptedVersion { get; init; }

    /// <summary>The position of that version.</summary>
    public ReadOnlyMemory<byte> AdoptedPosition { get; init; }

    /// <summary>The other nodes, which hold copies; null where there are none.</summary>
    public CopyPeers? Peers { get; init; }

    /// <summary>Whether <see cref="HostedRun.TryRun"/> returns when another coordinator is in charge; otherwise this one begins again under a new term.</summary>
    public bool EndsOnStepDown { get; init; }

    /// <summary>Whether another process may take this one's place in the same directory at any time, which then keeps up with what is done.</summary>
    public bool MayBeTakenOver { get; init; }

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
    private const int BeginAgainMs = 2_000;
    private static readonly TimeSpan s_drainTime = TimeSpan.FromSeconds(2);

    private readonly RunJournal _journal;
    private readonly LedgerWriter _ledger;
    private readonly RunPump _pump = new();
    private readonly JobCoordinatorRuns _runs;
    private readonly RunCopies? _copies;
    private readonly HostedRunOptions _hosting;
    private readonly CancellationToken _cancellation;
    private Func<JournalEnding> _facts = () => new JournalEnding("", "", 1, 1, 0);
    private CancellationTokenRegistration _stop;
    private ICoordinatorDesk? _desk;
    private RunPlan _plan;
    private Timer? _again;

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
        (_cancellation, _hosting) = (cancellation, hosting);
        Job = LoadedJob.Load(job, hosting.Threads, progress);
        _journal = Job.CreateJournal(options, progress, started);
        var start = _journal.Open(hosting.AdoptedVersion);
        var (incarnation, term) = Earlier(LedgerFile, hosting.AdoptedVersion is null ? 1 : 0);
        if (hosting.AdoptedVersion is { } adopted)
            _journal.Fill(CommitsUpTo(adopted, LedgerFile), hosting.AdoptedPosition);
        _ledger = LedgerWriter.Open(LedgerFile, new LedgerWriterOptions { KeepsUp = hosting.MayBeTakenOver });
        _copies = hosting.Peers is { } peers ? new RunCopies(_journal.Directory, hosting.Package, job.Checkpoint.Copies, _ledger, peers) : null;
        _plan = PlanOf(start, hosting, incarnation, term) with { GoesBackFor = hosting.AdoptedVersion is null ? "" : ReasonToGoBack(hosting.AdoptedPosition) };
        _runs = new JobCoordinatorRuns(Job, _plan.Spec.Partitions, _journal, start, _ledger, _pump, EndingOf, _copies, cancellation);
        Runs = new BegunRuns(this);
    }

    /// <summary>The job.</summary>
    public LoadedJob Job { get; }

    /// <summary>The file that lists the run's nodes.</summary>
    public string NodesFile => Path.Combine(_journal.Directory, "nodes.json");

    /// <summary>What the coordinator has done beside messages; it begins the run as soon as there is a coordinator.</summary>
    public ICoordinatorRuns Runs { get; }

    private string LedgerFile => Path.Combine(_journal.Directory, Audit.LedgerName);

    /// <summary>Works until the run is over.</summary>
    /// <param name="facts">What the summary says of how the run was carried out; asked at its end.</param>
    /// <returns>What the run came to.</returns>
    public RunSummary Run(Func<JournalEnding> facts) =>
        TryRun(facts) ?? throw new InvalidInputException("Another coordinator is in charge of the run now; this one has stopped.");

    /// <summary>Works until the run is over, or until this coordinator is no more in charge of it.</summary>
    /// <param name="facts">What the summary says of how the run was carried out; asked at its end.</param>
    /// <returns>What the run came to; null where another coordinator goes on with it.</returns>
    public RunSummary? TryRun(Func<JournalEnding> facts)
    {
        _facts = facts;
        _pump.Run();
        return _runs.Summary;
    }

    /// <summary>Has <see cref="TryRun"/> return without an end of the run: another coordinator goes on with it.</summary>
    public void Abandon() => _pump.End();

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
        _again?.Dispose();
        _pump.Dispose();
        _runs.Dispose();
        if (_runs.Summary is null)
            _copies?.Drain(s_drainTime);
        _copies?.Dispose();
        _ledger.Dispose();
        _journal.Dispose();
        Job.Dispose();
    }

    /// <summary>The incarnation of an execution that follows others in one directory, above all that the ledger knows unless it goes on where they are, and the highest term there.</summary>
    private static (int Incarnation, long Term) Earlier(string ledger, int above)
    {
        if (!File.Exists(ledger))
            return (0, 0);
        using var reader = LedgerReader.Open(ledger);
        return (reader.Events().Select(entry => entry.At.Incarnation + above).DefaultIfEmpty(0).Max(), reader.Last?.Term ?? 0);
    }

    /// <summary>The newest commit of each step that led to a version.</summary>
    private static StepCommitted[] CommitsUpTo(long version, string ledger)
    {
        var commits = new SortedDictionary<long, StepCommitted>();
        if (File.Exists(ledger))
        {
            using var reader = LedgerReader.Open(ledger);
            foreach (var commit in reader.EventsOf<StepCommitted>().Where(commit => commit.At.Step < version))
                commits[commit.At.Step] = commit;
        }
        return [.. commits.Values];
    }

    private JournalEnding EndingOf(EndRun end) => _facts() with { Status = end.Status, Reason = end.Status == "completed" ? "" : end.Reason };

    private RunPlan PlanOf(VersionContent start, HostedRunOptions hosting, int incarnation, long term)
    {
        var cluster = Job.Job.Cluster;
        var partitions = hosting.Partitions ?? PartitionMap.CountFor(Job.Table, cluster.ParameterServers);
        var text = hosting.SendsJob ? File.ReadAllText(Path.Combine(_journal.Directory, "job.yaml")) : "";
        return new RunPlan
        {
            Run = Path.GetFileName(_journal.Directory),
            Description = new RunDescription(partitions, hosting.Package, cluster.Workers, cluster.ParameterServers, hosting.Holder, Job.Job.Name, text).ToBytes(),
            Spec = Job.SpecFor(partitions),
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

    /// <summary>What the run needs of a version that servers hold, and no host has any more; empty where it lacks nothing.</summary>
    private string ReasonToGoBack(ReadOnlyMemory<byte> position)
    {
        try
        {
            return _journal.HasBestOf(position) ? "" : "The checkpoint of the best version so far was not on enough hosts yet, and has gone with the coordinator's.";
        }
        catch (JsonException error)
        {
            return $"The position that the parameter servers hold cannot be read: {error.Message}";
        }
    }

    private void Begin(ICoordinatorDesk desk)
    {
        _desk = desk;
        _runs.Begin(desk);
        desk.Feed(new BeginRun(_plan));
        _stop = _cancellation.Register(FeedStop);
    }

    private void FeedStop() => _desk!.Feed(new StopRun(_hosting.StopStatus, "The run was told to end."));

    /// <summary>
    /// The servers have promised a higher term to another coordinator: this one's machine is of no use any more. Either that one goes on, or, where this node's is the
    /// only one by now, a new machine takes the next term, after a time in which the other may make itself known.
    /// </summary>
    private void TakeStepDown(StepDown down)
    {
        _pump.Post(() => _journal.Take(new FaultNoticed("coordinator-deposed", down.Reason)));
        if (_hosting.EndsOnStepDown)
            _pump.End();
        else
            _again = new Timer(_ => _pump.Post(BeginAgain), null, BeginAgainMs, Timeout.Infinite);
    }

    private void BeginAgain()
    {
        var newest = _runs.Restart();
        _ledger.Flush();
        var (incarnation, term) = Earlier(LedgerFile, 1);
        _plan = _plan with { StartVersion = newest.Version, StartPosition = newest.Position, StartIncarnation = incarnation, TermAbove = term, GoesBackFor = "" };
        _desk!.Renew();
        _desk.Feed(new BeginRun(_plan));
        if (_cancellation.IsCancellationRequested)
            FeedStop();
    }

    /// <summary>Begins the run when there is a coordinator, and ends its machine's part when that steps down.</summary>
    private sealed class BegunRuns(HostedRun run) : ICoordinatorRuns
    {
        public void Begin(ICoordinatorDesk desk) => run.Begin(desk);

        public void CarryOut(Effect effect)
        {
            if (effect is StepDown down)
                run.TakeStepDown(down);
            else
                run._runs.CarryOut(effect);
        }

        public void TakeSnapshot(PartitionKey key, PartitionContent content) => run._runs.TakeSnapshot(key, content);
    }
}
