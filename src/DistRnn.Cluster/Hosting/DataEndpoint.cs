namespace DistRnn.Cluster;

/// <summary>Where a node takes tensors and blobs: on its host, beside its control messages.</summary>
/// <param name="Name">What its data plane is called, for as long as the process lives; empty where it takes none.</param>
/// <param name="Port">The port; 0 where it takes none.</param>
public sealed record DataEndpoint(string Name, int Port)
{
    /// <summary>A node that takes none.</summary>
    public static DataEndpoint None { get; } = new("", 0);
}
