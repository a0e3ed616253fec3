using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>A synchronous step: leases, reports, one decision, one commit.</summary>
public sealed partial class CoordinatorMachine
{
    private LeaseTable? _table;
    private StepDecision? _decision;
    private StepSettlement? _settlement;
    private readonly Dictionary<NodeId, long> _counted = [];
    private NodeSums _sums;
    private long _bytes;
    private long _committed;

    private void BeginStep()
    {
        Phase = CoordinatorPhase.Computing;
        _table = new LeaseTable(Spec.Shards, Codec.Parse(Spec.Codec).PushesLeavesOnly ? Spec.Shards : Math.Max(1, _members.Workers.Count()));
        foreach (var partition in _partitions)
            (partition.Report, partition.IsApplied) = (null, false);
        LookAtLeases();
    }

    private void ForgetStep()
    {
        (_table, _decision, _settlement) = (null, null, null);
        _shardWork.Clear();
        _evaluation = null;
    }

    /// <summary>Takes back leases whose time is over, gives open shards to idle workers, and copies what is slow.</summary>
    private void LookAtLeases()
    {
        if (Spec.Consistency.AppliesShards)
        {
            LookAtShards();
            return;
        }
        if (_table is not { } table)
            return;
        foreach (var lease in table.Leases.Where(lease => !lease.IsDone && _now >= lease.Deadline).ToArray())
        {
            Fault("lease-expired", $"Attempt {lease.Attempt} of the shards {lease.Node} of step {_version} took longer than its lease of {(lease.Deadline - lease.Since).TotalSeconds:0.0} s on {lease.Worker}.");
            Revoke(table, lease, "Its time is over.");
        }
        foreach (var lease in table.Leases.Where(lease => lease.TakeRetry(_now, _options.RetryAfter)).ToArray())
            SendLease(lease, _view.Next, null);
        var idle = new Queue<MemberState>(_members.Workers.Where(worker => !table.IsBusy(worker.Node)));
        foreach (var node in table.Open.ToArray())
        {
            if (idle.Count > table.Open.Count() && node.Count > 1)
                table.Split(node);
        }
        foreach (var node in table.Open.ToArray())
        {
            if (!idle.TryDequeue(out var worker))
                break;
            Give(table, node, worker.Node);
        }
        CopySlowest(table, idle);
    }

    private void Give(LeaseTable table, TreeNode node, NodeId worker)
    {
        var lease = new LeaseState(node, ++_attempt, worker, _now, _now + DurationOf(node.Count));
        table.Add(lease);
        Record(new StepLeased(node.First, node.Count, (int)lease.Attempt, worker.ToString(), worker.Address));
        SendLease(lease, _view.Next, null);
    }

    private void SendLease(LeaseState lease, StepAddress address, double? rate) =>
        _effects.Send(lease.Worker, NodeRoles.Worker, new Lease(_run, _term, address, lease.Node, lease.Attempt, Owners, rate));

    private TimeSpan DurationOf(int shards)
    {
        var usual = (_times.Usual ?? TimeSpan.FromSeconds(60)) * shards * _options.LeaseFactor;
        return usual > _options.LeaseMin ? usual : _options.LeaseMin;
    }

    private void CopySlowest(LeaseTable table, Queue<MemberState> idle)
    {
        foreach (var node in table.Nodes.Where(node => IsToBeVerified(node) && table.Leases.Count(lease => lease.Node == node) == 1))
        {
            var holder = table.Leases.First(lease => lease.Node == node).Worker;
            if (idle.FirstOrDefault(worker => worker.Node != holder) is { } second && idle.TryDequeue(out _))
                Give(table, node, second.Node);
        }
        if (!Plan.Speculates || _times.Usual is not { } usual)
            return;
        var slow = table.Leases
            .Where(lease => !table.IsDone(lease.Node) && table.Leases.Count(other => other.Node == lease.Node) == 1 && _now - lease.Since > usual * lease.Node.Count * _options.SpeculationFactor)
            .OrderBy(lease => lease.Since).ToArray();
        foreach (var lease in slow)
        {
            if (!idle.TryDequeue(out var worker))
                return;
            _effects.Because($"The shards {lease.Node} are slow on {lease.Worker}: {worker.Node} computes a copy.");
            Give(table, lease.Node, worker.Node);
        }
    }

    /// <summary>Gives all leases of the step again, with new numbers and the owners as they are now: whoever has a result pushes it where it is lacking.</summary>
    private void RenewLeases()
    {
        if (_table is not { } table)
            return;
        foreach (var lease in table.Leases.ToArray())
        {
            table.Remove(lease);
            if (_members[lease.Worker] is { MayCompute: true } && !table.Leases.Any(other => other.Node == lease.Node))
                Give(table, lease.Node, lease.Worker);
        }
        LookAtLeases();
    }

    private void Revoke(LeaseTable table, LeaseState lease, string reason)
    {
        table.Remove(lease);
        _effects.Send(lease.Worker, NodeRoles.Worker, new LeaseRevoked(_run, lease.Attempt, reason));
    }

