namespace DistRnn.Protocol;

/// <summary>Copies: how an owner keeps its replicas with it, how a replica follows, and how it becomes the owner.</summary>
public sealed partial class ParameterServerMachine
{
    private void AssignReplicas(NodeId from, ReplicaAssignment assignment)
    {
        if (!Obeys(from, assignment.Run, assignment.Term) || !TryOwned(assignment.Key, out var state))
            return;
        var told = (assignment.Term, assignment.Number);
        if (told.CompareTo(state.Told) < 0)
        {
            _effects.Because($"Who copies partition {state.Key.Index} was said otherwise since.");
            return;
        }
        state.Told = told;
        var nodes = assignment.Replicas.Where(node => node != _self).Distinct().ToArray();
        if (state.Replicas.Select(replica => replica.Node).SequenceEqual(nodes))
        {
            ReportHeld(state);
            return;
        }
        // Those that go on copying are where they were.
        state.Replicas = [.. nodes.Select(node => state.Replicas.FirstOrDefault(replica => replica.Node == node) ?? new ReplicaProgress(node))];
        _effects.Because(nodes.Length == 0 ? $"Partition {state.Key.Index} has no replica." : $"{string.Join(", ", nodes)} is to copy partition {state.Key.Index}.");
        if (!state.IsWhole)
            return;
        SyncReplicas(state);
        AfterReplicaMoved(state);
        StartRetries(state);
    }

    /// <summary>Sends the replicas what they lack next, once; a timer sends it again.</summary>
    private void SyncReplicas(PartitionState state)
    {
        foreach (var replica in state.Replicas)
            SyncReplica(state, replica);
    }

    private void SyncReplica(PartitionState state, ReplicaProgress replica)
    {
        if (!state.IsWhole || state.IsLevel(replica))
            return;
        var (what, message) = NextFor(state, replica);
        if (replica.Sent == what)
            return;
        replica.Note(what);
        _effects.Send(replica.Node, NodeRoles.ParameterServer, message());
    }

    private (string What, Func<IMessage> Message) NextFor(PartitionState state, ReplicaProgress replica)
    {
        if (replica.Version == state.Version && state.Report is { } report)
            return ($"gradient {state.Version}", () => new ReplicaGradient(state.Key, report, state.Tree.Gradient.Share(), state.LanesAfter));
        if (replica.Version >= 0 && replica.Version == state.Version - 1 && state.LastDecision is { } decision && (!decision.IsApplied || replica.RootStep == replica.Version))
            return ($"decision {decision.Step}", () => new ReplicaDecision(state.Key, decision));
        return ($"content {state.Version}", () => new PartitionSeed(state.Key, state.CopyContent(), state.Assignment with { Term = _promisedTerm }, state.LastDecision));
    }

    private void TakeReplicaState(NodeId from, ReplicaState reply)
    {
        if (!TryOwned(reply.Key, out var state) || state.Replicas.FirstOrDefault(replica => replica.Node == from) is not { } replica)
        {
            _effects.Because($"{from} is no replica of a partition {reply.Key.Index} that is owned here.");
            return;
        }
        if (reply.Version < replica.Version && reply.Version >= 0)
            return;
        replica.TakeAnswer(reply.Version, reply.RootStep);
        SyncReplica(state, replica);
        AfterReplicaMoved(state);
    }

    /// <summary>Answers what has waited for the replica that is furthest behind.</summary>
    private void AfterReplicaMoved(PartitionState state)
    {
        var version = state.Replicas.Select(replica => replica.Version).DefaultIfEmpty(long.MaxValue).Min();
        foreach (var waiting in state.Waiting.Where(waiting => waiting.Version <= version).ToArray())
        {
            state.Waiting.Remove(waiting);
            _effects.Send(waiting.Worker, NodeRoles.Worker, waiting.Reply);
        }
        var level = state.Replicas.Count(replica => replica.Version == state.Version);
        if (level == 0 && !state.Replicas.IsEmpty)
            return;
        ReportHeld(state);
        if (level < state.Replicas.Length)
            return;
        if (state.LastDecision is { } last)
            ToCoordinator(_coordinator, new StepApplied(state.Key, last.Step));
        SendReport(state);
    }

    private void TakeReplicaSeed(NodeId from, PartitionSeed seed, PartitionAssignment assignment, PartitionState? state)
    {
        var isOlder = state is not null
            && (state.Key.Run.Incarnation > seed.Run.Incarnation
                || state.Key.Run == seed.Run && (state.Key.OwnerEpoch > seed.Key.OwnerEpoch || state.IsOwner && state.Key.OwnerEpoch == seed.Key.OwnerEpoch));
        if (isOlder || assignment.Term < _promisedTerm || _partitions.Count >= _options.PartitionsMax && state is null)
        {
            seed.Release();
            _effects.Because($"The copy of partition {seed.Key.Index} that {from} sends is older than what is held, or too many are held.");
            return;
        }
        // What is held here is for the coordinator that has this server's promise, who has to know of all of it: another one's owners, of a later life of the run even, put nothing
        // here. The one that wants a copy asks for the promise first, and again.
        if (assignment.Term > _promisedTerm)
        {
            seed.Release();
            _effects.Because($"The copy of partition {seed.Key.Index} that {from} sends is of term {Terms.Show(assignment.Term)}, which is not promised here, and {Terms.Show(_promisedTerm)} is.");
            return;
        }
        if (state is { IsWhole: true } && state.Key == seed.Key && state.Version >= seed.Content.Version)
        {
            seed.Release();
        }
        else
        {
            var slot = (seed.Run.Run, seed.Key.Index);
            if (state is null || state.Key.Run != seed.Run)
            {
                Drop(slot);
                _partitions[slot] = state = NewState(assignment);
            }
            (state.Key, state.Assignment, state.IsOwner, state.Replicas) = (seed.Key, assignment, false, []);
            state.TakeContent(seed.Content, seed.LastDecision);
        }
        ReplyTo(from, state!);
        _effects.Because($"Partition {seed.Key.Index} is copied from {from} at version {state!.Version}.");
    }

