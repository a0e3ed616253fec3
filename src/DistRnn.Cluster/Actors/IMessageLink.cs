using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Carries messages between machines, of one process or of many. Delivery is tried once: what is lost is asked for again by the protocol.</summary>
/// <remarks>Thread-safe. A tensor message passes to the link, which releases it where it is not delivered.</remarks>
internal interface IMessageLink
{
    /// <summary>Sends a message; does not wait.</summary>
    /// <param name="from">Who sends it.</param>
    /// <param name="to">Whom it is for.</param>
    /// <param name="role">Which of its machines.</param>
    /// <param name="message">
    /// The message. A <see cref="ParameterReply"/> views memory that changes as soon as this returns, so it is copied first.
    /// </param>
    void Send(NodeId from, NodeId to, NodeRoles role, IMessage message);

    /// <summary>Makes known how a run's tensors lie and travel, so that they can be sent and received.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="partitions">Its partitions.</param>
    /// <param name="codec">How its gradients are encoded.</param>
    void Learn(string run, PartitionMap partitions, Codec codec);

    /// <summary>Forgets a run.</summary>
    /// <param name="run">The run's name.</param>
    void Forget(string run);
}