    private void RevokeAll(NodeId worker, string reason)
    {
        if (_table is { } table)
        {
            foreach (var lease in table.Leases.Where(lease => lease.Worker == worker && !lease.IsDone).ToArray())
                Revoke(table, lease, reason);
        }
        foreach (var step in _shardWork)
            foreach (var lease in step.Leases.Where(lease => lease.Worker == worker).ToArray())
                step.Leases.Remove(lease);
        if (_evaluation is { } evaluation)
        {
            foreach (var lease in evaluation.Leases.Where(lease => lease.Worker == worker).ToArray())
                evaluation.Leases.Remove(lease);
        }
        if (Phase == CoordinatorPhase.Computing)
            LookAtLeases();
        else if (Phase == CoordinatorPhase.Evaluating)
            LookAtEvaluation();
    }

    private void TakeDone(NodeId from, LeaseDone done)
    {
        if (done.Attempt > _counted.GetValueOrDefault(from))
        {
            _counted[from] = done.Attempt;
            _bytes += done.Bytes;
        }
        if (Spec.Consistency.AppliesShards)
        {
            TakeShardDone(from, done);
            return;
        }
        if (Phase != CoordinatorPhase.Computing || _table?.Find(done.Attempt) is not { IsDone: false } lease || lease.Worker != from || lease.Node != done.Node || done.Step != _version)
            return;
        lease.IsDone = true;
        _times.Add(TimeSpan.FromMilliseconds(Math.Max(0, done.ComputeMs)), lease.Node.Count);
        LookAtLeases();
    }

    private void TakeFailed(NodeId from, LeaseFailed failed)
    {
        if (_members[from] is { } member && failed.Reason == "The run is not loaded here.")
            Offer(member);
        if (_table?.Find(failed.Attempt) is { IsDone: false } lease && lease.Worker == from)
            _table.Remove(lease);
        foreach (var step in _shardWork)
            step.Leases.RemoveAll(other => other.Attempt == failed.Attempt && other.Worker == from);
        _evaluation?.Leases.RemoveAll(other => other.Attempt == failed.Attempt && other.Worker == from);
        _effects.Because($"{from} cannot do attempt {failed.Attempt}: {failed.Reason}");
    }

    private void TakeReport(NodeId from, GradientReport report)
    {
        if (Phase != CoordinatorPhase.Computing || report.Step != _version || !TryPartition(from, report.Key, out var partition) || partition.Report is not null)
            return;
        partition.Report = report;
        if (_partitions.All(other => other.Report is not null))
            Settle();
    }

    private void Settle()
    {
        var reports = _partitions.Select(partition => partition.Report!).ToArray();
        _sums = reports[0].Sums;
        if (reports.FirstOrDefault(report => report.Sums != _sums) is { } other)
        {
            GoBack($"Partition {other.Key.Index} has other sums of step {_version} than partition 0: shards were computed differently.");
            return;
        }
        var norm = BlockSums.Total(Spec.Table.Blocks, reports.SelectMany(report => report.Norms));
        _settlement = Plan.Course.Settle(_position, _sums, norm);
        foreach (var report in reports)
            foreach (var entered in report.Entered)
                Record(new ShardEntered(entered.Node.First, entered.Node.Count, (int)entered.Attempt, entered.Worker.ToString(), report.Key.Index, entered.Digest.ToString("x32", System.Globalization.CultureInfo.InvariantCulture)));
        if (_settlement.Verdict == StepVerdict.Stopped)
        {
            Fault("non-finite", _settlement.Reason);
            _stop ??= ("stopped", _settlement.Reason);
            _table = null;
            Next();
            return;
        }
        if (_settlement.Verdict == StepVerdict.PassedOver)
            Fault("non-finite", _settlement.Reason);
        _decision = new StepDecision(
            _run, _term, _version, _settlement.Verdict == StepVerdict.Applied, _settlement.Factor, _settlement.LearningRate, _settlement.BeginsEpochNext, _settlement.Position);
        Phase = CoordinatorPhase.Applying;
        SendDecision();
    }

    private void SendDecision()
    {
        if (_decision is not { } decision)
            return;
        foreach (var node in _partitions.Where(partition => !partition.IsApplied && partition.Promoting is null).Select(partition => partition.Owner).Distinct())
            ToServer(node, decision);
    }

    private void TakeApplied(NodeId from, StepApplied applied)
    {
        if (Phase != CoordinatorPhase.Applying || applied.Step != _version || !TryPartition(from, applied.Key, out var partition))
            return;
        partition.IsApplied = true;
        foreach (var replica in partition.Replicas.Where(replica => replica.IsFollowing))
            replica.Version = _version + 1;
        if (_partitions.All(other => other.IsApplied))
            Commit();
    }

    private void Commit()
    {
        _committed++;
        var decision = _decision!;
        Record(new StepCommitted(
            Spec.Shards, Spec.Partitions, decision.Factor, _settlement?.Norm ?? 0, _settlement?.Loss ?? 0, decision.LearningRate, decision.IsApplied, decision.Term));
        ToOwnersOnce(new CommitNotice(_run, _term, _version));
        if (_settlement is { } settlement)
            _effects.Add(new StepReported(_view.Next, _sums, settlement, _run.Incarnation));
        (_version, _position) = (_version + 1, decision.Position);
        (_table, _decision, _settlement) = (null, null, null);
        _effects.Because($"Step {_version - 1} is committed.");
        Next();
    }
}
