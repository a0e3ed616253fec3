using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>How the tensors of a run lie and travel.</summary>
/// <param name="Partitions">Its partitions.</param>
/// <param name="Codec">How its gradients are encoded.</param>
internal sealed record RunTensors(PartitionMap Partitions, Codec Codec);
