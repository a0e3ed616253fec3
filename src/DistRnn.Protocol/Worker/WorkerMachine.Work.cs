using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>How a lease is carried out: pull, compute, push.</summary>
public sealed partial class WorkerMachine
{
    /// <summary>Does what can be done next of a run's leases.</summary>
    private void Continue(WorkerRunState run)
    {
        foreach (var work in run.Work.Where(work => work.Phase == WorkPhase.Pushing).ToArray())
            Push(run, work);
        if (run.IsComputing || run.Work.FirstOrDefault(work => work.Phase == WorkPhase.Pulling) is not { } next)
            return;
        if (!Pull(run, next))
            return;
        (next.Phase, run.IsComputing) = (WorkPhase.Computing, true);
        _effects.Add(next.Lease is { } lease ? new Compute(lease, [.. next.Lanes.OrderBy(lane => lane.Shard)]) : new ComputeEvaluation(next.Evaluation!));
    }

    /// <summary>Asks for what is lacking; true when nothing is.</summary>
    private bool Pull(WorkerRunState run, WorkItem work)
    {
        var isWhole = true;
        for (var partition = 0; partition < run.Owners.Length; partition++)
        {
            var isAhead = run.IsAhead(partition, work.Version);
            if (isAhead)
            {
                isWhole = false;
                StartRetries();
            }
            // Where the owner is another one now, what was asked of the one before does not come any more.
            if (!isAhead && run.LacksDense(partition, work.Version) && work.Pulled.Remove(partition))
                work.Asked.Remove(partition);
            if (work.Pulled.Contains(partition))
                continue;
            if (RequestFor(run, work, partition) is not { } request)
            {
                if (!isAhead)
                    work.Pulled.Add(partition);
                continue;
            }
            isWhole = false;
            if (!work.Asked.Add(partition))
                continue;
            _effects.Send(run.Owners[partition].Node, NodeRoles.ParameterServer, request);
            StartRetries();
        }
        return isWhole;
    }

    private static ParameterRequest? RequestFor(WorkerRunState run, WorkItem work, int partition)
    {
        var plan = run.Plan!;
        var layout = plan.Partitions.Layouts[partition];
        var wantsDense = layout.DenseCount > 0 && (work.Version < 0 || run.LacksDense(partition, work.Version) && !run.IsAhead(partition, work.Version));
        if (work.Lease is not { } lease)
        {
            return wantsDense || layout.Sparse.Length > 0
                ? new ParameterRequest(run.KeyOf(partition), work.Version, wantsDense, [], layout.Sparse.Length > 0, [])
                : null;
        }
        var rows = layout.Sparse.Select(section => Within(plan.RowsOf(lease.Address, lease.Node, section.Tensor), section)).ToImmutableArray();
        ImmutableArray<int> lanes = plan.HasLanes && !lease.Address.BeginsEpoch
            ? [.. Enumerable.Range(lease.Node.First, lease.Node.Count).Where(shard => plan.Partitions.LanePartitionOf(shard) == partition)]
            : [];
        return wantsDense || rows.Any(section => section.Length > 0) || lanes.Length > 0
            ? new ParameterRequest(run.KeyOf(partition), work.Version, wantsDense, rows, false, lanes)
            : null;
    }

    private static ImmutableArray<int> Within(ImmutableArray<int> rows, SparseSection section) =>
        [.. rows.Where(row => row >= section.FirstRow && row < section.EndRow)];

    /// <summary>
    /// Asks for the dense sections of the next version before anybody has a lease of it: their owners send them as soon as there are any. What a lease needs beside them, it
    /// asks for when it comes.
    /// </summary>
    private void AskAhead(WorkerRunState run, long version)
    {
        for (var partition = 0; partition < run.Owners.Length; partition++)
        {
            if (!run.LacksDense(partition, version) || run.IsAhead(partition, version))
                continue;
            run.Ahead[partition] = (version, run.Owners[partition].OwnerEpoch);
            _effects.Send(run.Owners[partition].Node, NodeRoles.ParameterServer, RequestAhead(run, partition, version));
        }
    }

    private static ParameterRequest RequestAhead(WorkerRunState run, int partition, long version) =>
        new(run.KeyOf(partition), version, true, [.. run.Plan!.Partitions.Layouts[partition].Sparse.Select(_ => ImmutableArray<int>.Empty)], false, []);

