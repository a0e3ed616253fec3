namespace DistRnn.Protocol;

/// <summary>Nodes that come and go.</summary>
public sealed partial class CoordinatorMachine
{
    private const int RenewalFactor = 4;

    private void TakeMember(MemberChanged change)
    {
        var before = _members[change.Node]?.Status;
        if (_members.Take(change, _now) is not { } member || before == change.Status)
            return;
        _effects.Because($"{change.Node} is {change.Status}.");
        if (_plan is null || Phase is CoordinatorPhase.Ended or CoordinatorPhase.Deposed)
            return;
        if (change.Status == MemberStatus.Up)
        {
            Offer(member);
            if (Phase == CoordinatorPhase.Asking && member.IsServer && !_promises.ContainsKey(member.Node))
                ToServer(member.Node, new PromiseRequest(_run, _term));
        }
        else if (member.IsWorker)
        {
            Lose(member, change.Status);
        }
        if (Phase == CoordinatorPhase.Asking)
            LookAtPromises(false);
        if (Phase == CoordinatorPhase.Placing)
            LookAtPlacing(false);
        if (IsRunning)
            LookAtServers(false);
    }

    private void OfferAll()
    {
        foreach (var member in _members.All.Where(member => member.Stage == WorkerStage.Offered))
            Offer(member);
    }

    /// <summary>Offers the run to a worker; only once the term is this coordinator's, since workers follow the highest one they hear of.</summary>
    private void Offer(MemberState member)
    {
        if (Phase == CoordinatorPhase.Asking || !member.IsWorker || member.Status != MemberStatus.Up || member.Stage == WorkerStage.Out)
            return;
        member.Stage = WorkerStage.Offered;
        _effects.Send(member.Node, NodeRoles.Worker, new RunOffer(_run, _term, Plan.Description));
    }

    private void TakeReady(NodeId from, WorkerReady ready)
    {
        if (_members[from] is not { Stage: WorkerStage.Offered } member)
            return;
        _digest ??= ready.Digest;
        if (ready.Digest != _digest)
        {
            member.Stage = WorkerStage.Out;
            Fault("worker-refused", $"{from} has other data, another vocabulary or another arithmetic version than the run: its digest is {ready.Digest}, the run's is {_digest}.");
            return;
        }
        member.Stage = WorkerStage.Ready;
        Record(new WorkerJoined(from.ToString(), from.Address));
        _effects.Because($"{from} can compute shards.");
        if (Phase == CoordinatorPhase.Gathering)
            TryPlacing();
        else if (Phase == CoordinatorPhase.Computing)
            LookAtLeases();
        else if (Phase == CoordinatorPhase.Evaluating)
            LookAtEvaluation();
    }

    private void TakeDeclined(NodeId from, WorkerDeclined declined)
    {
        if (_members[from] is not { } member)
            return;
        member.Stage = WorkerStage.Out;
        Fault("worker-declined", $"{from} cannot take part: {declined.Reason}");
        if (!_members.All.Any(other => other.IsWorker && other.Stage != WorkerStage.Out) && Phase == CoordinatorPhase.Gathering)
            Finish("failed", $"No worker can take part: {declined.Reason}");
    }

    private void Lose(MemberState member, MemberStatus status)
    {
        if (member.Stage == WorkerStage.Ready)
        {
            Record(new WorkerLeft(member.Node.ToString(), status.ToString()));
            if (status != MemberStatus.Leaving)
                Fault("worker-lost", $"The worker {member.Node} is {status}: what it held is computed elsewhere.");
        }
        member.Stage = WorkerStage.Offered;
        RevokeAll(member.Node, $"{member.Node} is {status}.");
    }

    /// <summary>Whether an owner or replica that does not answer may be replaced before the cluster removes it: most coordinators are on this side.</summary>
    private bool MayReplace(MemberState member) =>
        member.Status == MemberStatus.Unreachable && _now - member.Since >= _options.ReplaceAfter && _members.SeesMostCoordinators(_options.Coordinators, _self, _now - _options.TrustAfter);

    private bool IsGone(NodeId node) => _members[node] is not { } member || MayReplace(member);

