using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>How a coordinator comes to be in charge, and how partitions get owners.</summary>
public sealed partial class CoordinatorMachine
{
    private readonly Dictionary<NodeId, ImmutableArray<PartitionHolding>> _promises = [];
    private TimeSpan _gatheringSince;
    private TimeSpan _askingSince;
    private long _ownerEpochMax;
    private int _incarnationMax;
    private string? _goingBackFor;
    private TimeSpan _brokenSince;

    private void BeginAsking(long term)
    {
        (Phase, _term, _sequence, _askingSince) = (CoordinatorPhase.Asking, term, 0, _now);
        _promises.Clear();
        _effects.Because($"Term {Terms.Show(term)} begins with the question to all parameter servers.");
        Ask();
        LookAtPromises(false);
    }

    /// <summary>A worker follows a term that no server has promised any more: this coordinator takes one above it, so that the worker follows again, in another life of the run where nobody else holds it.</summary>
    private void AskAbove(long term, int incarnation)
    {
        _run = _run with { Incarnation = Math.Max(_run.Incarnation, incarnation) };
        ForgetStep();
        _savingVersion = -1;
        BeginAsking(Terms.Above(term, _self));
    }

    private void Ask()
    {
        _askedAt = _now;
        foreach (var server in _members.All.Where(member => member.IsServer && !_promises.ContainsKey(member.Node)))
            ToServer(server.Node, new PromiseRequest(_run, _term));
    }

    private void TakePromise(NodeId from, PromiseReply reply)
    {
        if (reply.Term != _term)
            return;
        if (Phase != CoordinatorPhase.Asking)
        {
            if (reply.IsGiven)
                _promises.TryAdd(from, reply.Holdings);
            else if (reply.HighestTerm > _term)
                Depose(new CommandRefused(reply.Run, reply.Term, reply.HighestTerm));
            return;
        }
        if (!reply.IsGiven)
        {
            BeginAsking(Terms.Above(Math.Max(_term, reply.HighestTerm), _self));
            return;
        }
        _promises[from] = reply.Holdings;
        LookAtPromises(false);
    }

    /// <summary>In charge once every server that is not removed has promised: owners are among them, or their replicas stand in for them.</summary>
    private void LookAtPromises(bool isDue)
    {
        var missing = _members.All.Where(member => member.IsServer && !_promises.ContainsKey(member.Node)).ToArray();
        var mayWait = missing.Any(member => member.Status != MemberStatus.Unreachable || !MayReplace(member));
        if (_promises.Count > 0 && !mayWait)
        {
            TakeCharge();
            OfferAll();
            return;
        }
        if (isDue)
            Ask();
    }

    private void TakeCharge()
    {
        var holdings = _promises.SelectMany(entry => entry.Value.Select(holding => (Node: entry.Key, Holding: holding))).Where(entry => entry.Holding.IsWhole).ToArray();
        _incarnationMax = _promises.Values.SelectMany(held => held).Select(holding => holding.Key.Run.Incarnation).Append(_run.Incarnation).Max();
        _run = _run with { Incarnation = _incarnationMax };
        RecordTerm();
        if (holdings.Length == 0)
        {
            var isNew = _promises.Values.All(held => held.IsEmpty);
            if (isNew)
                Record(new RunStarted(Plan.Run, Plan.JobDigest, Plan.Digest ?? "", Spec.Consistency.ToString(), Spec.Codec, Spec.Shards, Spec.Partitions));
            BeginGathering(isNew ? null : "No partition is whole.");
            return;
        }
        var incarnation = holdings.Max(entry => entry.Holding.Key.Run.Incarnation);
        _run = _run with { Incarnation = incarnation };
        var current = holdings.Where(entry => entry.Holding.Key.Run.Incarnation == incarnation).ToArray();
        // Workers may remember an owner epoch that nobody holds any more, of an owner that is gone: those of another term are others.
        _ownerEpochMax = Math.Max(current.Max(entry => entry.Holding.Key.OwnerEpoch), Terms.FirstOwnerEpoch(_term));
        if (Plan.GoesBackFor.Length > 0)
        {
            GoBackAsPlanned();
            return;
        }
        if (Spec.Consistency.AppliesShards)
        {
            GoBack("Shards were applied one by one, and which of them entered the steps that were not complete only the coordinator before knew.");
            return;
        }
        if (!current.Any(entry => entry.Holding.IsOwner))
        {
            GoBack("No owner is left, and a copy alone cannot tell whether it is the newest.");
            return;
        }
        Adopt(current);
    }

