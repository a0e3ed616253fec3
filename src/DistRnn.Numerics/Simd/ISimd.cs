namespace DistRnn.Numerics;

/// <summary>
/// The few operations every vector width offers, all of them exactly rounded (IEEE 754), so that a kernel written once over
/// <typeparamref name="TVector"/> gives the same bits at every width. A width is a struct that implements this interface:
/// 512, 256 and 128 bits, and a single float.
/// </summary>
/// <typeparam name="TVector">The register type: Vector512&lt;float&gt;, Vector256&lt;float&gt;, Vector128&lt;float&gt; or float.</typeparam>
/// <remarks>Masks are vectors whose lanes are all ones or all zeros. Nothing here estimates, and nothing takes a minimum or maximum: those differ between processors.</remarks>
public unsafe interface ISimd<TVector> where TVector : struct
{
    /// <summary>Floats a vector.</summary>
    static abstract int Count { get; }

    /// <summary>Loads consecutive floats; no alignment is asked.</summary>
    static abstract TVector Load(float* source);

    /// <summary>Stores consecutive floats; no alignment is asked.</summary>
    static abstract void Store(float* destination, TVector value);

    /// <summary>A vector of one value.</summary>
    static abstract TVector Broadcast(float value);

    /// <summary>a + b.</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>a - b.</summary>
    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>a * b.</summary>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a / b.</summary>
    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>The square root.</summary>
    static abstract TVector SquareRoot(TVector a);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract TVector FusedMultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>c - a * b, rounded once.</summary>
    static abstract TVector FusedNegateMultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>The mask a &lt; b; false where either is NaN.</summary>
    static abstract TVector LessThan(TVector a, TVector b);

    /// <summary>a where the mask is set, b elsewhere.</summary>
    static abstract TVector Select(TVector mask, TVector a, TVector b);

    /// <summary>Bitwise and.</summary>
    static abstract TVector And(TVector a, TVector b);

    /// <summary>Bitwise or.</summary>
    static abstract TVector Or(TVector a, TVector b);

    /// <summary>Bitwise exclusive or.</summary>
    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>2^n for integral n held as a float, -126 to 127; other values are the caller's error.</summary>
    static abstract TVector PowerOfTwo(TVector n);

    /// <summary>
    /// x * 2^n where <paramref name="shifted"/> is 1.5 * 2^23 + n, n integral: n, which then stands in the last bits of the sum, is added to the exponent
    /// of x, so there is no conversion to differ between processors. x must be finite and the product normal; otherwise the result means nothing.
    /// </summary>
    static abstract TVector Scale(TVector x, TVector shifted);

    /// <summary>Splits a positive normal x into mantissa and exponent, x = m * 2^e, 1 &lt;= m &lt; 2; e as a float.</summary>
    static abstract (TVector Mantissa, TVector Exponent) SplitExponent(TVector x);

    /// <summary>The mask of the first lanes: all ones in lanes below <paramref name="count"/>, all zeros in the others.</summary>
    static abstract TVector FirstLanes(int count);

    /// <summary>Asks for the memory at an address, which may be any; changes nothing else.</summary>
    static abstract void Prefetch(float* address);
}
