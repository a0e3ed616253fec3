namespace DistRnn.Cluster;

/// <summary>What can go wrong in a <see cref="FaultyDataPlane"/>.</summary>
internal enum DataFault
{
    /// <summary>A frame is lost.</summary>
    Drop,

    /// <summary>A frame arrives after some that were sent later.</summary>
    Delay,

    /// <summary>A frame arrives twice.</summary>
    Duplicate,

    /// <summary>A frame ends early.</summary>
    Truncate,

    /// <summary>A bit of a frame is turned over.</summary>
    Corrupt,

    /// <summary>For a while nothing reaches a node.</summary>
    Partition,
}

/// <summary>How often what goes wrong: chances of a frame, each 0 to 1, drawn from the seed by the number of the frame.</summary>
internal sealed record DataFaultOptions
{
    /// <summary>The seed.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The chance that a frame is lost.</summary>
    public double Drop { get; init; }

    /// <summary>The chance that a frame is held back.</summary>
    public double Delay { get; init; }

    /// <summary>The chance that a frame arrives twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>The chance that a frame ends early.</summary>
    public double Truncate { get; init; }

    /// <summary>The chance that a bit of a frame is turned over.</summary>
    public double Corrupt { get; init; }

    /// <summary>The chance that a frame is the first that does not reach its node for a while.</summary>
    public double Partition { get; init; }

    /// <summary>For how many later frames one is held back at most; at least 1.</summary>
    public int DelayFramesMax { get; init; } = 8;

    /// <summary>For how many frames to it a node is out of reach at most; at least 1.</summary>
    public int PartitionFramesMax { get; init; } = 16;

    /// <summary>The chance of a fault.</summary>
    internal double ChanceOf(DataFault fault) => fault switch
    {
        DataFault.Drop => Drop,
        DataFault.Delay => Delay,
        DataFault.Duplicate => Duplicate,
        DataFault.Truncate => Truncate,
        DataFault.Corrupt => Corrupt,
        _ => Partition,
    };
}
