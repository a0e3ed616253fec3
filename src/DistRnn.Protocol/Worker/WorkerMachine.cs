using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>How a worker behaves.</summary>
public sealed record WorkerOptions
{
    /// <summary>After how long what was not answered is sent again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most leases that wait or are in work at once.</summary>
    public int LeasesMax { get; init; } = 64;

    /// <summary>The most runs that are loaded at once.</summary>
    public int RunsMax { get; init; } = 4;
}

/// <summary>
/// A worker: for each lease it pulls the parameters that it lacks, has the shards computed, and pushes the gradient partition by partition, the last one first, each as soon
/// as it is final.
/// It keeps a step's gradients until a later step begins, so that a partition that got another owner can have them again.
/// </summary>
/// <remarks>Pure: <see cref="Handle"/> alone changes it, and reads no clock. One caller at a time; one lease is computed at a time.</remarks>
public sealed partial class WorkerMachine
{
    private const string RetryTimer = "retry";

    private readonly NodeId _self;
    private readonly WorkerOptions _options;
    private readonly EffectList _effects = new();
    private readonly SortedDictionary<string, WorkerRunState> _runs = new(StringComparer.Ordinal);

    /// <summary>Makes a worker without a run.</summary>
    /// <param name="self">This node.</param>
    /// <param name="options">How it behaves.</param>
    public WorkerMachine(NodeId self, WorkerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_self, _options) = (self, options);
    }

    /// <summary>This node.</summary>
    public NodeId Self => _self;

    /// <summary>Leases that wait or are in work.</summary>
    public int Leases => _runs.Values.Sum(run => run.Work.Count);

    /// <summary>Takes an input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">The time, from any fixed origin.</param>
    public Outcome Handle(Input input, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(input);
        switch (input)
        {
            case Received { From: var from, Message: var message }: Take(from, message); break;
            case RunLoaded loaded: TakeLoaded(loaded); break;
            case RunNotLoaded notLoaded: TakeNotLoaded(notLoaded); break;
            case PartComputed part: TakePart(part); break;
            case Computed computed: TakeComputed(computed); break;
            case EvaluationComputed computed: TakeEvaluation(computed); break;
            case ComputeFailed failed: TakeFailure(failed); break;
            case TimerFired: Retry(); break;
            default: break;
        }
        return _effects.Take();
    }

    private void Take(NodeId from, IMessage message)
    {
        switch (message)
        {
            case RunOffer offer: TakeOffer(from, offer); break;
            case RunOver over: End(over); break;
            case Lease lease: TakeLease(from, lease); break;
            case EvaluationLease lease: TakeLease(from, lease); break;
            case LeaseRevoked revoked: Revoke(revoked); break;
            case ParameterReply reply: TakeParameters(reply); break;
            case ParameterRefused refused: TakeRefusal(refused); break;
            case PushReply reply: TakePushReply(reply); break;
            default:
                (message as ITensorMessage)?.Release();
                _effects.Because($"A worker has no use for {message.GetType().Name}.");
                break;
        }
    }

    private void TakeOffer(NodeId from, RunOffer offer)
    {
        if (!_runs.TryGetValue(offer.Run.Run, out var run))
        {
            if (_runs.Count >= _options.RunsMax)
            {
                _effects.Send(from, NodeRoles.Coordinator, new WorkerDeclined(offer.Run, $"{_options.RunsMax} runs are loaded, and no more are allowed."));
                return;
            }
            _runs[offer.Run.Run] = new WorkerRunState(offer.Run, from, offer.Term);
            _effects.Add(new LoadRun(offer));
            return;
        }
        if (!Follows(run, from, offer.Run, offer.Term))
        {
            if (offer.Term < run.Term || from != run.Coordinator)
                _effects.Send(from, NodeRoles.Coordinator, new OfferRefused(run.Key, offer.Term, run.Term));
            return;
        }
        if (run.Digest is { } digest)
            _effects.Send(from, NodeRoles.Coordinator, new WorkerReady(run.Key, digest));
    }

    /// <summary>
    /// Whether a command is of the newest term that this worker has heard of, and of the newest life of the run in that term; newer ones are taken up. A higher term may
    /// bring an earlier life back: the coordinator that began the later one did not live to place it.
    /// </summary>
    private bool Follows(WorkerRunState run, NodeId from, RunKey key, long term)
    {
        if (term < run.Term || term == run.Term && (from != run.Coordinator || key.Incarnation < run.Key.Incarnation))
        {
            _effects.Because($"A command of term {Terms.Show(term)} and incarnation {key.Incarnation} is old: {Terms.Show(run.Term)} and {run.Key.Incarnation} are known.");
            return false;
        }
        if (term > run.Term)
            run.DropUncomputed();
        (run.Term, run.Coordinator) = (term, from);
        if (key.Incarnation != run.Key.Incarnation)
            run.BeginIncarnation(key);
        return true;
    }

    private void TakeLoaded(RunLoaded loaded)
    {
        if (!_runs.TryGetValue(loaded.Run, out var run))
            return;
        (run.Plan, run.Digest) = (loaded.Plan, loaded.Digest);
        run.Versions = [.. Enumerable.Repeat(-1L, loaded.Plan.Partitions.Count)];
        _effects.Send(run.Coordinator, NodeRoles.Coordinator, new WorkerReady(run.Key, loaded.Digest));
        _effects.Because($"The run {loaded.Run} is loaded.");
    }

    private void TakeNotLoaded(RunNotLoaded notLoaded)
    {
        if (!_runs.Remove(notLoaded.Run, out var run))
            return;
        _effects.Send(run.Coordinator, NodeRoles.Coordinator, new WorkerDeclined(run.Key, notLoaded.Reason));
        _effects.Because(notLoaded.Reason);
    }

    private void End(RunOver over)
    {
        if (!_runs.TryGetValue(over.Run.Run, out var run) || over.Term < run.Term || over.Term == run.Term && over.Run.Incarnation < run.Key.Incarnation)
            return;
        run.DropAll();
        _runs.Remove(over.Run.Run);
        _effects.Add(new UnloadRun(over.Run.Run));
        _effects.Because($"The run {over.Run.Run} is over: {over.Reason}");
    }

    private void TakeLease(NodeId from, Lease lease)
    {
        if (!TryRun(from, lease.Run, lease.Term, lease.Attempt, lease.Owners, out var run))
            return;
        if (run.Plan!.Partitions.Table.Count > 0 && (lease.Node.First < 0 || lease.Node.Count < 1 || lease.Node.End > run.Plan.Shards))
        {
            Fail(run, lease.Attempt, $"The shards {lease.Node} do not exist: a step has {run.Plan.Shards}.");
            return;
        }
        if (!WorkerRunState.AppliesShards(lease))
            run.DropBefore(lease.Address.Step);
        if (run.Work.FirstOrDefault(work => work.Lease is { } other && other.Address == lease.Address && other.Node == lease.Node) is { } same)
        {
            if (lease.Term == same.Lease!.Term && lease.Attempt < same.Attempt)
            {
                _effects.Because($"Attempt {lease.Attempt} of the shards {lease.Node} was followed by attempt {same.Attempt}.");
                return;
            }
            if (same.Attempt == lease.Attempt && same.Lease!.Term == lease.Term && same.Lease.Owners.SequenceEqual(lease.Owners))
            {
                if (same.Phase == WorkPhase.Done)
                    ReportDone(run, same);
                return;
            }
            same.Renew(lease);
            _effects.Because($"The shards {lease.Node} of step {lease.Address.Step} are in work: the lease is taken up as attempt {lease.Attempt}.");
            Continue(run);
            return;
        }
        if (!HasRoom(run, lease.Attempt))
            return;
        run.Work.Add(new WorkItem(lease));
        Continue(run);
    }

    private void TakeLease(NodeId from, EvaluationLease lease)
    {
        if (!TryRun(from, lease.Run, lease.Term, lease.Attempt, lease.Owners, out var run))
            return;
        run.DropBefore(lease.Version);
        if (run.Work.Any(work => work.Attempt == lease.Attempt))
            return;
        if (run.Work.FirstOrDefault(work => work.Evaluation is { } other && other.Version == lease.Version && other.Piece == lease.Piece && other.Pieces == lease.Pieces) is { } same)
        {
            // A computation that has begun is gone on with: its result is the same.
            same.Renew(lease);
            _effects.Because($"Piece {lease.Piece} of the evaluation of version {lease.Version} is in work: the lease is taken up as attempt {lease.Attempt}.");
            Continue(run);
            return;
        }
        if (!HasRoom(run, lease.Attempt))
            return;
        run.Work.Add(new WorkItem(lease));
        Continue(run);
    }

    private bool TryRun(NodeId from, RunKey key, long term, long attempt, ImmutableArray<PartitionOwner> owners, out WorkerRunState run)
    {
        if (!_runs.TryGetValue(key.Run, out run!) || run.Plan is null)
        {
            _effects.Send(from, NodeRoles.Coordinator, new LeaseFailed(key, attempt, "The run is not loaded here."));
            return false;
        }
        if (!Follows(run, from, key, term))
            return false;
        if (owners.Length != run.Plan.Partitions.Count)
        {
            Fail(run, attempt, $"The lease names {owners.Length} owners of {run.Plan.Partitions.Count} partitions.");
            return false;
        }
        run.TakeOwners(owners, term);
        return true;
    }

    private bool HasRoom(WorkerRunState run, long attempt)
    {
        if (run.Work.Count < _options.LeasesMax)
            return true;
        Fail(run, attempt, $"{_options.LeasesMax} leases wait here, and no more are allowed.");
        return false;
    }

    private void Revoke(LeaseRevoked revoked)
    {
        if (!_runs.TryGetValue(revoked.Run.Run, out var run) || run.Key != revoked.Run)
            return;
        if (run.Work.FirstOrDefault(work => work.Attempt == revoked.Attempt) is not { } work)
            return;
        if (work.Phase == WorkPhase.Computing)
            work.IsAbandoned = true;
        else
            run.Drop(work);
        _effects.Because($"Attempt {revoked.Attempt} is revoked: {revoked.Reason}");
        Continue(run);
    }

    private void Fail(WorkerRunState run, long attempt, string reason)
    {
        _effects.Send(run.Coordinator, NodeRoles.Coordinator, new LeaseFailed(run.Key, attempt, reason));
        _effects.Because(reason);
    }

    private void TakeFailure(ComputeFailed failed)
    {
        if (!_runs.TryGetValue(failed.Run.Run, out var run))
            return;
        run.IsComputing = false;
        // What is being computed may have got another attempt's number since.
        var work = run.Work.FirstOrDefault(work => work.Phase == WorkPhase.Computing || work.Attempt == failed.Attempt);
        if (work is not null)
            run.Drop(work);
        Fail(run, work?.Attempt ?? failed.Attempt, failed.Reason);
        Continue(run);
    }

    private void TakeEvaluation(EvaluationComputed computed)
    {
        if (!_runs.TryGetValue(computed.Run.Run, out var run))
            return;
        run.IsComputing = false;
        if (run.Key == computed.Run && run.Work.FirstOrDefault(work => work.Phase == WorkPhase.Computing || work.Attempt == computed.Attempt) is { Evaluation: { } lease } work)
        {
            run.Drop(work);
            _effects.Send(run.Coordinator, NodeRoles.Coordinator, new EvaluationDone(run.Key, lease.Version, lease.Piece, lease.Attempt, computed.Result));
        }
        Continue(run);
    }

    private void StartRetries() => _effects.Timer(RetryTimer, _options.RetryAfter);
}
