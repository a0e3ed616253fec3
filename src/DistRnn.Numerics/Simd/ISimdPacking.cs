namespace DistRnn.Numerics;

/// <summary>
/// What a vector of floats needs to be packed into fewer bits and read back, beside <see cref="ISimd{TVector}"/>: operations on the bits, exact at every
/// width. A width is a struct that implements this interface.
/// </summary>
/// <typeparam name="TVector">The register type: Vector512&lt;float&gt;, Vector256&lt;float&gt;, Vector128&lt;float&gt; or float.</typeparam>
/// <remarks>Pointers are to as many values as a vector has floats; no alignment is asked.</remarks>
public unsafe interface ISimdPacking<TVector> where TVector : struct
{
    /// <summary>Each float rounded to the nearest of those whose low 16 bits are zero, ties to even; beyond the largest, infinity. Every NaN becomes 0x7FC00000.</summary>
    static abstract TVector RoundToBfloat16(TVector value);

    /// <summary>Stores the high 16 bits of each float.</summary>
    static abstract void StoreHighHalves(ushort* destination, TVector value);

    /// <summary>Floats from their high 16 bits; the low ones are zero.</summary>
    static abstract TVector LoadHighHalves(ushort* source);

    /// <summary>Stores the low 8 bits of each float: of 1.5 * 2^23 + n, n from -128 to 127, the byte n.</summary>
    static abstract void StoreLowBytes(sbyte* destination, TVector value);

    /// <summary>Whole numbers of a byte each as floats.</summary>
    static abstract TVector LoadBytes(sbyte* source);

    /// <summary>Whether the bits of some float without its sign are at least <paramref name="bits"/>: NaN is above infinity, and infinity above the rest.</summary>
    static abstract bool AnyMagnitudeFrom(TVector value, int bits);
}