    /// <summary>Puts others in the place of owners and replicas that are gone or about to go.</summary>
    private void LookAtServers(bool isDue)
    {
        for (var p = 0; p < _partitions.Length; p++)
        {
            var partition = _partitions[p];
            if (partition.Promoting is { } promoting)
            {
                if (IsGone(promoting))
                {
                    if (!TryPromote(p, $"The owner of partition {p} and its copies are gone."))
                        return;
                    continue;
                }
                if (isDue)
                    ToServer(promoting, new Promotion(KeyOf(p), _term, _version));
                continue;
            }
            if (IsGone(partition.Owner))
            {
                if (!LoseOwner(p))
                    return;
                continue;
            }
            LookAtReplicas(p, isDue);
        }
        HandOver();
    }

    private bool LoseOwner(int p)
    {
        var partition = _partitions[p];
        Fault("parameter-server-lost", $"The owner of partition {p}, {partition.Owner}, is gone.");
        return TryPromote(p, $"Partition {p} is lost: its owner is gone and there is no whole copy.");
    }

    /// <summary>Makes the copy that came furthest the owner; where there is none the run goes back.</summary>
    private bool TryPromote(int p, string otherwise)
    {
        // Up to the committed version the owner had its replicas' word for everything; a copy that never caught up has none.
        var replicas = _partitions[p].Replicas;
        replicas.RemoveAll(replica => IsGone(replica.Node));
        if (replicas.Where(replica => replica.Version >= 0).MaxBy(replica => (replica.Version, replica.IsFollowing)) is not { } next)
        {
            GoBack(otherwise);
            return false;
        }
        replicas.Remove(next);
        // Where shards are applied one by one a version counts these, and who follows its owner has what was acknowledged.
        BeginPromotion(p, next.Node, Spec.Consistency.AppliesShards ? 0 : _version);
        return true;
    }

    private void BeginPromotion(int p, NodeId replica, long version)
    {
        var partition = _partitions[p];
        partition.OwnerEpoch = ++_ownerEpochMax;
        (partition.Promoting, partition.PromotingSince, partition.IsApplied, partition.IsSnapshotTaken, partition.Report) = (replica, _now, false, false, null);
        ToServer(replica, new Promotion(KeyOf(p), _term, version));
        _effects.Because($"{replica} is to own partition {p} under the owner epoch {partition.OwnerEpoch}.");
    }

    private void TakePromotion(NodeId from, PromotionReply reply)
    {
        if (reply.Key.Index < 0 || reply.Key.Index >= _partitions.Length)
            return;
        var partition = _partitions[reply.Key.Index];
        if (Phase == CoordinatorPhase.Placing && !reply.IsDone && !partition.IsHeld && partition.Owner == from && partition.OwnerEpoch == reply.Key.OwnerEpoch)
        {
            // It came to hold the partition after it had promised: only another term tells what it holds.
            AskAbove(_term, _run.Incarnation);
            return;
        }
        if (partition.Promoting != from || partition.OwnerEpoch != reply.Key.OwnerEpoch)
            return;
        if (!reply.IsDone)
        {
            TryPromote(reply.Key.Index, $"Partition {reply.Key.Index} is lost: {reply.Reason}");
            return;
        }
        (partition.Owner, partition.Promoting, partition.IsHeld) = (from, null, true);
        partition.Replicas.RemoveAll(replica => replica.Node == from);
        // The other copies are as whole as they were; the new owner fills them again, and waits for them from then on. Where shards are applied one by one, a copy that the owner does not wait for tells nothing.
        foreach (var replica in partition.Replicas)
            (replica.IsFollowing, replica.Version) = (false, Spec.Consistency.AppliesShards ? -1 : replica.Version);
        Record(new PartitionPromoted(reply.Key.Index, from.ToString(), reply.Key.OwnerEpoch));
        // Others may have made the update already, and another copy may have the gradient that this one lacks.
        if (Phase == CoordinatorPhase.Applying && !reply.HoldsRoot && reply.Version == _version && _decision is { IsApplied: true })
        {
            TryPromote(reply.Key.Index, $"Partition {reply.Key.Index} lost its gradient of step {_version} when others may have made the update.");
            return;
        }
        _effects.Add(new Recovered("parameter-server-lost", _now - partition.PromotingSince));
        LookAtReplicas(reply.Key.Index, true);
        AfterPromotion(reply);
    }

