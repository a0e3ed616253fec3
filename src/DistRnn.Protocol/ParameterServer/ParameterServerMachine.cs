using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>How a parameter server behaves.</summary>
public sealed record ParameterServerOptions
{
    /// <summary>After how long what was not answered is sent again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most partitions, owned and copied, that one server takes.</summary>
    public int PartitionsMax { get; init; } = 4096;

    /// <summary>Whether pushed gradients are digested, so that duplicates can be compared and the ledger can name what entered.</summary>
    public bool DigestsGradients { get; init; } = true;
}

/// <summary>
/// A parameter server: it owns partitions or keeps copies of them, sums what workers push by the gradient tree, and moves the parameters when the coordinator in
/// charge says so. It promises terms, so that no two coordinators can both have an update made.
/// </summary>
/// <remarks>
/// Pure: <see cref="Handle"/> alone changes it, and reads no clock. One caller at a time. It holds, for each partition, one step's gradients (at most one a
/// shard), one decision and one report; everything else is refused with a reason.
/// </remarks>
public sealed partial class ParameterServerMachine : IDisposable
{
    private readonly NodeId _self;
    private readonly PartitionArithmetic _arithmetic;
    private readonly ParameterServerOptions _options;
    private readonly EffectList _effects = new();
    private readonly SortedDictionary<(string Run, int Index), PartitionState> _partitions = new(PartitionOrder.Instance);
    private long _promisedTerm;
    private NodeId _coordinator;

    /// <summary>Makes a server that holds nothing and has promised nothing.</summary>
    /// <param name="self">This node.</param>
    /// <param name="arithmetic">What computes.</param>
    /// <param name="options">How it behaves.</param>
    public ParameterServerMachine(NodeId self, PartitionArithmetic arithmetic, ParameterServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(arithmetic);
        ArgumentNullException.ThrowIfNull(options);
        (_self, _arithmetic, _options) = (self, arithmetic, options);
    }

    /// <summary>The term that is promised; 0 for none.</summary>
    public long PromisedTerm => _promisedTerm;

    /// <summary>What it holds, for status pages and tests.</summary>
    public ImmutableArray<PartitionHolding> Holdings => [.. _partitions.Values.Select(HoldingOf)];

    /// <summary>Gradients that wait in trees, to be shown and bounded: at most shards times partitions.</summary>
    public int Partitions => _partitions.Count;

