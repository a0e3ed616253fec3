using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>A control message on its way from one node's machine to another's.</summary>
/// <param name="From">Who sent it.</param>
/// <param name="To">Whom it is for: a later process at the same address is somebody else, and drops it.</param>
/// <param name="Role">Which of its machines.</param>
/// <param name="Message">The message.</param>
internal sealed record WireEnvelope(NodeId From, NodeId To, NodeRoles Role, IMessage Message) : IWireMessage;
