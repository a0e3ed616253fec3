namespace DistRnn.Cluster;

/// <summary>What a node does for the cluster; one process may hold several roles.</summary>
public enum NodeRole
{
    /// <summary>Holds the step number, leases shards and decides. A cluster has one or three such nodes, of which one is in charge.</summary>
    Coordinator,

    /// <summary>Computes the gradients of shards.</summary>
    Worker,

    /// <summary>Owns partitions of the parameters and updates them.</summary>
    ParameterServer,
}
