namespace DistRnn.Protocol;

/// <summary>The codecs there are. The numbers are those on the wire and do not change.</summary>
public enum CodecKind : byte
{
    /// <summary>Floats as they are.</summary>
    None = 0,

    /// <summary>The upper halves of floats, rounded to nearest even.</summary>
    Bfloat16 = 1,

    /// <summary>A signed byte a float, with a scale for every group.</summary>
    Int8 = 2,

    /// <summary>The floats of largest magnitude of every block, with their places.</summary>
    TopK = 3,
}
