using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Drives a <see cref="WorkerMachine"/>: messages here, computing and reading on a thread of its own.</summary>
internal sealed class WorkerActor : MachineActor, IDisposable
{
    private readonly IWorkerRuns _runs;
    private readonly ComputeThread _thread;

    /// <summary>Creates the actor.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="link">What carries its messages.</param>
    /// <param name="runs">What it computes with; disposed of with the actor.</param>
    /// <param name="fault">Told what broke the machine.</param>
    public WorkerActor(WorkerMachine machine, IMessageLink link, IWorkerRuns runs, Action<Exception> fault)
        : base(machine.Self, NodeRoles.Worker, link, machine.Handle, fault)
    {
        _runs = runs;
        _thread = new ComputeThread($"worker {machine.Self}");
    }

    /// <inheritdoc/>
    protected override void CarryOut(Effect effect)
    {
        switch (effect)
        {
            case LoadRun load:
                Order(() => _runs.Load(load.Offer), reason => new RunNotLoaded(load.Offer.Run.Run, reason));
                break;
            case UnloadRun unload:
                _thread.Post(() => _runs.Unload(unload.Run));
                break;
            case StoreParameters store:
                _thread.Post(() => _runs.Store(store.Reply));
                break;
            case Compute compute:
                var self = Self;
                Order(() => _runs.Compute(compute, part => self.Tell(part)), reason => new ComputeFailed(compute.Lease.Run, compute.Lease.Attempt, reason));
                break;
            case ComputeEvaluation { Lease: var lease }:
                Order(() => _runs.Evaluate(lease), reason => new ComputeFailed(lease.Run, lease.Attempt, reason));
                break;
            default:
                break;
        }
    }

    /// <summary>Ends the compute thread when it has done what was ordered.</summary>
    public void Dispose() => _thread.Dispose();

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _thread.Post(_runs.Dispose);
        Dispose();
        base.PostStop();
    }

    private void Order(Func<Input> work, Func<string, Input> failed)
    {
        var self = Self;
        _thread.Post(() => self.Tell(Answer(work, failed)));
    }

    private static Input Answer(Func<Input> work, Func<string, Input> failed)
    {
        try
        {
            return work();
        }
        catch (Exception exception)
        {
            return failed(exception.Message);
        }
    }
}
