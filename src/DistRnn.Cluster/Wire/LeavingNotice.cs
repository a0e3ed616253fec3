using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>A node says that it is about to leave, while all its machines still work: its leases and partitions can be taken over without haste.</summary>
/// <param name="Node">The node.</param>
internal sealed record LeavingNotice(NodeId Node) : IWireMessage;
