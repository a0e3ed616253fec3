using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>What is done with a version between steps: evaluation and checkpoints; and what follows where two workers disagree.</summary>
public sealed partial class CoordinatorMachine
{
    private readonly ShardTimes _pieceTimes = new();
    private EvaluationState? _evaluation;
    private long _savedVersion = -1;
    private long _savingVersion = -1;
    private string _savedFingerprint = "";
    private (long Step, TreeNode Node, DuplicateReport Report)? _dispute;

    private void BeginEvaluation()
    {
        (Phase, _evaluation) = (CoordinatorPhase.Evaluating, new EvaluationState(Plan.Course.EvaluationPieces));
        LookAtEvaluation();
    }

    private void LookAtEvaluation()
    {
        if (_evaluation is not { } evaluation)
            return;
        foreach (var lease in evaluation.Leases.Where(lease => _now >= lease.Deadline).ToArray())
        {
            Fault("lease-expired", $"Attempt {lease.Attempt} of piece {lease.Node.First} of the evaluation of version {_version} took longer than its lease of {(lease.Deadline - lease.Since).TotalMinutes:0} minutes on {lease.Worker}.");
            // Whoever computes it next, perhaps the same worker, has more time.
            evaluation.Patience[lease.Node.First] *= 2;
            Revoke(evaluation, lease, "Its time is over.");
        }
        foreach (var lease in evaluation.Leases.Where(lease => lease.TakeRetry(_now, _options.RetryAfter)).ToArray())
            SendEvaluation(lease);
        var idle = new Queue<NodeId>(_members.Workers.Select(worker => worker.Node).Where(node => evaluation.Leases.All(lease => lease.Worker != node)));
        for (var piece = 0; piece < evaluation.Results.Length; piece++)
        {
            if (evaluation.Results[piece] is not null || evaluation.Leases.Any(lease => lease.Node.First == piece))
                continue;
            if (!idle.TryDequeue(out var worker))
                return;
            Give(evaluation, piece, worker);
        }
        CopySlowest(evaluation, idle);
    }

    private void Give(EvaluationState evaluation, int piece, NodeId worker)
    {
        var lease = new LeaseState(new TreeNode(piece, 1), ++_attempt, worker, _now, _now + evaluation.Patience[piece]);
        evaluation.Leases.Add(lease);
        SendEvaluation(lease);
    }

    /// <summary>Has idle workers compute pieces that others are slow with: what comes first counts, and it is the same.</summary>
    private void CopySlowest(EvaluationState evaluation, Queue<NodeId> idle)
    {
        if (!Plan.Speculates || _pieceTimes.Usual is not { } usual)
            return;
        var slow = evaluation.Leases
            .Where(lease => evaluation.Leases.Count(other => other.Node == lease.Node) == 1 && _now - lease.Since > usual * _options.SpeculationFactor && _now - lease.Since > _options.Tick)
            .OrderBy(lease => lease.Since).ToArray();
        foreach (var lease in slow)
        {
            if (!idle.TryDequeue(out var worker))
                return;
            _effects.Because($"Piece {lease.Node.First} of the evaluation is slow on {lease.Worker}: {worker} computes a copy.");
            Give(evaluation, lease.Node.First, worker);
        }
    }

    private void Revoke(EvaluationState evaluation, LeaseState lease, string reason)
    {
        evaluation.Leases.Remove(lease);
        _effects.Send(lease.Worker, NodeRoles.Worker, new LeaseRevoked(_run, lease.Attempt, reason));
    }

    private void SendEvaluation(LeaseState lease) => _effects.Send(
        lease.Worker, NodeRoles.Worker, new EvaluationLease(_run, _term, _version, lease.Node.First, _evaluation!.Results.Length, lease.Attempt, Owners));

    private void RenewEvaluation()
    {
        _evaluation?.Leases.Clear();
        LookAtEvaluation();
    }

    private void TakeEvaluation(NodeId from, EvaluationDone done)
    {
        if (_evaluation is not { } evaluation || done.Version != _version || done.Piece < 0 || done.Piece >= evaluation.Results.Length)
            return;
        if (evaluation.Leases.Find(lease => lease.Attempt == done.Attempt && lease.Worker == from) is { } own)
        {
            _pieceTimes.Add(_now - own.Since, 1);
            evaluation.Leases.Remove(own);
        }
        evaluation.Results[done.Piece] ??= done.Result;
        foreach (var copy in evaluation.Leases.Where(lease => lease.Node.First == done.Piece).ToArray())
            Revoke(evaluation, copy, "Another worker was faster.");
        if (evaluation.Results.Any(result => result is null))
        {
            LookAtEvaluation();
            return;
        }
        _evaluation = null;
        ImmutableArray<ReadOnlyMemory<byte>> pieces = [.. evaluation.Results.Select(result => result!.Value)];
        var settlement = Plan.Course.Evaluate(_position, pieces);
        _position = settlement.Position;
        Record(new Evaluated("valid", settlement.Metric, settlement.Value, settlement.IsBest, settlement.EndsRun));
        _effects.Add(new EvaluationReported(_version, pieces, settlement));
        Next();
    }

    private void BeginSaving()
    {
        Phase = CoordinatorPhase.Saving;
        if (_savingVersion >= 0)
        {
            _effects.Because($"The checkpoint of version {_savingVersion} is still being written.");
            return;
        }
        _savingVersion = _version;
        foreach (var partition in _partitions)
            partition.IsSnapshotTaken = false;
        _effects.Add(new BeginCheckpoint(_run, _version, _position));
        AskForSnapshots();
    }

