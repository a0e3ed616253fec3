namespace DistRnn.Cluster;

/// <summary>Limits of a blob store; what would go beyond them is refused with a sentence.</summary>
public sealed record BlobStoreOptions
{
    /// <summary>The largest blob in bytes, at least 1; the default is 256 GiB.</summary>
    public long BlobBytesMax { get; init; } = 256L << 30;

    /// <summary>All blobs together in bytes, at least 1; the default is no limit but the disk.</summary>
    public long StoreBytesMax { get; init; } = long.MaxValue;

    /// <summary>How many blobs may be received at the same time, at least 1; the default is 64.</summary>
    public int ReceivesMax { get; init; } = 64;
}