    /// <summary>Takes what was asked for ahead; false where the reply is to something else.</summary>
    private bool TakeAhead(WorkerRunState run, ParameterReply reply)
    {
        var partition = reply.Key.Index;
        if (partition < 0 || partition >= run.Owners.Length || !run.IsAhead(partition, reply.Version) || !Answers(RequestAhead(run, partition, reply.Version), reply.Request))
            return false;
        run.Ahead.Remove(partition);
        // What is being computed, or about to be, needs the version that is there.
        if (run.IsComputing || run.Work.Any(work => work.Phase == WorkPhase.Pulling && work.Version != reply.Version))
        {
            reply.Release();
            _effects.Because($"Version {reply.Version} of partition {partition} came while another one is needed.");
        }
        else
        {
            if (run.Owners[partition].Node != _self)
                run.AheadBytes += reply.Parameters.ContentBytes;
            run.Versions[partition] = reply.Version;
            _effects.Add(new StoreParameters(reply));
            _effects.Because($"Version {reply.Version} of partition {partition} is here before its lease.");
        }
        Continue(run);
        return true;
    }

    private void TakeParameters(ParameterReply reply)
    {
        if (_runs.TryGetValue(reply.Run.Run, out var known) && known.Key == reply.Run && TakeAhead(known, reply))
            return;
        if (!_runs.TryGetValue(reply.Run.Run, out var run) || run.Key != reply.Run || run.IsComputing
            || run.Work.FirstOrDefault(work => work.Phase == WorkPhase.Pulling) is not { } work
            || !work.Asked.Contains(reply.Key.Index) || work.Pulled.Contains(reply.Key.Index)
            || work.Version >= 0 && reply.Version != work.Version
            || !Answers(RequestFor(run, work, reply.Key.Index), reply.Request))
        {
            reply.Release();
            _effects.Because("Parameters came that nobody waits for.");
            return;
        }
        work.Pulled.Add(reply.Key.Index);
        work.Lanes.AddRange(reply.Lanes);
        if (run.Owners[reply.Key.Index].Node != _self)
            work.Bytes += reply.Parameters.ContentBytes - (reply.HasDense ? 0 : sizeof(float) * reply.Parameters.Layout.DenseCount) + BytesOf(reply.Lanes);
        if (reply.HasDense)
            run.Versions[reply.Key.Index] = reply.Version;
        _effects.Add(new StoreParameters(reply));
        Continue(run);
    }

    private static bool Answers(ParameterRequest? wanted, ParameterRequest given) =>
        wanted is not null && wanted.Key == given.Key && wanted.Version == given.Version && wanted.WantsDense == given.WantsDense && wanted.WantsAllRows == given.WantsAllRows
        && wanted.LaneShards.SequenceEqual(given.LaneShards)
        && wanted.Rows.Length == given.Rows.Length && wanted.Rows.Zip(given.Rows).All(pair => pair.First.SequenceEqual(pair.Second));

    private void TakeRefusal(ParameterRefused refused)
    {
        if (!_runs.TryGetValue(refused.Run.Run, out var run) || run.Key != refused.Run
            || run.Work.FirstOrDefault(work => work.Phase == WorkPhase.Pulling) is not { } work || work.Version != refused.Version)
            return;
        _effects.Because(refused.Reason);
        if (refused.Refusal is not (Refusal.Behind or Refusal.Malformed))
            return;
        run.Drop(work);
        Fail(run, work.Attempt, refused.Reason);
        Continue(run);
    }

    private void TakeComputed(Computed computed)
    {
        if (!_runs.TryGetValue(computed.Run.Run, out var run))
        {
            Release(computed);
            return;
        }
        run.IsComputing = false;
        var work = run.Key == computed.Run ? run.Work.FirstOrDefault(work => work.Phase == WorkPhase.Computing) : null;
        if (work is null || work.IsAbandoned)
        {
            Release(computed);
            if (work is not null)
                run.Drop(work);
        }
        else
        {
            (work.Result, work.Phase) = (computed, WorkPhase.Pushing);
        }
        Continue(run);
    }

