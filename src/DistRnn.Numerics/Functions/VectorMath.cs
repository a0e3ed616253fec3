using System.Runtime.CompilerServices;

namespace DistRnn.Numerics;

/// <summary>
/// Exponential, logarithm, hyperbolic tangent, logistic function and rectifier over vectors of floats, built from exactly rounded operations only, so that every
/// vector width and every processor gives the same bits. The generic forms are for kernels; the forms over spans run at the width in use.
/// </summary>
/// <remarks>
/// Bounds are in units of the last place of the float nearest to the true value, measured over a dense grid of all floats. NaN goes in and comes out.
/// Comparisons and selects take the place of minimum and maximum, and no float is converted to an integer.
/// </remarks>
public static partial class VectorMath
{
    /// <summary>Below this, <see cref="Exp{TSimd, TVector}"/> is +0.</summary>
    public const float ExpUnderflow = -87f;

    /// <summary>From this on, <see cref="Exp{TSimd, TVector}"/> is +infinity: the smallest float whose exponential is above the largest float.</summary>
    public const float ExpOverflow = 88.7228394f;

    /// <summary>Where <see cref="Tanh{TSimd, TVector}"/> stops to grow: with this clamp it is never above 1, so 1 - tanh^2 is never negative.</summary>
    public const float TanhClamp = 7.90531110763549805f;

    // Adding 1.5 * 2^23 rounds to an integer, ties to even, and leaves the integer in the last bits of the sum.
    private const float Round = 12582912f;
    private const float Log2OfE = 1.44269504f;

