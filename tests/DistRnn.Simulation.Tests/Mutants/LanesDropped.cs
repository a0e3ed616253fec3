using DistRnn.Protocol;

namespace DistRnn.Simulation.Tests;

/// <summary>A worker that has been given shards does not take over the state of their lanes.</summary>
internal sealed class LanesDropped : Mutant
{
    protected override MachineHandler Wrap(NodeRoles role, NodeId node, MachineHandler handler) => role != NodeRoles.Worker
        ? handler
        : (input, now) => handler(input is Received { Message: ParameterReply reply } received ? received with { Message = reply with { Lanes = [] } } : input, now);
}
