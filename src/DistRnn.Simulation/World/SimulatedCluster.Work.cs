using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>What workers compute: by the real shard computer, at once, but the answer comes when virtual time says so.</summary>
internal sealed partial class SimulatedCluster
{
    private const string RunName = "run";

    private void CarryOutWork(SimulatedProcess process, Effect effect)
    {
        switch (effect)
        {
            case LoadRun:
                Events.In(Work.Milliseconds(20, 400), () => Load(process));
                break;
            case UnloadRun:
                ReturnWorkspace(process);
                break;
            case StoreParameters store:
                process.Workspace!.Store(store.Reply);
                break;
            case Compute compute:
                ComputeShards(process, compute);
                break;
            case ComputeEvaluation evaluation:
                Answer(process, 1, _ => process.Workspace!.Evaluate(evaluation.Lease));
                break;
            default:
                break;
        }
    }

    private void Load(SimulatedProcess process)
    {
        if (!process.IsAlive)
            return;
        process.Workspace ??= _job.Take(_shape.Partitions);
        Feed(process, NodeRoles.Worker, new RunLoaded(RunName, _job.Loaded.PlanFor(_shape.Partitions), _job.Loaded.Digest));
    }

    /// <summary>The answer comes at the end, and before it, one after another, the partitions that were final earlier.</summary>
    private void ComputeShards(SimulatedProcess process, Compute compute)
    {
        var ahead = new List<PartComputed>();
        var duration = Work.Milliseconds(20, 400) * compute.Lease.Node.Count * process.Host.Slowness;
        var answer = process.Workspace!.Compute(compute.Lease, compute.Lanes, ahead.Add) with { ComputeMs = (long)duration.TotalMilliseconds };
        for (var i = 0; i < ahead.Count; i++)
        {
            var part = ahead[i];
            Events.In(duration * (i + 1) / (ahead.Count + 1), () => Feed(process, NodeRoles.Worker, part), () => Release(part));
        }
        Events.In(duration, () => Feed(process, NodeRoles.Worker, answer), () => Release(answer));
    }

    private void Answer(SimulatedProcess process, int shards, Func<long, Input> compute)
    {
        var duration = Work.Milliseconds(20, 400) * shards * process.Host.Slowness;
        var answer = compute((long)duration.TotalMilliseconds);
        Events.In(duration, () => Feed(process, NodeRoles.Worker, answer), () => Release(answer));
    }

    private void ReturnWorkspace(SimulatedProcess process)
    {
        if (process.Workspace is not { } workspace)
            return;
        process.Workspace = null;
        _job.Return(workspace, _shape.Partitions);
    }
}