    // ln 2 in two parts; the first has 9 bits, so its products with exponents are exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>
    /// e^x: at most 1.2 units in the last place off; +0 below <see cref="ExpUnderflow"/>, +infinity from <see cref="ExpOverflow"/> on.
    /// </summary>
    /// <remarks>x = n ln 2 + r with |r| at most ln 2 / 2, e^r by a minimax polynomial of degree 6, and n added to the exponent (Cody and Waite 1980).</remarks>
    /// <typeparam name="TSimd">The width.</typeparam>
    /// <typeparam name="TVector">Its register type.</typeparam>
    /// <param name="x">Any floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var shifted = TSimd.FusedMultiplyAdd(x, TSimd.Broadcast(Log2OfE), TSimd.Broadcast(Round));
        var n = TSimd.Subtract(shifted, TSimd.Broadcast(Round));
        var r = TSimd.FusedNegateMultiplyAdd(n, TSimd.Broadcast(Ln2High), x);
        r = TSimd.FusedNegateMultiplyAdd(n, TSimd.Broadcast(Ln2Low), r);
        var p = TSimd.FusedMultiplyAdd(TSimd.Broadcast(0.001406124663f), r, TSimd.Broadcast(0.0083790128967f));
        p = TSimd.FusedMultiplyAdd(p, r, TSimd.Broadcast(0.041664777156f));
        p = TSimd.FusedMultiplyAdd(p, r, TSimd.Broadcast(0.16666365419f));
        p = TSimd.FusedMultiplyAdd(p, r, TSimd.Broadcast(0.50000004344f));
        p = TSimd.FusedMultiplyAdd(p, r, TSimd.Broadcast(1f));
        p = TSimd.FusedMultiplyAdd(p, r, TSimd.Broadcast(1f));
        var above = TSimd.Multiply(x, TSimd.Broadcast(float.PositiveInfinity));
        var y = TSimd.Select(TSimd.LessThan(x, TSimd.Broadcast(ExpOverflow)), TSimd.Scale(p, shifted), above);
        return TSimd.Select(TSimd.LessThan(x, TSimd.Broadcast(ExpUnderflow)), TSimd.Broadcast(0f), y);
    }

    /// <summary>
    /// The natural logarithm: at most 0.9 units in the last place off, denormals included; -infinity for both zeros, NaN below them, +infinity for +infinity.
    /// </summary>
    /// <remarks>x = m 2^e with m in [sqrt(1/2), sqrt(2)], log(1 + f) = f - f^2/2 + f^3 q(f) with a minimax polynomial q of degree 7.</remarks>
    /// <typeparam name="TSimd">The width.</typeparam>
    /// <typeparam name="TVector">Its register type.</typeparam>
    /// <param name="x">Any floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Log<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var zero = TSimd.Broadcast(0f);
        var denormal = TSimd.LessThan(x, TSimd.Broadcast(1.17549435e-38f));
        var (m, e) = TSimd.SplitExponent(TSimd.Select(denormal, TSimd.Multiply(x, TSimd.Broadcast(8388608f)), x));
        e = TSimd.Subtract(e, TSimd.And(denormal, TSimd.Broadcast(23f)));
        var large = TSimd.LessThan(TSimd.Broadcast(1.41421356f), m);
        m = TSimd.Select(large, TSimd.Multiply(m, TSimd.Broadcast(0.5f)), m);
        e = TSimd.Add(e, TSimd.And(large, TSimd.Broadcast(1f)));
        var f = TSimd.Subtract(m, TSimd.Broadcast(1f));
        var square = TSimd.Multiply(f, f);
        var p = TSimd.FusedMultiplyAdd(TSimd.Broadcast(-0.0763450291f), f, TSimd.Broadcast(0.1276157735f));
        p = TSimd.FusedMultiplyAdd(p, f, TSimd.Broadcast(-0.1316018047f));
        p = TSimd.FusedMultiplyAdd(p, f, TSimd.Broadcast(0.14201758f));
        p = TSimd.FusedMultiplyAdd(p, f, TSimd.Broadcast(-0.1662335753f));
        p = TSimd.FusedMultiplyAdd(p, f, TSimd.Broadcast(0.2000122687f));
        p = TSimd.FusedMultiplyAdd(p, f, TSimd.Broadcast(-0.2500082103f));
        p = TSimd.FusedMultiplyAdd(p, f, TSimd.Broadcast(0.3333333171f));
        p = TSimd.FusedMultiplyAdd(p, TSimd.Multiply(f, square), TSimd.Multiply(e, TSimd.Broadcast(Ln2Low)));
        p = TSimd.Add(TSimd.FusedMultiplyAdd(square, TSimd.Broadcast(-0.5f), p), f);
        var y = TSimd.FusedMultiplyAdd(e, TSimd.Broadcast(Ln2High), p);
        var notPositive = TSimd.Select(TSimd.LessThan(x, zero), TSimd.Broadcast(CanonicalNaN), TSimd.Broadcast(float.NegativeInfinity));
        y = TSimd.Select(TSimd.LessThan(zero, x), y, notPositive);
        return TSimd.Select(TSimd.LessThan(x, TSimd.Broadcast(float.PositiveInfinity)), y, x);
    }

    /// <summary>The hyperbolic tangent: at most 4.3 units in the last place off, odd, never above 1; constant (1 - 4 * 2^-24) beyond <see cref="TanhClamp"/>.</summary>
    /// <remarks>Eigen's rational approximation of degrees 13 and 6; all coefficients are 256 times Eigen's, which changes no bit and keeps small x normal.</remarks>
    /// <typeparam name="TSimd">The width.</typeparam>
    /// <typeparam name="TVector">Its register type.</typeparam>
    /// <param name="x">Any floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var (low, high) = (TSimd.Broadcast(-TanhClamp), TSimd.Broadcast(TanhClamp));
        x = TSimd.Select(TSimd.LessThan(x, low), low, x);
        x = TSimd.Select(TSimd.LessThan(high, x), high, x);
        var square = TSimd.Multiply(x, x);
        var p = TSimd.FusedMultiplyAdd(square, TSimd.Broadcast(-2.76076847742355e-16f * 256), TSimd.Broadcast(2.00018790482477e-13f * 256));
        p = TSimd.FusedMultiplyAdd(square, p, TSimd.Broadcast(-8.60467152213735e-11f * 256));
        p = TSimd.FusedMultiplyAdd(square, p, TSimd.Broadcast(5.12229709037114e-08f * 256));
        p = TSimd.FusedMultiplyAdd(square, p, TSimd.Broadcast(1.48572235717979e-05f * 256));
        p = TSimd.FusedMultiplyAdd(square, p, TSimd.Broadcast(6.37261928875436e-04f * 256));
        p = TSimd.FusedMultiplyAdd(square, p, TSimd.Broadcast(4.89352455891786e-03f * 256));
        var q = TSimd.FusedMultiplyAdd(square, TSimd.Broadcast(1.19825839466702e-06f * 256), TSimd.Broadcast(1.18534705686654e-04f * 256));
        q = TSimd.FusedMultiplyAdd(square, q, TSimd.Broadcast(2.26843463243900e-03f * 256));
        q = TSimd.FusedMultiplyAdd(square, q, TSimd.Broadcast(4.89352518554385e-03f * 256));
        return TSimd.Divide(TSimd.Multiply(x, p), q);
    }

    /// <summary>The logistic function 1 / (1 + e^-x): at most 2.5 units in the last place off; 1 above 87, +0 from -<see cref="ExpOverflow"/> down.</summary>
    /// <typeparam name="TSimd">The width.</typeparam>
    /// <typeparam name="TVector">Its register type.</typeparam>
    /// <param name="x">Any floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var one = TSimd.Broadcast(1f);
        return TSimd.Divide(one, TSimd.Add(one, Exp<TSimd, TVector>(TSimd.Subtract(TSimd.Broadcast(0f), x))));
    }

    /// <summary>The rectifier: x above 0, +0 elsewhere; exact. NaN comes out as NaN.</summary>
    /// <typeparam name="TSimd">The width.</typeparam>
    /// <typeparam name="TVector">Its register type.</typeparam>
    /// <param name="x">Any floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Relu<TSimd, TVector>(TVector x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var y = TSimd.Select(TSimd.LessThan(x, TSimd.Broadcast(0f)), TSimd.Broadcast(0f), x);
        return TSimd.Add(y, TSimd.Broadcast(0f));
    }

    private static float CanonicalNaN => BitConverter.UInt32BitsToSingle(0x7FC00000);
}