    private void AskForSnapshots()
    {
        if (_savingVersion != _version)
            return;
        _snapshotsAskedAt = _now;
        for (var p = 0; p < _partitions.Length; p++)
            if (!_partitions[p].IsSnapshotTaken && _partitions[p].Promoting is null)
                ToServer(_partitions[p].Owner, new SnapshotRequest(KeyOf(p), _term, _version));
    }

    private void TakeSnapshot(NodeId from, SnapshotTaken taken)
    {
        if (Phase != CoordinatorPhase.Saving || taken.Version != _version || _savingVersion != _version || !TryPartition(from, taken.Key, out var partition))
            return;
        partition.IsSnapshotTaken = true;
        if (_partitions.All(other => other.IsSnapshotTaken))
            Next();
    }

    private void TakeSaved(CheckpointSaved saved)
    {
        if (_savingVersion != saved.Version)
            return;
        (_savingVersion, _savedVersion, _savedFingerprint) = (-1, saved.Version, saved.Fingerprint);
        _effects.Add(new RecordEvent(new CheckpointComplete(saved.ManifestDigest, saved.Fingerprint) { At = new LedgerPlace(_term, ++_sequence, _run.Incarnation, saved.Version) }));
        _effects.Because($"The checkpoint of version {saved.Version} is complete.");
        if (Phase == CoordinatorPhase.Saving)
            Next();
    }

    private void TakeUnsaved(CheckpointFailed failed)
    {
        if (_savingVersion != failed.Version)
            return;
        _savingVersion = -1;
        Fault("checkpoint-not-written", failed.Reason);
        if (Plan.RequiresCheckpoints)
        {
            Finish("stopped", failed.Reason);
            return;
        }
        _savedVersion = failed.Version == _version ? failed.Version : _savedVersion;
        if (Phase == CoordinatorPhase.Saving)
            Next();
    }

    private void TakeLost(CheckpointLost lost)
    {
        if (_savingVersion != lost.Version)
            return;
        _savingVersion = -1;
        Fault("checkpoint-lost", lost.Reason);
        if (Phase == CoordinatorPhase.Saving)
            NextOncePromoted();
    }

    /// <summary>Whether a lease's shards are computed twice: drawn from the seed, the step and the shards, so that it is the same whoever is in charge.</summary>
    private bool IsToBeVerified(TreeNode node) =>
        Plan.VerifiedShare > 0 && new Philox(Plan.Seed, PhiloxPurpose.Verification, (ulong)_version).Uniform((ulong)node.First) < Plan.VerifiedShare;

    /// <summary>
    /// Two workers gave different gradients of the same shards. The next worker that computes them is the third opinion: whoever it contradicts is shut out. What
    /// was used may be wrong, so the run goes back to before the step.
    /// </summary>
    private void TakeDuplicate(NodeId from, DuplicateReport report)
    {
        if (!TryPartition(from, report.Key, out _))
            return;
        Record(new DuplicateCompared(report.Node.First, report.Node.Count, (int)report.Second.Attempt, report.Second.Worker.ToString(), report.Key.Index, false));
        if (_dispute is { } dispute && dispute.Step == report.Step && dispute.Node == report.Node)
        {
            JudgeDispute(dispute.Report, report);
            return;
        }
        Fault("gradients-differ", $"The shards {report.Node} of step {report.Step} differ between {report.First.Worker} and {report.Second.Worker}.");
        _dispute = (report.Step, report.Node, report);
        var third = _members.Workers.FirstOrDefault(worker => worker.Node != report.First.Worker && worker.Node != report.Second.Worker);
        if (third is null)
        {
            ShutOut([report.First.Worker, report.Second.Worker], "Two workers differ and there is no third one to say which is right.");
            return;
        }
        if (report.Step == _version && Phase == CoordinatorPhase.Computing && _table is { } table)
            Give(table, report.Node, third.Node);
        else
            ShutOut([report.First.Worker, report.Second.Worker], "Two workers differ about a step that is over.");
    }

    private void JudgeDispute(DuplicateReport first, DuplicateReport third)
    {
        if (third.Second.Worker == first.First.Worker || third.Second.Worker == first.Second.Worker)
            return;
        var odd = third.Second.Digest == first.Second.Digest ? first.First.Worker
            : third.Second.Digest == first.First.Digest ? first.Second.Worker
            : (NodeId?)null;
        ShutOut(odd is { } one ? [one] : [first.First.Worker, first.Second.Worker, third.Second.Worker], "A third worker was asked, and contradicts it.");
    }

    private void ShutOut(NodeId[] workers, string reason)
    {
        _dispute = null;
        foreach (var worker in workers)
        {
            if (_members[worker] is not { } member)
                continue;
            member.Stage = WorkerStage.Out;
            Record(new Quarantined(worker.ToString(), reason));
            Fault("worker-quarantined", $"{worker} is shut out: {reason}");
        }
        GoBack("Gradients of the same shards differed, and one of them may have been used.");
    }

    private sealed class EvaluationState(int pieces)
    {
        public List<LeaseState> Leases { get; } = [];

        public ReadOnlyMemory<byte>?[] Results { get; } = new ReadOnlyMemory<byte>?[pieces];

        /// <summary>How long a lease of each piece is.</summary>
        public TimeSpan[] Patience { get; } = [.. Enumerable.Repeat(TimeSpan.FromMinutes(10), pieces)];
    }
}