    /// <summary>Takes an input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">The time, from any fixed origin.</param>
    public Outcome Handle(Input input, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(input);
        switch (input)
        {
            case Received { From: var from, Message: var message }:
                Take(from, message);
                break;
            case TimerFired { Name: var name }:
                Retry(name);
                break;
            case MemberChanged { Status: MemberStatus.Up }:
                break;
            case MemberChanged { Node: var node, Status: var status }:
                _effects.Because($"{node} is {status}: the coordinator decides what follows.");
                break;
            default:
                _effects.Because($"A parameter server has no use for {input.GetType().Name}.");
                break;
        }
        return _effects.Take();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var state in _partitions.Values)
            state.Dispose();
        _partitions.Clear();
    }

    private void Take(NodeId from, IMessage message)
    {
        switch (message)
        {
            case PromiseRequest request: Promise(from, request); break;
            case PartitionAssignment assignment: Assign(from, assignment); break;
            case PartitionSeed seed: TakeSeed(from, seed); break;
            case ReplicaAssignment replicas: AssignReplicas(from, replicas); break;
            case Promotion promotion: Promote(from, promotion); break;
            case StepDecision decision: Decide(from, decision); break;
            case CommitNotice notice: Commit(from, notice); break;
            case PositionNotice notice: TakePosition(from, notice); break;
            case SnapshotRequest request: Snapshot(from, request); break;
            case RunOver over: End(from, over); break;
            case ParameterRequest request: Answer(from, request); break;
            case GradientPush push: TakePush(from, push); break;
            case ReplicaGradient gradient: TakeReplicaGradient(from, gradient); break;
            case ReplicaDecision decision: TakeReplicaDecision(from, decision); break;
            case ReplicaShard shard: TakeReplicaShard(from, shard); break;
            case ReplicaState state: TakeReplicaState(from, state); break;
            default:
                (message as ITensorMessage)?.Release();
                _effects.Because($"A parameter server has no use for {message.GetType().Name}.");
                break;
        }
    }

    private void Promise(NodeId from, PromiseRequest request)
    {
        // A copy that came from its owner tells of a term that was never promised here.
        var highest = _partitions.Values.Select(state => state.Assignment.Term).Append(_promisedTerm).Max();
        var isGiven = request.Term > highest || request.Term == _promisedTerm && from == _coordinator;
        if (isGiven)
            Promise(from, request.Term);
        // A coordinator that has just come does not know which runs there are: it names none, and asks for no term either.
        var holdings = _partitions.Values.Where(state => request.Run.Run.Length == 0 || state.Key.Run.Run == request.Run.Run).Select(HoldingOf);
        ToCoordinator(from, new PromiseReply(request.Run, request.Term, isGiven, Math.Max(highest, _promisedTerm), [.. holdings]));
        _effects.Because(isGiven ? $"Term {Terms.Show(request.Term)} is promised to {from}." : $"Term {Terms.Show(request.Term)} is refused: there was a term {Terms.Show(highest)}.");
    }

    /// <summary>Promises a term. What an earlier coordinator decided and could not be done yet is the next one's to decide.</summary>
    private void Promise(NodeId coordinator, long term)
    {
        if (term > _promisedTerm)
            foreach (var state in _partitions.Values)
                state.PendingDecision = null;
        (_promisedTerm, _coordinator) = (term, coordinator);
    }

    /// <summary>Whether a command's term is the promised one, or a higher one, which is promised by obeying it.</summary>
    private bool Obeys(NodeId from, RunKey run, long term)
    {
        if (term > _promisedTerm)
            Promise(from, term);
        if (term == _promisedTerm && from == _coordinator)
            return true;
        ToCoordinator(from, new CommandRefused(run, term, _promisedTerm));
        _effects.Because($"A command of term {Terms.Show(term)} from {from} is refused: {Terms.Show(_promisedTerm)} is promised to {_coordinator}.");
        return false;
    }

    private void Assign(NodeId from, PartitionAssignment assignment)
    {
        if (!Obeys(from, assignment.Run, assignment.Term))
            return;
        var slot = (assignment.Run.Run, assignment.Key.Index);
        if (_partitions.TryGetValue(slot, out var state))
        {
            if (state.Key.Run.Incarnation > assignment.Run.Incarnation || state.Key.Run == assignment.Run && state.Key.OwnerEpoch > assignment.Key.OwnerEpoch)
            {
                var reason = $"The assignment of partition {assignment.Key.Index} in the incarnation {assignment.Run.Incarnation} with the owner epoch {assignment.Key.OwnerEpoch} is older than what is held: {state.Key.Run.Incarnation} and {state.Key.OwnerEpoch}.";
                ToCoordinator(from, new PromotionReply(assignment.Key, false, state.Version, state.HoldsRoot, reason));
                _effects.Because(reason);
                return;
            }
            if (state.IsOwner && state.Key == assignment.Key)
            {
                ReportHeld(state);
                return;
            }
            Drop(slot);
        }
        if (_partitions.Count >= _options.PartitionsMax)
        {
            _effects.Because($"Partition {assignment.Key.Index} is not taken: {_options.PartitionsMax} are held, and no more are allowed.");
            return;
        }
        var fresh = NewState(assignment);
        (fresh.IsOwner, fresh.Told) = (true, (assignment.Term, 1));
        fresh.Replicas = [.. assignment.Replicas.Where(node => node != _self).Distinct().Select(node => new ReplicaProgress(node))];
        _partitions[slot] = fresh;
        _effects.Because($"Partition {assignment.Key.Index} is assigned at version {assignment.Version}; its content is awaited.");
    }

    private void TakeSeed(NodeId from, PartitionSeed seed)
    {
        var slot = (seed.Run.Run, seed.Key.Index);
        _partitions.TryGetValue(slot, out var state);
        if (seed.Assignment is { } assignment)
        {
            TakeReplicaSeed(from, seed, assignment, state);
            return;
        }
        if (state is not { IsOwner: true, IsWhole: false } || state.Key != seed.Key || seed.Content.Version != state.Assignment.Version)
        {
            seed.Release();
            _effects.Because($"Content for partition {seed.Key.Index} is not awaited here, or another version of it.");
            if (state is { IsOwner: true, IsWhole: true } && state.Key == seed.Key)
                ReportHeld(state);
            return;
        }
        state.TakeContent(seed.Content);
        _effects.Because($"Partition {seed.Key.Index} is held at version {state.Version}.");
        ReportHeld(state);
        SyncReplicas(state);
        StartRetries(state);
    }

    private void Commit(NodeId from, CommitNotice notice)
    {
        if (!Obeys(from, notice.Run, notice.Term))
            return;
        foreach (var state in OwnedBy(notice.Run).Where(state => state.LastDecision?.Step == notice.Step))
            state.ForgetLastStep();
        _effects.Because($"Step {notice.Step} is committed everywhere.");
    }

    private void TakePosition(NodeId from, PositionNotice notice)
    {
        if (!Obeys(from, notice.Run, notice.Term))
            return;
        foreach (var state in OwnedBy(notice.Run))
            state.Position = notice.Position;
    }

    private void Snapshot(NodeId from, SnapshotRequest request)
    {
        if (!Obeys(from, request.Run, request.Term))
            return;
        if (!TryOwned(request.Key, out var state) || !state.IsWhole || (state.Version != request.Version && !state.Spec.Consistency.AppliesShards))
        {
            _effects.Because($"There is no version {request.Version} of partition {request.Key.Index} here to take a snapshot of.");
            return;
        }
        _effects.Add(new SendSnapshot(from, state.Key, state.Content with { Version = request.Version }));
        ToCoordinator(from, new SnapshotTaken(state.Key, request.Version));
    }

    private void End(NodeId from, RunOver over)
    {
        if (!Obeys(from, over.Run, over.Term))
            return;
        foreach (var slot in _partitions.Where(entry => entry.Key.Run == over.Run.Run && entry.Value.Key.Run.Incarnation <= over.Run.Incarnation).Select(entry => entry.Key).ToArray())
            Drop(slot);
        _effects.Because($"The run {over.Run.Run} is over: {over.Reason}");
    }

    private void Drop((string Run, int Index) slot)
    {
        if (!_partitions.Remove(slot, out var state))
            return;
        state.Dispose();
        _effects.StopTimer(TimerOf(slot));
    }

    private PartitionState NewState(PartitionAssignment assignment) => new(assignment, _arithmetic, Codec.Parse(assignment.Spec.Codec));

    private bool TryOwned(PartitionKey key, out PartitionState state) =>
        _partitions.TryGetValue((key.Run.Run, key.Index), out state!) && state.IsOwner && state.Key == key;

    private IEnumerable<PartitionState> OwnedBy(RunKey run) => _partitions.Values.Where(state => state.IsOwner && state.Key.Run == run);

    private void ReportHeld(PartitionState state)
    {
        if (state.IsWhole)
            ToCoordinator(_coordinator, new PartitionHeld(state.Key, state.Version, [.. state.Replicas.Where(replica => replica.Version == state.Version).Select(replica => replica.Node)], state.Told.Term, state.Told.Number));
    }

    private void ToCoordinator(NodeId node, IMessage message) => _effects.Send(node, NodeRoles.Coordinator, message);

    private static string TimerOf((string Run, int Index) slot) => FormattableString.Invariant($"{slot.Index}@{slot.Run}");

    private static PartitionHolding HoldingOf(PartitionState state) => new(
        state.Key, state.IsOwner, state.Version, state.IsWhole, state.HoldsRoot, [.. state.Replicas.Select(replica => replica.Node)], state.LastDecision, state.Position, state.Assignment.Description);

    private sealed class PartitionOrder : IComparer<(string Run, int Index)>
    {
        public static PartitionOrder Instance { get; } = new();

        public int Compare((string Run, int Index) x, (string Run, int Index) y)
        {
            var order = string.CompareOrdinal(x.Run, y.Run);
            return order != 0 ? order : x.Index.CompareTo(y.Index);
        }
    }
}
