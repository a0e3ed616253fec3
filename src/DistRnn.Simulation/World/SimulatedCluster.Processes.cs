using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>Processes: how they begin, take inputs, carry out effects, and end.</summary>
internal sealed partial class SimulatedCluster
{
    /// <summary>Gives a machine an input, and carries out what it answers.</summary>
    /// <param name="process">The process.</param>
    /// <param name="role">Which of its machines.</param>
    /// <param name="input">The input.</param>
    public void Feed(SimulatedProcess process, NodeRoles role, Input input)
    {
        if (_isOver || !process.IsAlive || !process.Handlers.TryGetValue(role, out var handler))
        {
            Release(input);
            return;
        }
        if (process.StalledUntil > Events.Now)
        {
            process.Backlog.Enqueue((role, input));
            return;
        }
        if (role == NodeRoles.Coordinator && input is Received { Message: PartitionSeed seed })
        {
            process.Desk!.Take(seed);
            return;
        }
        Outcome outcome;
        try
        {
            outcome = handler(input, Events.Now);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Checks.Fail("machine-threw", $"The {FaultNames.Of(role)} of {process.Id} threw on {Describe(input)}: {error}");
            return;
        }
        if (_hooks.Log is not null)
            Note(process, $"{FaultNames.Of(role)} {Describe(input)}", outcome.Reason);
        if (role == NodeRoles.ParameterServer)
            Checks.LookAtCommand(process.Id, input, outcome);
        foreach (var effect in outcome.Effects)
            CarryOut(process, role, effect);
        Checks.Look(process, role);
    }

    /// <summary>Ends a process that noticed that it was removed; another one is started at its address.</summary>
    public void End(SimulatedProcess process, string reason, TimeSpan restartAfter)
    {
        if (!process.IsAlive)
            return;
        Note(process, "ends", reason);
        Kill(process);
        Events.In(restartAfter, () => StartProcess(process.Host));
    }

    private void StartProcess(SimulatedHost host)
    {
        if (host.IsAway || host.Process is not null || _isOver)
            return;
        var process = new SimulatedProcess(host, new NodeId(host.Address, ++host.Lives));
        (host.Process, _processes[process.Id]) = (process, process);
        if ((host.Roles & NodeRoles.ParameterServer) != 0)
        {
            process.Server = new ParameterServerMachine(process.Id, new PartitionArithmetic(SequentialRunner.Instance), new ParameterServerOptions());
            process.Handlers[NodeRoles.ParameterServer] = _hooks.Wrap(NodeRoles.ParameterServer, process.Id, process.Server.Handle);
        }
        if ((host.Roles & NodeRoles.Worker) != 0)
        {
            process.Worker = new WorkerMachine(process.Id, new WorkerOptions());
            process.Handlers[NodeRoles.Worker] = _hooks.Wrap(NodeRoles.Worker, process.Id, process.Worker.Handle);
        }
        Note(process, "starts");
    }

    private void Kill(SimulatedProcess process)
    {
        if (!process.IsAlive)
            return;
        process.IsAlive = false;
        if (process.Host.Process == process)
            process.Host.Process = null;
        while (process.Backlog.TryDequeue(out var waiting))
            Release(waiting.Input);
        // The end of its run lets a worker go of its gradients: their memory serves the next worker.
        process.Worker?.Handle(new Received(process.Id, new RunOver(new RunKey(RunName, int.MaxValue), long.MaxValue, "")), Events.Now);
        ReturnWorkspace(process);
        process.Dispose();
    }

    private void Wake(SimulatedProcess process)
    {
        if (!process.IsAlive || process.StalledUntil > Events.Now)
            return;
        Membership.Woke(process.Id);
        Note(process, "goes on");
        while (process.IsAlive && process.Backlog.TryDequeue(out var waiting))
            Feed(process, waiting.Role, waiting.Input);
    }

    private void CarryOut(SimulatedProcess process, NodeRoles role, Effect effect)
    {
        switch (effect)
        {
            case SendTo send:
                Network.Send(process, send.To, send.Role, send.Message);
                break;
            case SetTimer timer:
                var number = process.SetTimer(role, timer.Name);
                Events.In(timer.Delay, () =>
                {
                    if (process.TryFire(role, timer.Name, number))
                        Feed(process, role, new TimerFired(timer.Name));
                });
                break;
            case CancelTimer timer:
                process.CancelTimer(role, timer.Name);
                break;
            case RecordEvent record:
                process.Host.Disk.Write(record.Event.At);
                Checks.Take(process, record.Event);
                break;
            case SendSnapshot snapshot:
                SendSnapshot(process, snapshot.To, new PartitionSeed(snapshot.Key, TensorCopies.Of(snapshot.Content), null));
                break;
            case LoadRun or UnloadRun or StoreParameters or Compute or ComputeEvaluation:
                CarryOutWork(process, effect);
                break;
            default:
                CarryOutCommand(process, effect);
                break;
        }
    }

    private void CarryOutCommand(SimulatedProcess process, Effect effect)
    {
        switch (effect)
        {
            case SeedPartition seed:
                process.Desk?.Seed(seed);
                break;
            case BeginCheckpoint begin:
                process.Desk?.Begin(begin);
                break;
            case FindCheckpoint:
                process.Desk?.Find();
                break;
            case StepDown down:
                Note(process, "steps down", down.Reason);
                StopCoordinator(process);
                break;
            case EndRun end:
                _isOver = true;
                Checks.End(process.Id, end);
                break;
            default:
                break;
        }
    }

    /// <summary>A copy of a partition on its way to a checkpoint: sent again until it arrives or one of the two is gone.</summary>
    private void SendSnapshot(SimulatedProcess from, NodeId to, PartitionSeed seed)
    {
        if (!from.IsAlive || Find(to) is not { IsAlive: true } process)
        {
            seed.Release();
            return;
        }
        if (!Network.Hear(from.Host, process.Host) || IsFaulty && Work.Happens(Plan.Loss))
            Events.In(TimeSpan.FromMilliseconds(300), () => SendSnapshot(from, to, seed), seed.Release);
        else
            Events.In(Work.Milliseconds(1, 60), () => Feed(process, NodeRoles.Coordinator, new Received(from.Id, seed)), seed.Release);
    }

    private static void Release(Input input)
    {
        if (input is Received { Message: ITensorMessage message })
            message.Release();
        if (input is PartComputed ahead)
            ahead.Part.Release();
        if (input is Computed computed)
            foreach (var part in computed.Parts)
                part.Release();
    }

    private static string Describe(Input input) => input switch
    {
        Received { From: var from, Message: var message } => $"{message.GetType().Name} from {from}",
        TimerFired timer => $"timer {timer.Name}",
        MemberChanged change => $"{change.Node} is {change.Status}",
        _ => input.GetType().Name,
    };
}
