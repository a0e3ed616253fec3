using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>Faults as they happen.</summary>
internal sealed partial class SimulatedCluster
{
    private const double SlownessFactor = 8;
    private readonly List<Action> _heal = [];

    private void Inject(PlannedFault fault)
    {
        var targets = Hosts.Where((_, i) => (fault.Target >> i & 1) != 0).ToArray();
        var names = string.Join(" ", targets.Select(host => host.Address));
        switch (fault.Kind)
        {
            case FaultKind.Split or FaultKind.OneWaySplit:
                Note(null, FaultNames.Of(fault.Kind), names);
                Split(fault, [.. targets], [.. Hosts.Except(targets)]);
                break;
            case FaultKind.Crash or FaultKind.MassCrash:
                Crash(fault, targets);
                break;
            case FaultKind.Stall:
                Stall(fault, targets[0]);
                break;
            case FaultKind.Leave:
                Leave(fault, targets[0]);
                break;
            case FaultKind.Join when targets[0].IsAway && targets[0].Process is null:
                Count(fault.Kind);
                targets[0].IsAway = false;
                StartProcess(targets[0]);
                break;
            case FaultKind.Slowness:
                Count(fault.Kind);
                targets[0].Slowness = SlownessFactor;
                break;
            case FaultKind.DiskLost:
                Count(fault.Kind);
                targets[0].Disk.Lose();
                break;
            default:
                break;
        }
    }

    private void Split(PlannedFault fault, HashSet<SimulatedHost> one, HashSet<SimulatedHost> other)
    {
        Count(fault.Kind);
        var heal = Network.Split(one, other);
        if (fault.Kind == FaultKind.Split)
        {
            var back = Network.Split(other, one);
            heal += back;
        }
        _heal.Add(heal);
        Events.In(fault.Duration, heal);
    }

    private void Crash(PlannedFault fault, SimulatedHost[] hosts)
    {
        foreach (var host in hosts)
        {
            if (host.Process is not { } process)
                continue;
            Count(fault.Kind);
            End(process, FaultNames.Of(fault.Kind), Work.Between(fault.Duration / 4, fault.Duration));
        }
    }

    private void Stall(PlannedFault fault, SimulatedHost host)
    {
        if (host.Process is not { } process || process.StalledUntil > Events.Now)
            return;
        Count(fault.Kind);
        Note(process, "stands still");
        process.StalledUntil = Events.Now + fault.Duration;
        Events.In(fault.Duration, () => Wake(process));
    }

    private void Leave(PlannedFault fault, SimulatedHost host)
    {
        if (host.Process is not { } process || (host.Roles & NodeRoles.Coordinator) != 0 && _shape.Coordinators == 1)
            return;
        Membership.Leave(process, () =>
        {
            Count(fault.Kind);
            End(process, "it has left in good order", fault.Duration);
        });
    }
}
