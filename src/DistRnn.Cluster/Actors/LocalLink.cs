using System.Collections.Concurrent;
using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// Messages between the machines of one process: handed over as they are, without a copy or a byte written, except for what belongs to an owner that goes
/// on changing it.
/// </summary>
/// <param name="buffers">Where copies get their memory; its bound bounds what is on its way.</param>
internal sealed class LocalLink(DataBufferPool buffers) : IMessageLink
{
    private readonly ConcurrentDictionary<(NodeId Node, NodeRoles Role), IActorRef> _machines = new();

    /// <summary>Makes a machine known.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="role">What it does there.</param>
    /// <param name="machine">The actor that drives it.</param>
    public void Add(NodeId node, NodeRoles role, IActorRef machine) => _machines[(node, role)] = machine;

    /// <summary>Whether a machine is one of this process.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="role">What it does there.</param>
    public bool Has(NodeId node, NodeRoles role) => _machines.ContainsKey((node, role));

    /// <inheritdoc/>
    public void Send(NodeId from, NodeId to, NodeRoles role, IMessage message)
    {
        if (!_machines.TryGetValue((to, role), out var machine))
        {
            (message as ITensorMessage)?.Release();
            return;
        }
        if (message is ParameterReply reply)
        {
            if (TensorCopies.Of(reply, buffers) is not { } copy)
                return;
            message = copy;
        }
        machine.Tell(new Received(from, message));
    }
}
