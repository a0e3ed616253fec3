using DistRnn.Protocol;

namespace DistRnn.Simulation.Tests;

/// <summary>Shards 1 and 2 are added in the order in which they come: the first of them takes the place of shard 1 in the tree.</summary>
internal sealed class ArrivalOrderSum : Mutant
{
    protected override MachineHandler Wrap(NodeRoles role, NodeId node, MachineHandler handler)
    {
        if (role != NodeRoles.ParameterServer)
            return handler;
        var swapped = new Dictionary<(PartitionKey Key, long Step), bool>();
        return (input, now) =>
        {
            if (input is not Received { Message: GradientPush { Lanes.IsEmpty: true, Node: { Count: 1, First: 1 or 2 } } push } received)
                return handler(input, now);
            swapped.TryAdd((push.Key, push.Address.Step), push.Node.First == 2);
            if (!swapped[(push.Key, push.Address.Step)])
                return handler(input, now);
            var other = new TreeNode(3 - push.Node.First, 1);
            return With(handler(received with { Message = push with { Node = other } }, now), effect =>
                effect is SendTo { Message: PushReply reply } send && reply.Node == other ? send with { Message = reply with { Node = push.Node } } : effect);
        };
    }
}
