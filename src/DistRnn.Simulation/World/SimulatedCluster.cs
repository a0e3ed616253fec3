using System.Text;
using DistRnn.Protocol;
using DistRnn.Runtime;

namespace DistRnn.Simulation;

/// <summary>
/// One cluster in virtual time: hosts, their processes, the network between them, the membership service, disks, and one run of a job. A seed draws all of it. It
/// feeds the protocol's machines one input at a time and carries out what they answer, as the actors do in real time.
/// </summary>
internal sealed partial class SimulatedCluster : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);
    private readonly SimulatedJob _job;
    private readonly SimulationHooks _hooks;
    private readonly Dictionary<NodeId, SimulatedProcess> _processes = [];
    private readonly List<VersionContent> _contents = [];
    private readonly SortedDictionary<FaultKind, long> _faults = [];
    private readonly ClusterShape _shape;
    private bool _isOver;

    /// <summary>Draws a cluster.</summary>
    /// <param name="job">The job that runs on it.</param>
    /// <param name="seed">What draws everything.</param>
    /// <param name="faults">From what faults are drawn.</param>
    /// <param name="hooks">What tests change, and who reads along.</param>
    public SimulatedCluster(SimulatedJob job, ulong seed, FaultOptions faults, SimulationHooks hooks)
    {
        (_job, _hooks) = (job, hooks);
        _shape = ClusterShape.Draw(new Draws(seed, DrawStream.Cluster));
        Plan = FaultPlan.Draw(faults, _shape.Hosts.Length, _shape.Spares.Length, new Draws(seed, DrawStream.Plan));
        Work = new Draws(seed, DrawStream.Work);
        Network = new SimulatedNetwork(this, new Draws(seed, DrawStream.Network));
        Membership = new MembershipModel(this, new MembershipOptions(), new Draws(seed, DrawStream.Membership));
        Partitions = new PartitionMap(job.Loaded.Table, _shape.Partitions);
        Checks = new SimulationChecks(job.Reference, _shape, job.Loaded.Shards);
        Hosts = [.. _shape.Hosts.Select(host => new SimulatedHost(host.Address, host.Roles)), .. _shape.Spares.Select(host => new SimulatedHost(host.Address, host.Roles) { IsAway = true })];
        Start = job.Loaded.CreateStart();
        _contents.Add(Start);
    }

    /// <summary>Virtual time.</summary>
    public EventQueue Events { get; } = new();

    /// <summary>What goes wrong.</summary>
    public FaultPlan Plan { get; }

    /// <summary>Whether faults still happen.</summary>
    public bool IsFaulty => Events.Now < Plan.Until;

    /// <summary>How long work takes.</summary>
    public Draws Work { get; }

    /// <summary>The network.</summary>
    public SimulatedNetwork Network { get; }

    /// <summary>The membership service.</summary>
    public MembershipModel Membership { get; }

    /// <summary>How the vector is cut.</summary>
    public PartitionMap Partitions { get; }

    /// <summary>How many coordinators the cluster has, 1 or 3.</summary>
    public int Coordinators => _shape.Coordinators;

    /// <summary>What is checked.</summary>
    public SimulationChecks Checks { get; }

    /// <summary>All hosts.</summary>
    public IReadOnlyList<SimulatedHost> Hosts { get; }

    /// <summary>Version 0.</summary>
    public VersionContent Start { get; }

    /// <summary>On how many hosts a checkpoint must be.</summary>
    public int CheckpointCopies => _job.Loaded.Job.Checkpoint.Copies;

    /// <summary>Processes that run, in order of their hosts.</summary>
    public IEnumerable<SimulatedProcess> Processes => Hosts.Select(host => host.Process).OfType<SimulatedProcess>();

    /// <summary>Faults that fired.</summary>
    public IReadOnlyDictionary<FaultKind, long> Faults => _faults;

    /// <summary>Runs it to its end.</summary>
    public void Run()
    {
        foreach (var host in Hosts.Where(host => !host.IsAway))
            Events.In(Work.Milliseconds(0, 800), () => StartProcess(host));
        Membership.Begin();
        foreach (var fault in Plan.Faults)
            Events.In(fault.At, () => Inject(fault));
        Events.In(Plan.Until, BeginLiveness);
        while (!_isOver && Checks.Violations.Count == 0 && Events.Step())
        {
            if (Events.Now > Plan.Until + Deadline)
                Checks.Fail("liveness", FormattableString.Invariant($"The run had not ended {Deadline.TotalMinutes} minutes after the last fault. {Standing()}"));
            else if (Events.Count > SimulationChecks.EventsMax)
                Checks.Fail("bounds", FormattableString.Invariant($"{Events.Count} events wait; no more than {SimulationChecks.EventsMax} should."));
        }
    }

    /// <summary>A process by its name, alive or not; null where nobody ever had the name.</summary>
    public SimulatedProcess? Find(NodeId node) => _processes.GetValueOrDefault(node);

    /// <summary>Counts a fault that fired.</summary>
    public void Count(FaultKind kind) => _faults[kind] = _faults.GetValueOrDefault(kind) + 1;

    /// <summary>An empty version to collect into.</summary>
    public VersionContent CreateEmpty()
    {
        var content = _job.Loaded.CreateEmpty();
        _contents.Add(content);
        return content;
    }

    /// <summary>Hosts whose processes a process hears and is heard by, other than its own.</summary>
    public IEnumerable<SimulatedHost> ReachableFrom(SimulatedProcess process) =>
        Hosts.Where(host => host != process.Host && host.Process is { IsAlive: true } other && other.StalledUntil <= Events.Now && Network.Hear(process.Host, host));

    /// <summary>The newest checkpoint that a process can reach, or null.</summary>
    public StoredCheckpoint? NewestFor(SimulatedProcess process) =>
        ReachableFrom(process).Prepend(process.Host).Select(host => host.Disk.Newest).OfType<StoredCheckpoint>().MaxBy(checkpoint => (checkpoint.Version, checkpoint.Incarnation));

    /// <summary>A checkpoint of some version that a process can reach, or null.</summary>
    public StoredCheckpoint? FindFor(SimulatedProcess process, long version) =>
        ReachableFrom(process).Prepend(process.Host).Select(host => host.Disk[version]).OfType<StoredCheckpoint>().FirstOrDefault();

    /// <summary>The run as a coordinator begins it.</summary>
    /// <param name="newest">The newest checkpoint, or null.</param>
    /// <param name="disk">The coordinator's disk, with the ledger that earlier ones wrote there.</param>
    public RunPlan PlanFrom(StoredCheckpoint? newest, SimulatedDisk disk)
    {
        return new RunPlan
        {
            Run = RunName,
            Description = Encoding.UTF8.GetBytes(_job.Name),
            Spec = _job.Loaded.SpecFor(_shape.Partitions),
            Course = _job.Loaded.Course,
            StartVersion = newest?.Version ?? 0,
            StartPosition = newest?.Content.Position ?? Start.Position,
            StartIncarnation = Math.Max(disk.Incarnation, newest?.Incarnation ?? -1) + 1,
            TermAbove = Math.Max(disk.Term, newest?.Term ?? 0),
            Digest = null,
            Seed = _job.Loaded.Job.Seed,
            ServersWanted = _shape.Servers,
            WorkersWanted = _shape.Workers,
            Replicas = _shape.Replicas,
            Speculates = _shape.Speculates,
            VerifiedShare = _shape.VerifiedShare,
            RequiresCheckpoints = _job.Loaded.Job.Checkpoint.Required,
        };
    }

    /// <summary>Starts a coordinator on a process.</summary>
    public void StartCoordinator(SimulatedProcess process)
    {
        var machine = new CoordinatorMachine(process.Id, _shape.Coordinator);
        (process.Coordinator, process.Desk) = (machine, new CheckpointDesk(this, process));
        process.Handlers[NodeRoles.Coordinator] = _hooks.Wrap(NodeRoles.Coordinator, process.Id, machine.Handle);
        foreach (var (node, (roles, status)) in process.View)
        {
            Feed(process, NodeRoles.Coordinator, new MemberChanged(node, roles, MemberStatus.Up));
            if (status != MemberStatus.Up)
                Feed(process, NodeRoles.Coordinator, new MemberChanged(node, roles, status));
        }
        process.Desk.BeginRun();
    }

    /// <summary>Ends a process's coordinator.</summary>
    public void StopCoordinator(SimulatedProcess process)
    {
        (process.Coordinator, process.Desk) = (null, null);
        process.Handlers.Remove(NodeRoles.Coordinator);
        process.CancelTimers(NodeRoles.Coordinator);
        Note(process, "its coordinator ends");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var process in Processes.ToArray())
            Kill(process);
        Events.Clear();
        foreach (var content in _contents)
            content.Dispose();
    }

    /// <summary>Writes a line of the log, where somebody reads it.</summary>
    public void Note(SimulatedProcess? process, string what, string reason = "") => _hooks.Log?.Invoke(new LogLine(Events.Now, process?.Id.ToString() ?? "", what, reason));

    private string Standing() => string.Join(" ", Processes.Select(process =>
        $"{process.Id}:{(process.Coordinator is { } coordinator ? FormattableString.Invariant($" {coordinator.Phase} of version {coordinator.Version} in term {coordinator.Term} and incarnation {coordinator.Run.Incarnation};") : "")} {(Membership.Has(process.Id) ? "member" : "outside")}."));

    private void BeginLiveness()
    {
        Note(null, "faults end");
        _heal.ForEach(heal => heal());
        _heal.Clear();
        foreach (var host in Hosts)
        {
            if (host.Address.StartsWith(ClusterShape.SparePrefix, StringComparison.Ordinal) && host.Lives == 0)
                continue;
            host.IsAway = false;
            if (host.Process is null)
                StartProcess(host);
        }
    }
}