    private void AfterPromotion(PromotionReply reply)
    {
        switch (Phase)
        {
            case CoordinatorPhase.Computing when Spec.Consistency.AppliesShards:
                RenewShards();
                break;
            case CoordinatorPhase.Computing when !reply.HoldsRoot:
                RenewLeases();
                break;
            case CoordinatorPhase.Applying:
                SendDecision();
                break;
            case CoordinatorPhase.Evaluating:
                RenewEvaluation();
                break;
            case CoordinatorPhase.Saving:
                if (_savingVersion == _version)
                    AskForSnapshots();
                else
                    NextOncePromoted();
                break;
            default:
                break;
        }
    }

    private void NextOncePromoted()
    {
        if (_partitions.All(partition => partition.Promoting is null))
            Next();
    }

    private void LookAtReplicas(int p, bool isDue)
    {
        var partition = _partitions[p];
        foreach (var lost in partition.Replicas.Where(replica => IsGone(replica.Node)).ToArray())
        {
            Fault("replica-lost", $"The copy of partition {p} on {lost.Node} is gone.");
            partition.Replicas.Remove(lost);
            isDue = true;
        }
        if (!isDue)
            return;
        Replicate(partition);
        // Owners are told again now and then: an assignment that was overtaken is put right, and a coordinator that another one has followed learns it.
        var isSettled = partition.Replicas.Count > 0 && partition.Replicas.All(replica => replica.IsFollowing && _promises.ContainsKey(replica.Node));
        if (!isSettled || !IsTold(partition) || _now - partition.AssignedAt >= RenewalFactor * _options.RetryAfter)
            AssignReplicas(p, partition);
    }

    /// <summary>Chooses who is to keep the copies that a partition lacks.</summary>
    private void Replicate(PlacedPartition partition)
    {
        while (partition.Replicas.Count < Plan.Replicas && ReplicaFor(partition) is { } node)
            partition.Replicas.Add(new PlacedReplica(node));
    }

    private void AssignReplicas(int p, PlacedPartition partition)
    {
        partition.AssignedAt = _now;
        // A server takes no copy of a term that it has not promised, and only a question makes it say that it promised a higher one.
        foreach (var replica in partition.Replicas.Where(replica => !replica.IsFollowing || !_promises.ContainsKey(replica.Node)))
            ToServer(replica.Node, new PromiseRequest(_run, _term));
        if (!IsTold(partition))
            partition.Told = ([.. partition.Replicas.Select(replica => replica.Node)], partition.Told.Number + 1);
        ToServer(partition.Owner, new ReplicaAssignment(KeyOf(p), _term, partition.Told.Replicas, partition.Told.Number));
    }

    private static bool IsTold(PlacedPartition partition) => partition.Replicas.Select(replica => replica.Node).SequenceEqual(partition.Told.Replicas);

    /// <summary>
    /// Among servers that have nothing of a partition one on another host than those that have, where there is one, and of these the one that has least to do; null where all have it.
    /// </summary>
    private NodeId? ReplicaFor(PlacedPartition partition)
    {
        var servers = _members.Servers.Select(server => server.Node).ToArray();
        var holders = partition.Replicas.Select(replica => replica.Node).Prepend(partition.Owner).ToArray();
        var hosts = holders.Select(node => node.Host).ToHashSet(StringComparer.Ordinal);
        var next = Array.IndexOf(servers, partition.Owner) + 1;
        var free = Enumerable.Range(next, servers.Length).Select(i => servers[i % servers.Length]).Where(node => !holders.Contains(node)).ToArray();
        return free.Length == 0 ? null : free.MinBy(node => (hosts.Contains(node.Host), LoadOf(node)));
    }

    private int LoadOf(NodeId server) => _partitions.Count(partition => partition.Owner == server || partition.Replicas.Any(replica => replica.Node == server));

    /// <summary>An owner that is about to leave gives each of its partitions to a replica, between two steps.</summary>
    private void HandOver()
    {
        if (Phase != CoordinatorPhase.Computing || Spec.Consistency.AppliesShards)
            return;
        for (var p = 0; p < _partitions.Length; p++)
        {
            var partition = _partitions[p];
            if (partition.Promoting is null && _members[partition.Owner]?.Status == MemberStatus.Leaving && partition.Report is null
                && partition.Replicas.Where(replica => replica.IsFollowing && !IsGone(replica.Node)).MinBy(replica => _members[replica.Node]?.Status == MemberStatus.Up ? 0 : 1) is { } next)
            {
                Fault("parameter-server-leaving", $"{partition.Owner} leaves and hands partition {p} to {next.Node}.");
                partition.Replicas.Remove(next);
                BeginPromotion(p, next.Node, _version);
            }
        }
    }
}