    /// <summary>Goes back once: in a later term what the servers hold is what followed.</summary>
    private void GoBackAsPlanned()
    {
        var reason = Plan.GoesBackFor;
        _plan = Plan with { GoesBackFor = "" };
        GoBack(reason);
    }

    private void Adopt((NodeId Node, PartitionHolding Holding)[] holdings)
    {
        var chosen = new (NodeId Node, PartitionHolding Holding)[Spec.Partitions];
        for (var p = 0; p < chosen.Length; p++)
        {
            if (HolderOf(p, holdings) is not { } holder)
            {
                GoBack($"Partition {p} has no owner, and no copy of it is new enough.");
                return;
            }
            chosen[p] = holder;
        }
        // A copy stands for an owner that is gone and may have made an update that the other owners have not made yet.
        var newest = chosen.Max(entry => entry.Holding.Version);
        var source = Array.Find(chosen, entry => entry.Holding.Version == newest && entry.Holding.LastDecision is not null).Holding
            ?? Array.Find(chosen, entry => entry.Holding.Version == newest).Holding;
        var behind = source.LastDecision is null ? 0 : 1;
        if (Array.FindIndex(chosen, entry => newest - entry.Holding.Version > behind) is >= 0 and var late)
        {
            GoBack($"Partition {late} is at version {chosen[late].Holding.Version}, another at {newest}, and what was decided between is not known.");
            return;
        }
        if (source.LastDecision is { IsApplied: true } && Array.FindIndex(chosen, entry => entry.Holding.Version < newest && !entry.Holding.HoldsRoot) is >= 0 and var lacking)
        {
            GoBack($"Partition {lacking} has no gradient of step {newest - 1} any more, of which others have made the update.");
            return;
        }
        _partitions =
        [
            .. chosen.Select(entry =>
            {
                var partition = new PlacedPartition(entry.Node, entry.Holding.Key.OwnerEpoch) { IsHeld = entry.Holding.IsOwner };
                partition.Replicas.AddRange(entry.Holding.IsOwner ? entry.Holding.Replicas.Select(node => new PlacedReplica(node)) : CopiesLike(entry, holdings));
                return partition;
            }),
        ];
        TakeOver(newest, source.Position, source.LastDecision);
    }

    /// <summary>Who is to own a partition: its newest owner, or else its newest copy.</summary>
    private (NodeId Node, PartitionHolding Holding)? HolderOf(int partition, (NodeId Node, PartitionHolding Holding)[] holdings)
    {
        var own = holdings.Where(entry => entry.Holding.Key.Index == partition).OrderByDescending(entry => entry.Holding.Key.OwnerEpoch).ThenByDescending(entry => entry.Holding.IsOwner).ThenByDescending(entry => entry.Holding.Version).ThenByDescending(entry => entry.Holding.HoldsRoot).ToArray();
        return own.Length == 0 ? null : own[0];
    }

    /// <summary>Other copies that stand where a copy stands that is to be the owner.</summary>
    private IEnumerable<PlacedReplica> CopiesLike((NodeId Node, PartitionHolding Holding) copy, (NodeId Node, PartitionHolding Holding)[] holdings) => holdings
        .Where(other => other.Node != copy.Node && other.Holding.Key == copy.Holding.Key && other.Holding.Version == copy.Holding.Version)
        .OrderByDescending(other => other.Holding.HoldsRoot)
        .Take(Plan.Replicas)
        .Select(other => new PlacedReplica(other.Node) { Version = other.Holding.Version });

    private void TakeOver(long newest, ReadOnlyMemory<byte> position, StepDecision? decision)
    {
        _effects.Because($"The run is taken over at version {newest} in incarnation {_run.Incarnation}.");
        if (decision is not null)
        {
            (_version, _position) = (newest - 1, decision.Position);
            (Phase, _decision) = (CoordinatorPhase.Applying, decision with { Term = _term });
            (_settlement, _sums) = (null, default);
            foreach (var partition in _partitions)
                partition.IsApplied = false;
        }
        else
        {
            (_version, _position) = (newest, position);
            Phase = CoordinatorPhase.Saving;
        }
        for (var p = 0; p < _partitions.Length; p++)
            if (!_partitions[p].IsHeld)
                BeginPromotion(p, _partitions[p].Owner, _version);
        if (Phase == CoordinatorPhase.Applying)
            SendDecision();
        else
            NextOncePromoted();
    }

    private void BeginGathering(string? goingBackFor)
    {
        if (goingBackFor is not null)
        {
            GoBack(goingBackFor);
            return;
        }
        (Phase, _gatheringSince) = (CoordinatorPhase.Gathering, _now);
        TryPlacing();
    }

