using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>What a coordinator is doing.</summary>
public enum CoordinatorPhase
{
    /// <summary>No run.</summary>
    Idle,

    /// <summary>It asks every parameter server to promise its term.</summary>
    Asking,

    /// <summary>It waits for the nodes that the job asks for.</summary>
    Gathering,

    /// <summary>It looks for the newest complete checkpoint.</summary>
    GoingBack,

    /// <summary>Partitions get owners and content.</summary>
    Placing,

    /// <summary>Shards of a step are being computed.</summary>
    Computing,

    /// <summary>The step's decision is on its way to all partitions.</summary>
    Applying,

    /// <summary>The parameters are being evaluated.</summary>
    Evaluating,

    /// <summary>Copies for a checkpoint are being taken, or an earlier checkpoint is waited for.</summary>
    Saving,

    /// <summary>The run is over.</summary>
    Ended,

    /// <summary>Another coordinator is in charge.</summary>
    Deposed,
}

/// <summary>A copy of a partition as the coordinator knows it.</summary>
internal sealed class PlacedReplica(NodeId node)
{
    public NodeId Node { get; } = node;

    /// <summary>The version at which it was last known to have the same content as the owner of that time; -1 for never. Where shards are applied one by one, 0 for the same content.</summary>
    public long Version { get; set; } = -1;

    /// <summary>Whether the present owner has said that this replica has the same content, and so waits for it.</summary>
    public bool IsFollowing { get; set; }
}

/// <summary>A partition as the coordinator knows it.</summary>
internal sealed class PlacedPartition(NodeId owner, long ownerEpoch)
{
    public NodeId Owner { get; set; } = owner;

    public long OwnerEpoch { get; set; } = ownerEpoch;

    /// <summary>Who is to keep copies.</summary>
    public List<PlacedReplica> Replicas { get; } = [];

    /// <summary>The list of replicas that the owner was last told, and its number in the term.</summary>
    public (ImmutableArray<NodeId> Replicas, long Number) Told { get; set; } = ([], 1);

    /// <summary>When the owner was last told who keeps copies.</summary>
    public TimeSpan AssignedAt { get; set; }

    /// <summary>Whether the owner has its content.</summary>
    public bool IsHeld { get; set; }

    /// <summary>The replica that is being made the owner.</summary>
    public NodeId? Promoting { get; set; }

    public TimeSpan PromotingSince { get; set; }

    public GradientReport? Report { get; set; }

    public bool IsApplied { get; set; }

    public bool IsSnapshotTaken { get; set; }
}

/// <summary>
/// A coordinator of one run: it begins a term by the promise of every partition owner, places partitions, leases shards, turns reports into one decision a step,
/// and goes on through the death of anything but itself; when it dies, the next one learns all it needs from the owners.
/// </summary>
/// <remarks>
/// Pure: <see cref="Handle"/> alone changes it, and reads no clock. One caller at a time. It remembers the members of the cluster, one step's leases (at most
/// a few a shard), one report a partition, one evaluation and one checkpoint.
/// </remarks>
public sealed partial class CoordinatorMachine
{
    private const string TickTimer = "tick";

    private readonly NodeId _self;
    private readonly CoordinatorOptions _options;
    private readonly EffectList _effects = new();
    private readonly MemberTable _members = new();
    private readonly ShardTimes _times = new();
    private RunPlan? _plan;
    private long _term;
    private long _sequence;
    private long _attempt;
    private RunKey _run;
    private PlacedPartition[] _partitions = [];
    private ReadOnlyMemory<byte> _position;
    private long _version;
    private CourseView _view;
    private TimeSpan _now;
    private TimeSpan _askedAt;

    // A time of its own: checkpoints that follow each other faster than questions are asked again must not keep those from being asked.
    private TimeSpan _snapshotsAskedAt;
    private (string Status, string Reason)? _stop;
    private string? _digest;

