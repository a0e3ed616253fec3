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

    /// <summary>Finds a machine of this process.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="role">What it does there.</param>
    /// <param name="machine">The actor that drives it.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryFind(NodeId node, NodeRoles role, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IActorRef? machine) => _machines.TryGetValue((node, role), out machine);

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

    /// <inheritdoc/>
    public void Learn(string run, PartitionMap partitions, Codec codec)
    {
        // Messages are handed over as objects, which know their partitions.
    }

    /// <inheritdoc/>
    public void Forget(string run)
    {
        // As above.
    }
}
