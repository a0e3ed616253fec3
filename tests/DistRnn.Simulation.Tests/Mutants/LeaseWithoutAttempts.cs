using DistRnn.Protocol;

namespace DistRnn.Simulation.Tests;

/// <summary>Every lease has the number 1, and whatever a worker says is taken for what it says of its last lease.</summary>
internal sealed class LeaseWithoutAttempts : Mutant
{
    protected override MachineHandler Wrap(NodeRoles role, NodeId node, MachineHandler handler)
    {
        if (role != NodeRoles.Coordinator)
            return handler;
        var last = new Dictionary<NodeId, Lease>();
        return (input, now) =>
        {
            if (input is Received { From: var from, Message: var message } received && last.TryGetValue(from, out var lease))
            {
                input = message switch
                {
                    LeaseDone done => received with { Message = done with { Step = lease.Address.Step, Node = lease.Node, Attempt = lease.Attempt } },
                    LeaseFailed failed => received with { Message = failed with { Attempt = lease.Attempt } },
                    _ => input,
                };
            }
            return With(handler(input, now), effect =>
            {
                if (effect is SendTo { Message: Lease given } send)
                {
                    last[send.To] = given;
                    return send with { Message = given with { Attempt = 1 } };
                }
                return effect is RecordEvent { Event: StepLeased leased } ? new RecordEvent(leased with { Attempt = 1 }) : effect;
            });
        };
    }
}
