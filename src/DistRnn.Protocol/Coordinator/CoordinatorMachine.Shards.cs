namespace DistRnn.Protocol;

/// <summary>Policies that apply shards one by one: several steps are open at once, within the policy's bound, and each shard is a lease of its own.</summary>
public sealed partial class CoordinatorMachine
{
    private readonly List<OpenStep> _shardWork = [];

    private void BeginShards()
    {
        Phase = CoordinatorPhase.Computing;
        LookAtShards();
    }

    private void LookAtShards()
    {
        foreach (var step in _shardWork)
        {
            foreach (var lease in step.Leases.Where(lease => _now >= lease.Deadline).ToArray())
            {
                Fault("lease-expired", $"Attempt {lease.Attempt} of shard {lease.Node.First} of step {step.Address.Step} took longer than its lease on {lease.Worker}.");
                step.Leases.Remove(lease);
                _effects.Send(lease.Worker, NodeRoles.Worker, new LeaseRevoked(_run, lease.Attempt, "Its time is over."));
            }
            foreach (var lease in step.Leases.Where(lease => lease.TakeRetry(_now, _options.RetryAfter)).ToArray())
                SendLease(lease, step.Address, step.LearningRate);
        }
        foreach (var worker in _members.Workers.Where(worker => _shardWork.All(step => step.Leases.All(lease => lease.Worker != worker.Node))).ToArray())
        {
            var (step, shard) = NextShard();
            if (step is null)
                return;
            var lease = new LeaseState(new TreeNode(shard, 1), ++_attempt, worker.Node, _now, _now + DurationOf(1));
            step.Leases.Add(lease);
            Record(new StepLeased(shard, 1, (int)lease.Attempt, worker.Node.ToString(), worker.Node.Address), step.Address.Step);
            SendLease(lease, step.Address, step.LearningRate);
        }
    }

    /// <summary>The oldest shard that may be leased: one whose own shard of the step before is done, within the policy's bound and before the next barrier.</summary>
    private (OpenStep? Step, int Shard) NextShard()
    {
        for (var ahead = 0; ahead < Spec.Consistency.OpenSteps; ahead++)
        {
            if (ahead == _shardWork.Count && !TryOpen(ahead))
                return (null, -1);
            var step = _shardWork[ahead];
            for (var shard = 0; shard < Spec.Shards; shard++)
            {
                if (!step.Done[shard] && step.Leases.All(lease => lease.Node.First != shard) && (ahead == 0 || _shardWork[ahead - 1].Done[shard]))
                    return (step, shard);
            }
        }
        return (null, -1);
    }

    private bool TryOpen(int ahead)
    {
        if (_stop is not null)
            return false;
        var (address, rate, isBehindBarrier) = Plan.Course.Ahead(_position, ahead);
        if (isBehindBarrier)
            return false;
        _shardWork.Add(new OpenStep(address, rate, Spec.Shards));
        return true;
    }

    private void TakeShardDone(NodeId from, LeaseDone done)
    {
        if (Phase != CoordinatorPhase.Computing || _shardWork.FirstOrDefault(step => step.Address.Step == done.Step) is not { } work)
            return;
        work.Leases.RemoveAll(lease => lease.Attempt == done.Attempt && lease.Worker == from);
        if (done.Node.Count != 1 || done.Node.First < 0 || done.Node.First >= Spec.Shards || work.Done[done.Node.First])
            return;
        work.Done[done.Node.First] = true;
        work.Sums[done.Node.First] = done.Sums;
        _times.Add(TimeSpan.FromMilliseconds(Math.Max(0, done.ComputeMs)), 1);
        for (var p = 0; p < _partitions.Length; p++)
            Record(new ShardEntered(done.Node.First, 1, (int)done.Attempt, from.ToString(), p, ""), done.Step);
        while (_shardWork.Count > 0 && _shardWork[0].IsDone)
            CommitShards();
        if (Phase != CoordinatorPhase.Computing)
            return;
        if (_shardWork.Count == 0)
            Next();
        else
            LookAtShards();
    }

    private void CommitShards()
    {
        _committed++;
        var step = _shardWork[0];
        _shardWork.RemoveAt(0);
        var sums = SumOf(step.Sums);
        var settlement = Plan.Course.SettleApplied(_position, sums, step.Sums.Count(shard => !double.IsFinite(shard.Loss)));
        Record(new StepCommitted(Spec.Shards, Spec.Partitions, settlement.Factor, settlement.Norm, settlement.Loss, step.LearningRate, true, _term));
        _effects.Add(new StepReported(step.Address, sums, settlement, _run.Incarnation));
        (_version, _position) = (_version + 1, settlement.Position);
        ToOwnersOnce(new PositionNotice(_run, _term, _version, _position));
    }

    private static NodeSums SumOf(ReadOnlySpan<NodeSums> sums)
    {
        if (sums.Length == 1)
            return sums[0];
        var split = Numerics.ShardTree.SplitOf(0, sums.Length);
        return NodeSums.Combine(SumOf(sums[..split]), SumOf(sums[split..]));
    }

    /// <summary>Gives the open leases again with the owners as they are now.</summary>
    private void RenewShards()
    {
        foreach (var step in _shardWork)
            foreach (var lease in step.Leases)
                SendLease(lease, step.Address, step.LearningRate);
    }

    private sealed class OpenStep(StepAddress address, double learningRate, int shards)
    {
        public StepAddress Address { get; } = address;

        public double LearningRate { get; } = learningRate;

        public List<LeaseState> Leases { get; } = [];

        public bool[] Done { get; } = new bool[shards];

        public NodeSums[] Sums { get; } = new NodeSums[shards];

        public bool IsDone => Done.All(done => done);
    }
}