    /// <summary>Makes a coordinator without a run.</summary>
    /// <param name="self">This node.</param>
    /// <param name="options">How it behaves.</param>
    public CoordinatorMachine(NodeId self, CoordinatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_self, _options) = (self, options);
    }

    /// <summary>What it is doing.</summary>
    public CoordinatorPhase Phase { get; private set; }

    /// <summary>Its term.</summary>
    public long Term => _term;

    /// <summary>The committed version.</summary>
    public long Version => _version;

    /// <summary>The run's life.</summary>
    public RunKey Run => _run;

    /// <summary>Leases that are remembered, to be shown and bounded.</summary>
    public int Leases => _table?.Leases.Count ?? _shardWork.Sum(step => step.Leases.Count);

    /// <summary>Who owns each partition, to be shown.</summary>
    public ImmutableArray<PartitionOwner> Owners => [.. _partitions.Select(partition => new PartitionOwner(partition.Owner, partition.OwnerEpoch))];

    private RunPlan Plan => _plan!;

    private PartitionSpec Spec => Plan.Spec;

    /// <summary>Whether partitions are placed and training is under way.</summary>
    private bool IsRunning => Phase is CoordinatorPhase.Computing or CoordinatorPhase.Applying or CoordinatorPhase.Evaluating or CoordinatorPhase.Saving;

    /// <summary>Takes an input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">The time, from any fixed origin.</param>
    public Outcome Handle(Input input, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(input);
        _now = now;
        switch (input)
        {
            case MemberChanged change: TakeMember(change); break;
            case BeginRun begin when Phase is CoordinatorPhase.Idle: Begin(begin.Plan); break;
            case StopRun stop: Stop(stop); break;
            case Received { From: var from, Message: var message } when IsOurs(message): Take(from, message); break;
            case Received { Message: var message }:
                (message as ITensorMessage)?.Release();
                _effects.Because($"{message.GetType().Name} is of another run or another life of it.");
                break;
            case TimerFired when Phase is not (CoordinatorPhase.Idle or CoordinatorPhase.Ended or CoordinatorPhase.Deposed): Tick(); break;
            case CheckpointSaved saved: TakeSaved(saved); break;
            case CheckpointFailed failed: TakeUnsaved(failed); break;
            case CheckpointLost lost: TakeLost(lost); break;
            case CheckpointFound found: TakeFound(found); break;
            case NoCheckpoint none when Phase == CoordinatorPhase.GoingBack: Finish("failed", none.Reason); break;
            default: break;
        }
        return _effects.Take();
    }

    private bool IsOurs(IMessage message) =>
        _plan is not null && Phase is not (CoordinatorPhase.Ended or CoordinatorPhase.Deposed)
        && message.Run.Run == _run.Run && (message.Run.Incarnation == _run.Incarnation || message is PromiseReply or CommandRefused or OfferRefused);

    private void Take(NodeId from, IMessage message)
    {
        switch (message)
        {
            case PromiseReply reply: TakePromise(from, reply); break;
            case CommandRefused refused when refused.HighestTerm > _term || refused.HighestTerm == _term && Phase != CoordinatorPhase.Asking: Depose(refused); break;
            case PartitionHeld held: TakeHeld(from, held); break;
            case PromotionReply reply: TakePromotion(from, reply); break;
            case GradientReport report: TakeReport(from, report); break;
            case StepApplied applied: TakeApplied(from, applied); break;
            case SnapshotTaken taken: TakeSnapshot(from, taken); break;
            case DuplicateReport report: TakeDuplicate(from, report); break;
            case OfferRefused refused when refused.Term == _term && Phase != CoordinatorPhase.Asking: AskAbove(refused.HighestTerm, refused.Run.Incarnation + 1); break;
            case WorkerReady ready: TakeReady(from, ready); break;
            case WorkerDeclined declined: TakeDeclined(from, declined); break;
            case LeaseDone done: TakeDone(from, done); break;
            case LeaseFailed failed: TakeFailed(from, failed); break;
            case EvaluationDone done: TakeEvaluation(from, done); break;
            default: _effects.Because($"A coordinator has no use for {message.GetType().Name}."); break;
        }
    }

    private void Begin(RunPlan plan)
    {
        _plan = plan;
        (_run, _version, _position, _digest) = (new RunKey(plan.Run, plan.StartIncarnation), plan.StartVersion, plan.StartPosition, plan.Digest);
        _effects.Timer(TickTimer, _options.Tick);
        BeginAsking(Terms.Above(Math.Max(_term, plan.TermAbove), _self));
    }

    private void Stop(StopRun stop)
    {
        if (_plan is null || _stop is not null || Phase is CoordinatorPhase.Ended or CoordinatorPhase.Deposed)
            return;
        _stop = (stop.Status, stop.Reason);
        _effects.Because(stop.Reason);
        if (!IsRunning)
            Finish(stop.Status, stop.Reason);
        else if (Phase == CoordinatorPhase.Evaluating)
            Next();
    }

    private void Depose(CommandRefused refused)
    {
        Phase = CoordinatorPhase.Deposed;
        var reason = $"Term {Terms.Show(refused.HighestTerm)} is promised to another coordinator; this one had {Terms.Show(_term)}.";
        _effects.Add(new StepDown(reason));
        _effects.StopTimer(TickTimer);
        _effects.Because(reason);
    }

    /// <summary>Does what the position asks for next.</summary>
    private void Next()
    {
        _view = Plan.Course.View(_position);
        if (_view.Next.Step != _version)
            throw new InvalidOperationException($"The position is of step {_view.Next.Step}, the version is {_version}.");
        if (_view.IsEvaluationDue && _stop is null)
        {
            BeginEvaluation();
            return;
        }
        var isEnding = _view.IsOver || _stop is not null;
        if ((_view.IsCheckpointDue || isEnding) && _savedVersion != _version && _savingVersion != _version)
        {
            BeginSaving();
            return;
        }
        if (isEnding)
        {
            if (_savingVersion >= 0)
                Phase = CoordinatorPhase.Saving;
            else
                Finish(_stop?.Status ?? "completed", _stop?.Reason ?? _view.Reason);
            return;
        }
        if (Spec.Consistency.AppliesShards)
            BeginShards();
        else
            BeginStep();
    }

    private void Finish(string status, string reason)
    {
        if (Phase is CoordinatorPhase.Ended)
            return;
        Record(new RunEnded(status, reason, _savedVersion == _version ? _savedFingerprint : ""));
        Phase = CoordinatorPhase.Ended;
        _effects.StopTimer(TickTimer);
        foreach (var member in _members.All)
        {
            if (member.IsWorker)
                _effects.Send(member.Node, NodeRoles.Worker, new RunOver(_run, _term, reason));
            if (member.IsServer)
                _effects.Send(member.Node, NodeRoles.ParameterServer, new RunOver(_run, _term, reason));
        }
        _effects.Add(new EndRun(status, reason, _version, _position) { Bytes = _bytes, Steps = _committed });
        _effects.Because($"The run is over ({status}): {reason}");
    }

    private void Tick()
    {
        _effects.Timer(TickTimer, _options.Tick);
        var isDue = _now - _askedAt >= _options.RetryAfter;
        if (isDue)
        {
            _askedAt = _now;
            OfferAll();
        }
        LookAtWaiting();
        switch (Phase)
        {
            case CoordinatorPhase.Asking: LookAtPromises(isDue); break;
            case CoordinatorPhase.Gathering: TryPlacing(); break;
            case CoordinatorPhase.GoingBack: if (isDue) _effects.Add(new FindCheckpoint(_run)); break;
            case CoordinatorPhase.Placing: LookAtPlacing(isDue); break;
            default: break;
        }
        if (!IsRunning)
            return;
        LookAtServers(isDue);
        if (!IsRunning)
            return;
        switch (Phase)
        {
            case CoordinatorPhase.Computing: LookAtLeases(); break;
            case CoordinatorPhase.Applying: if (isDue) SendDecision(); break;
            case CoordinatorPhase.Evaluating: LookAtEvaluation(); break;
            case CoordinatorPhase.Saving: if (_now - _snapshotsAskedAt >= _options.RetryAfter) AskForSnapshots(); break;
            default: break;
        }
    }

    private void ToServer(NodeId node, IMessage message) => _effects.Send(node, NodeRoles.ParameterServer, message);

    private void ToAllOwners(Func<int, PlacedPartition, IMessage> message)
    {
        for (var i = 0; i < _partitions.Length; i++)
            ToServer(_partitions[i].Owner, message(i, _partitions[i]));
    }

    /// <summary>Sends each server that owns a partition one message about all of them.</summary>
    private void ToOwnersOnce(IMessage message)
    {
        foreach (var node in _partitions.Select(partition => partition.Owner).Distinct())
            ToServer(node, message);
    }

    private PartitionKey KeyOf(int partition) => new(_run, partition, _partitions[partition].OwnerEpoch);

    /// <summary>Records an event. Before the term is promised nothing is: another coordinator may get it.</summary>
    private void Record(LedgerEvent entry) => Record(entry, _version);

    /// <summary>Records an event of a step that need not be the oldest open one.</summary>
    private void Record(LedgerEvent entry, long step)
    {
        if (Phase != CoordinatorPhase.Asking)
            _effects.Add(new RecordEvent(entry with { At = new LedgerPlace(_term, ++_sequence, _run.Incarnation, step) }));
    }

    private void RecordTerm()
    {
        Phase = CoordinatorPhase.Gathering;
        Record(new TermBegan(_self.ToString()));
        foreach (var worker in _members.All.Where(member => member is { IsWorker: true, Stage: WorkerStage.Ready }))
            Record(new WorkerJoined(worker.Node.ToString(), worker.Node.Address));
    }

    private void Fault(string kind, string reason)
    {
        _effects.Add(new FaultNoticed(kind, reason));
        _effects.Because(reason);
    }
}