    /// <summary>Places partitions once there are enough nodes, or patience with the missing ones is over.</summary>
    private void TryPlacing()
    {
        var (servers, workers) = (_members.Servers.Count(), _members.Workers.Count());
        if (servers == 0 || workers == 0)
            return;
        if (_goingBackFor is null && (servers < Plan.ServersWanted || workers < Plan.WorkersWanted) && _now - _gatheringSince < _options.StartPatience)
            return;
        Place();
    }

    private void Place()
    {
        Phase = CoordinatorPhase.Placing;
        // Where nothing is left of a run but workers, they remember owner epochs of the same incarnation: those of another term are others.
        _ownerEpochMax = Math.Max(_ownerEpochMax, Terms.FirstOwnerEpoch(_term));
        var servers = _members.Servers.Select(server => server.Node).ToArray();
        _partitions =
        [
            .. Enumerable.Range(0, Spec.Partitions).Select(p => new PlacedPartition(servers[p % servers.Length], ++_ownerEpochMax)),
        ];
        foreach (var partition in _partitions)
        {
            Replicate(partition);
            partition.Told = ([.. partition.Replicas.Select(replica => replica.Node)], 1);
        }
        _effects.Because($"{Spec.Partitions} partitions are placed on {servers.Length} servers at version {_version}.");
        LookAtPlacing(true);
    }

    private void LookAtPlacing(bool isDue)
    {
        if (_partitions.Any(partition => IsGone(partition.Owner)))
        {
            GoBack("A parameter server was lost while partitions were being placed.");
            return;
        }
        if (!isDue)
            return;
        _askedAt = _now;
        for (var p = 0; p < _partitions.Length; p++)
        {
            var partition = _partitions[p];
            if (partition.IsHeld)
                continue;
            ToServer(partition.Owner, new PartitionAssignment(KeyOf(p), _term, Spec, _version, [.. partition.Replicas.Select(replica => replica.Node)], Plan.Description));
            _effects.Add(new SeedPartition(partition.Owner, KeyOf(p), _version));
        }
    }

    private void TakeHeld(NodeId from, PartitionHeld held)
    {
        if (!TryPartition(from, held.Key, out var partition))
            return;
        partition.IsHeld = true;
        // What it says of another list than the last one is true of copies that were given up, or have to be filled again.
        if ((held.Term, held.Number) == (_term, partition.Told.Number))
            foreach (var replica in partition.Replicas.Where(replica => held.Replicas.Contains(replica.Node)))
                (replica.Version, replica.IsFollowing) = (Spec.Consistency.AppliesShards ? 0 : Math.Max(replica.Version, held.Version), true);
        if (Phase != CoordinatorPhase.Placing || _partitions.Any(other => !other.IsHeld))
            return;
        if (_goingBackFor is not null)
        {
            _effects.Add(new Recovered("rollback", _now - _brokenSince));
            _goingBackFor = null;
        }
        Next();
    }

    /// <summary>Goes back to the newest complete checkpoint, in the run's next life.</summary>
    private void GoBack(string reason)
    {
        if (Phase is CoordinatorPhase.Ended or CoordinatorPhase.Deposed)
            return;
        Fault("rollback", reason);
        if (_goingBackFor is null)
            _brokenSince = _now;
        _goingBackFor = reason;
        // A life that was begun and not placed may be above the one that is left.
        _run = _run with { Incarnation = Math.Max(_run.Incarnation, _incarnationMax) + 1 };
        ForgetStep();
        (_partitions, _savingVersion) = ([], -1);
        (Phase, _askedAt) = (CoordinatorPhase.GoingBack, _now);
        foreach (var member in _members.All.Where(member => member is { IsWorker: true, Stage: WorkerStage.Ready }))
            Offer(member);
        _effects.Add(new FindCheckpoint(_run));
    }

    private void TakeFound(CheckpointFound found)
    {
        if (Phase != CoordinatorPhase.GoingBack)
            return;
        Record(new RolledBack(_version, found.Version, _goingBackFor ?? ""));
        _effects.Add(new WentBack(_version, found.Version, _run.Incarnation));
        (_version, _position, _savedVersion) = (found.Version, found.Position, found.Version == 0 ? -1 : found.Version);
        BeginGathering(null);
    }

    private bool TryPartition(NodeId from, PartitionKey key, out PlacedPartition partition)
    {
        partition = null!;
        if (key.Index < 0 || key.Index >= _partitions.Length)
            return false;
        partition = _partitions[key.Index];
        return partition.Owner == from && partition.OwnerEpoch == key.OwnerEpoch && partition.Promoting is null;
    }
}
