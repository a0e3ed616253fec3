namespace DistRnn.Cluster;

/// <summary>What two nodes must agree on to understand each other.</summary>
internal static class WireFormat
{
    /// <summary>The version of messages and frames. It goes up when a node of the last version could not work with one of this.</summary>
    public const int Version = 2;
}