    /// <summary>Pushes what is final of a gradient while the rest is being computed; where that fails it is pushed once more with the rest.</summary>
    private void TakePart(PartComputed part)
    {
        if (!_runs.TryGetValue(part.Run.Run, out var run) || run.Key != part.Run || run.Work.FirstOrDefault(work => work.Phase == WorkPhase.Computing) is not { IsAbandoned: false } work)
        {
            part.Part.Release();
            return;
        }
        Push(run, work, part.Partition, part.Sums, part.Part, part.Lanes, 0);
        _effects.Because($"Partition {part.Partition} of the shards {work.Lease!.Node} of step {work.Lease.Address.Step} goes ahead.");
    }

    private void Push(WorkerRunState run, WorkItem work, int partition, NodeSums sums, GradientPart part, ImmutableArray<LanePart> lanes, float factor)
    {
        var (lease, owner) = (work.Lease!, run.Owners[partition]);
        work.Sent[partition] = owner.OwnerEpoch;
        if (owner.Node != _self)
            work.Bytes += part.BytesIn(run.Plan!.Codec) + BytesOf(lanes);
        _effects.Send(owner.Node, NodeRoles.ParameterServer, new GradientPush(
            run.KeyOf(partition), lease.Address, lease.Node, work.Attempt, sums, part, lanes, factor, lease.LearningRate ?? 0));
        StartRetries();
    }

    private void Push(WorkerRunState run, WorkItem work)
    {
        var (lease, result) = (work.Lease!, work.Result!);
        var isDone = true;
        for (var partition = run.Owners.Length - 1; partition >= 0; partition--)
        {
            var owner = run.Owners[partition];
            if (work.Pushed.GetValueOrDefault(partition, -1) == owner.OwnerEpoch)
                continue;
            isDone = false;
            if (work.Sent.GetValueOrDefault(partition, -1) == owner.OwnerEpoch)
                continue;
            ImmutableArray<LanePart> lanes = [.. result.Lanes.Where(lane => run.Plan!.Partitions.LanePartitionOf(lane.Shard) == partition)];
            Push(run, work, partition, result.Sums, result.Parts[partition].Share(), lanes, result.Factor);
        }
        if (!isDone)
            return;
        work.Phase = WorkPhase.Done;
        (work.Bytes, run.AheadBytes) = (work.Bytes + run.AheadBytes, 0);
        ReportDone(run, work);
        _effects.Because($"The shards {lease.Node} of step {lease.Address.Step} are on every partition.");
        if (WorkerRunState.AppliesShards(lease))
            run.Drop(work);
        else
            AskAhead(run, lease.Address.Step + 1);
    }

    private void ReportDone(WorkerRunState run, WorkItem work) => _effects.Send(
        run.Coordinator, NodeRoles.Coordinator, new LeaseDone(run.Key, work.Lease!.Address.Step, work.Lease.Node, work.Attempt, work.Result!.Sums, work.Result.ComputeMs, work.Bytes));

    private static long BytesOf(ImmutableArray<LanePart> lanes) => lanes.Sum(lane => sizeof(float) * (long)lane.Values.Length);

    private void TakePushReply(PushReply reply)
    {
        if (!_runs.TryGetValue(reply.Run.Run, out var run) || run.Key != reply.Run
            || run.Work.FirstOrDefault(work => work.Phase is WorkPhase.Computing or WorkPhase.Pushing && work.Lease is { } lease && lease.Address.Step == reply.Step && lease.Node == reply.Node) is not { } work)
            return;
        if (reply.Refusal == Refusal.None)
            work.Pushed[reply.Key.Index] = reply.Key.OwnerEpoch;
        _effects.Because(reply.Reason);
        if (reply.Refusal == Refusal.Malformed)
        {
            run.Drop(work);
            Fail(run, work.Attempt, reply.Reason);
        }
        Continue(run);
    }

    private static void Release(Computed computed)
    {
        foreach (var part in computed.Parts)
            part.Release();
    }

    private void Retry()
    {
        foreach (var run in _runs.Values)
        {
            foreach (var work in run.Work)
            {
                work.Asked.Clear();
                work.Sent.Clear();
                // What a lease waits for is asked for again, with the rest of what it needs.
                if (work.Phase == WorkPhase.Pulling)
                    foreach (var partition in run.Ahead.Keys.Where(partition => run.IsAhead(partition, work.Version)).ToArray())
                    {
                        run.Ahead.Remove(partition);
                        work.Pulled.Remove(partition);
                    }
            }
            Continue(run);
        }
    }
}
