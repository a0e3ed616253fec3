using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>Pulls, pushes and decisions: what an owner does in a step.</summary>
public sealed partial class ParameterServerMachine
{
    private void Answer(NodeId from, ParameterRequest request)
    {
        var (refusal, reason) = RefusalOf(request.Key, request.Version, out var state);
        // Where shards are applied one by one a version counts shards: what is asked for by a step is what there is when that step is over.
        var isNewest = request.Version == -1 || refusal == Refusal.None && state!.Spec.Consistency.AppliesShards;
        if (refusal == Refusal.None && !isNewest && request.Version == state!.Version + 1 && state.Await(from, request))
        {
            _effects.Because($"{from} will have version {request.Version} of partition {request.Key.Index} as soon as there is one.");
            return;
        }
        if (refusal == Refusal.None && state!.Version != request.Version && !isNewest)
            (refusal, reason) = (request.Version < state.Version ? Refusal.Behind : Refusal.Ahead, $"Partition {request.Key.Index} is at version {state.Version}.");
        GradientPart? view = null;
        if (refusal == Refusal.None && !TryView(state!, request, out view))
            (refusal, reason) = (Refusal.Malformed, "The rows that are asked for do not fit the partition.");
        else if (refusal == Refusal.None)
        {
            var lanes = request.LaneShards.Select(state!.LaneOf).OfType<LanePart>();
            _effects.Send(from, NodeRoles.Worker, new ParameterReply(request.Key, request.Version == -1 ? state!.Version : request.Version, request, view!, request.WantsDense, [.. lanes]));
            return;
        }
        _effects.Send(from, NodeRoles.Worker, new ParameterRefused(request.Key, request.Version, refusal, reason));
        _effects.Because(reason);

        static unsafe bool TryView(PartitionState state, ParameterRequest request, out GradientPart? view)
        {
            view = null;
            var rows = request.WantsAllRows
                ? [.. state.Layout.Sparse.Select(section => Enumerable.Range(section.FirstRow, section.EndRow - section.FirstRow).ToImmutableArray())]
                : request.Rows;
            if (rows.IsDefault || rows.Length != state.Layout.Sparse.Length)
                return false;
            try
            {
                view = new GradientPart(state.Layout, state.Parameters.Pointer, rows, false, null);
                return true;
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    private void TakePush(NodeId from, GradientPush push)
    {
        var (refusal, reason) = RefusalOf(push.Key, push.Address.Step, out var state);
        if (refusal == Refusal.None && state!.Spec.Consistency.AppliesShards)
        {
            TakeShard(from, push, state);
            return;
        }
        if (refusal == Refusal.None && push.Address.Step > state!.Version)
            (refusal, reason) = (Refusal.Ahead, $"Partition {push.Key.Index} is at version {state.Version}, the push is of step {push.Address.Step}.");
        if (refusal == Refusal.None && !FitsLanes(state!, push))
            (refusal, reason) = (Refusal.Malformed, "The lanes' state that came with the push is not of the shards that this partition keeps.");
        if (refusal == Refusal.None)
            (refusal, reason) = push.Address.Step < state!.Version ? TakeLate(from, push, state) : AddToTree(from, push, state);
        else
            push.Release();
        _effects.Send(from, NodeRoles.Worker, new PushReply(push.Key, push.Address.Step, push.Node, push.Attempt, refusal, reason));
        _effects.Because(reason);
        if (refusal == Refusal.None && state!.HoldsRoot && state.Report is null)
            RootIsComplete(state);
    }

    private (Refusal, string) AddToTree(NodeId from, GradientPush push, PartitionState state)
    {
        var entered = EnteredOf(from, push, state);
        switch (state.Tree.Add(entered, push.Sums, push.Gradient, out var first))
        {
            case TreeAddition.Taken:
                state.TakeLanes(push.Lanes);
                return (Refusal.None, $"The shards {push.Node} of step {push.Address.Step} are in.");
            case TreeAddition.NoNode:
                return (Refusal.Malformed, $"The shards {push.Node} are no node of the gradient tree over {state.Spec.Shards}.");
            case TreeAddition.Differs:
                ToCoordinator(_coordinator, new DuplicateReport(state.Key, push.Address.Step, push.Node, first!, entered));
                return (Refusal.None, $"The shards {push.Node} of step {push.Address.Step} came before, and were something else.");
            default:
                return (Refusal.None, $"The shards {push.Node} of step {push.Address.Step} came before.");
        }
    }

    private (Refusal, string) TakeLate(NodeId from, GradientPush push, PartitionState state)
    {
        var entered = EnteredOf(from, push, state);
        push.Release();
        if (push.Address.Step == state.Version - 1 && state.LastTree is { } last && last.Differs(entered, out var first))
        {
            ToCoordinator(_coordinator, new DuplicateReport(state.Key, push.Address.Step, push.Node, first!, entered));
            return (Refusal.None, $"Step {push.Address.Step} is over, and the shards {push.Node} were something else in it.");
        }
        return (Refusal.None, $"Step {push.Address.Step} is over.");
    }

    private void RootIsComplete(PartitionState state)
    {
        state.Report = state.MakeReport();
        _effects.Because($"The gradient of step {state.Version} is complete on partition {state.Key.Index}.");
        SyncReplicas(state);
        SendReport(state);
        StartRetries(state);
        if (state.PendingDecision is not { } decision)
            return;
        Apply(state, decision);
        AnswerAwaited(state);
    }

    private void SendReport(PartitionState state)
    {
        if (state.Report is not { } report || state.Replicas.Any(replica => replica.Version != state.Version || replica.RootStep != state.Version))
            return;
        ToCoordinator(_coordinator, report);
    }

    private void Decide(NodeId from, StepDecision decision)
    {
        if (!Obeys(from, decision.Run, decision.Term))
            return;
        foreach (var state in OwnedBy(decision.Run).ToArray())
        {
            if (!state.IsWhole)
                continue;
            if (decision.Step == state.Version - 1)
                SendApplied(state, decision.Step);
            else if (decision.Step != state.Version)
                _effects.Because($"The decision of step {decision.Step} does not fit version {state.Version} of partition {state.Key.Index}.");
            else if (decision.IsApplied && !state.HoldsRoot)
                state.PendingDecision = decision;
            else
                Apply(state, decision);
        }
        // Behind the acknowledgements, which are small and waited for.
        foreach (var state in OwnedBy(decision.Run).ToArray())
            AnswerAwaited(state);
    }

    /// <summary>Sends what was asked for before it was there.</summary>
    private void AnswerAwaited(PartitionState state)
    {
        foreach (var (worker, request) in state.TakeAwaited())
            Answer(worker, request);
    }

    private void Apply(PartitionState state, StepDecision decision)
    {
        state.Apply(decision);
        _effects.Because($"Partition {state.Key.Index} is at version {state.Version}.");
        SyncReplicas(state);
        SendApplied(state, decision.Step);
    }

    private void SendApplied(PartitionState state, long step)
    {
        if (state.Replicas.All(replica => replica.Version > step))
            ToCoordinator(_coordinator, new StepApplied(state.Key, step));
        else
            SyncReplicas(state);
    }

    private void TakeShard(NodeId from, GradientPush push, PartitionState state)
    {
        var reply = new PushReply(push.Key, push.Address.Step, push.Node, push.Attempt, Refusal.None, "It is applied.");
        if (push.Node.Count != 1 || push.Node.First >= state.Spec.Shards || push.Node.First < 0 || !FitsLanes(state, push) || !(push.Factor >= 0 && float.IsFinite(push.Factor)))
        {
            push.Release();
            _effects.Send(from, NodeRoles.Worker, reply with { Refusal = Refusal.Malformed, Reason = "Under this policy a push is one shard, with a finite factor." });
            return;
        }
        if (state.HasApplied(push.Address.Step, push.Node.First))
        {
            push.Release();
            if (state.Waiting.All(waiting => waiting.Reply.Step != push.Address.Step || waiting.Reply.Node != push.Node))
                _effects.Send(from, NodeRoles.Worker, reply with { Reason = "It was applied before." });
            else if (state.Waiting.All(waiting => waiting.Worker != from || waiting.Reply.Attempt != push.Attempt))
                state.Waiting.Add(new WaitingReply(from, reply, state.Version));
            SyncReplicas(state);
            return;
        }
        var before = state.Version;
        state.ApplyShard(push);
        _effects.Because($"Shard {push.Node.First} of step {push.Address.Step} is applied to partition {state.Key.Index}.");
        if (state.Replicas.IsEmpty)
        {
            push.Release();
            _effects.Send(from, NodeRoles.Worker, reply);
            return;
        }
        state.Waiting.Add(new WaitingReply(from, reply, state.Version));
        foreach (var replica in state.Replicas.Where(replica => replica.Version == before))
            _effects.Send(replica.Node, NodeRoles.ParameterServer, new ReplicaShard(state.Key, before, push with { Gradient = push.Gradient.Share() }));
        push.Release();
        StartRetries(state);
    }

    private (Refusal, string) RefusalOf(PartitionKey key, long version, out PartitionState? state)
    {
        if (!_partitions.TryGetValue((key.Run.Run, key.Index), out state))
            return (Refusal.Unknown, $"There is no partition {key.Index} of the run here.");
        if (state.Key.Run != key.Run)
            return (Refusal.Unknown, $"The run is in its incarnation {state.Key.Run.Incarnation}, not {key.Run.Incarnation}.");
        if (!state.IsOwner || state.Key.OwnerEpoch != key.OwnerEpoch)
            return (Refusal.OwnerEpoch, $"Partition {key.Index} is {(state.IsOwner ? "owned" : "copied")} here under the owner epoch {state.Key.OwnerEpoch}, not owned under {key.OwnerEpoch}.");
        return state.IsWhole ? (Refusal.None, "") : (Refusal.Ahead, $"The content of partition {key.Index} has not come yet; version {version} is asked for.");
    }

    private static bool FitsLanes(PartitionState state, GradientPush push) =>
        push.Lanes.All(lane => state.Spec.HasLanes && lane.Shard >= push.Node.First && lane.Shard < push.Node.End && lane.Shard % state.Spec.Partitions == push.Key.Index);

    private EnteredNode EnteredOf(NodeId from, GradientPush push, PartitionState state) =>
        new(push.Node, push.Attempt, from, _options.DigestsGradients && state.HasOneAnswer ? push.Gradient.Digest() : default);
}