    private void TakeReplicaGradient(NodeId from, ReplicaGradient gradient)
    {
        if (!TryCopied(gradient.Key, out var state))
        {
            gradient.Release();
            _effects.Send(from, NodeRoles.ParameterServer, new ReplicaState(gradient.Key, -1, -1));
            return;
        }
        if (gradient.Report.Step == state.Version && !state.HoldsRoot)
        {
            state.Tree.SetRoot(gradient.Report, gradient.Gradient);
            state.Report = gradient.Report;
            state.TakeLanes(gradient.Lanes);
        }
        else
        {
            gradient.Release();
        }
        ReplyTo(from, state);
    }

    private void TakeReplicaDecision(NodeId from, ReplicaDecision message)
    {
        if (!TryCopied(message.Key, out var state))
        {
            _effects.Send(from, NodeRoles.ParameterServer, new ReplicaState(message.Key, -1, -1));
            return;
        }
        if (message.Decision.Step == state.Version && (state.HoldsRoot || !message.Decision.IsApplied))
            state.Apply(message.Decision);
        ReplyTo(from, state);
    }

    private void TakeReplicaShard(NodeId from, ReplicaShard shard)
    {
        if (!TryCopied(shard.Key, out var state))
        {
            shard.Release();
            _effects.Send(from, NodeRoles.ParameterServer, new ReplicaState(shard.Key, -1, -1));
            return;
        }
        if (state.Version == shard.VersionBefore)
            state.ApplyShard(shard.Push);
        shard.Release();
        ReplyTo(from, state);
    }

    private void Promote(NodeId from, Promotion promotion)
    {
        if (!Obeys(from, promotion.Run, promotion.Term))
            return;
        var held = _partitions.TryGetValue((promotion.Run.Run, promotion.Key.Index), out var state) && state.Key.Run == promotion.Run && state.IsWhole;
        if (!held || state!.Version < promotion.VersionMin || state.Key.OwnerEpoch > promotion.Key.OwnerEpoch)
        {
            var reason = !held ? "No whole copy of that partition is here."
                : state!.Version < promotion.VersionMin ? $"The copy is at version {state.Version}, and {promotion.VersionMin} is committed."
                : $"The partition has the owner epoch {state.Key.OwnerEpoch} already.";
            ToCoordinator(from, new PromotionReply(promotion.Key, false, held ? state!.Version : -1, false, reason));
            _effects.Because(reason);
            return;
        }
        if (!state.IsOwner || state.Key != promotion.Key)
        {
            (state.IsOwner, state.Key, state.Replicas, state.Told) = (true, promotion.Key, [], (promotion.Term, 0));
            if (state.Report is { } report)
                state.Report = report with { Key = promotion.Key };
        }
        ToCoordinator(from, new PromotionReply(promotion.Key, true, state.Version, state.HoldsRoot, "It is the owner."));
        _effects.Because($"Partition {promotion.Key.Index} is owned here under the owner epoch {promotion.Key.OwnerEpoch}.");
        ReportHeld(state);
        SendReport(state);
        StartRetries(state);
    }

    private bool TryCopied(PartitionKey key, out PartitionState state) =>
        _partitions.TryGetValue((key.Run.Run, key.Index), out state!) && !state.IsOwner && state.Key == key && state.IsWhole;

    private void ReplyTo(NodeId owner, PartitionState state) =>
        _effects.Send(owner, NodeRoles.ParameterServer, new ReplicaState(state.Key, state.Version, state.HoldsRoot ? state.Version : -1));

    private void StartRetries(PartitionState state) => _effects.Timer(TimerOf((state.Key.Run.Run, state.Key.Index)), _options.RetryAfter);

    /// <summary>Sends again what has had no answer: to the replicas what they lack, to the coordinator what it waits for.</summary>
    private void Retry(string timer)
    {
        foreach (var (slot, state) in _partitions)
        {
            if (TimerOf(slot) != timer || !state.IsOwner || !state.IsWhole)
                continue;
            foreach (var replica in state.Replicas)
                replica.LoseSent();
            SyncReplicas(state);
            SendReport(state);
            if (state.LastDecision is { } last)
                SendApplied(state, last.Step);
            if (!state.Replicas.IsEmpty || state.Report is not null || state.LastDecision is not null)
                StartRetries(state);
        }
    }
}
