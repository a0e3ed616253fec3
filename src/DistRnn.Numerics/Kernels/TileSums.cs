namespace DistRnn.Numerics;

/// <summary>
/// Where the sums of a tile of outer products come from and go to. Dense sums are [rows][vectors] of the tile, one row after another without gaps.
/// </summary>
internal unsafe struct TileSums
{
    /// <summary>The dense sums that the chains go on from; null where they begin with +0.</summary>
    public float* Start;

    /// <summary>How many other dense sums are added when the chains are at their end, one after another.</summary>
    public int Adds;

    /// <summary>The first of them.</summary>
    public float* Added;

    /// <summary>Floats from one of them to the next.</summary>
    public nint AddedStep;

    /// <summary>Where the result goes.</summary>
    public float* Destination;

    /// <summary>Floats from a row of the result to the next.</summary>
    public nint DestinationStride;
}
