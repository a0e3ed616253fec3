using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>How many nodes an in-process cluster has, and how they behave.</summary>
internal sealed record LocalClusterOptions
{
    /// <summary>Workers, at least 1.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Parameter servers, at least 1. The first ones are nodes that work as well, so that a worker's own partition is near.</summary>
    public int ParameterServers { get; init; } = 1;

    /// <summary>Threads that a parameter server computes with, at least 1.</summary>
    public int ServerThreads { get; init; } = 1;

    /// <summary>Memory of copies that are on their way, in bytes.</summary>
    public long BufferBytesMax { get; init; } = 16L << 30;

    /// <summary>How the coordinator behaves.</summary>
    public CoordinatorOptions Coordinator { get; init; } = new();

    /// <summary>How workers behave.</summary>
    public WorkerOptions Worker { get; init; } = new();

    /// <summary>How parameter servers behave.</summary>
    public ParameterServerOptions ParameterServer { get; init; } = new();
}
