namespace DistRnn.Numerics;

/// <summary>
/// Exponential, logarithm, power, sine, cosine, hyperbolic tangent and logistic function of doubles, for schedules, initialisers and everything else that is not
/// hot. Built from exactly rounded operations only, so the bits are the same on every machine, which those of a platform's own library are not.
/// </summary>
/// <remarks>Coefficients and reductions are those of fdlibm (Sun Microsystems 1993). Bounds are in units of the last place, measured against 40 digits.</remarks>
public static class ScalarMath
{
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;
    private const double Log2OfE = 1.44269504088896338700;
    private const double HalfPi = 1.5707963267948966;
    private const double HalfPiLow = 6.123233995736766e-17;

    /// <summary>The largest magnitude that <see cref="Sin"/> and <see cref="Cos"/> take.</summary>
    public const double AngleMax = 1 << 20;

    /// <summary>e^x: at most 1 unit in the last place off where the result is normal; +0 below -745.2, +infinity above 709.79.</summary>
    /// <param name="x">Any number; NaN gives NaN.</param>
    public static double Exp(double x)
    {
        if (double.IsNaN(x))
            return x;
        if (x > 709.782712893383973096)
            return double.PositiveInfinity;
        if (x < -745.13321910194110842)
            return 0;
        var n = Math.Round(x * Log2OfE);
        var high = x - n * Ln2High;
        var low = n * Ln2Low;
        var r = high - low;
        var t = r * r;
        var c = r - t * (1.66666666666666019037e-01 + t * (-2.77777777770155933842e-03 + t * (6.61375632143793436117e-05 +
            t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
        return ScaleByPower(1 - (low - r * c / (2 - c) - high), (int)n);
    }

    /// <summary>The natural logarithm: at most 1 unit in the last place off; -infinity for zeros, NaN below them.</summary>
    /// <param name="x">Any number; NaN gives NaN.</param>
    public static double Log(double x)
    {
        if (double.IsNaN(x) || double.IsPositiveInfinity(x))
            return x;
        if (x <= 0)
            return x < 0 ? double.NaN : double.NegativeInfinity;
        var (m, e) = Split(x);
        var f = m - 1;
        var s = f / (2 + f);
        var z = s * s;
        var r = z * (6.666666666666735130e-01 + z * (3.999999999940941908e-01 + z * (2.857142874366239149e-01 + z * (2.222219843214978396e-01 +
            z * (1.818357216161805012e-01 + z * (1.531383769920937332e-01 + z * 1.479819860511658591e-01))))));
        var half = 0.5 * f * f;
        return e * Ln2High - (half - (s * (half + r) + e * Ln2Low) - f);
    }

    /// <summary>x^y for x of 0 or more: at most 2 units in the last place off where the result is normal.</summary>
    /// <remarks>The logarithm is taken to about 64 bits: log m = 2 artanh(s), s = (m - 1) / (m + 1), its first two terms in pairs of doubles.</remarks>
    /// <param name="x">The base, 0 or more; below it the result is NaN, whatever the exponent is.</param>
    /// <param name="y">The exponent; 0 gives 1.</param>
    public static double Pow(double x, double y)
    {
        if (y == 0 || x == 1)
            return 1;
        if (double.IsNaN(x) || double.IsNaN(y) || x < 0)
            return double.NaN;
        if (x == 0 || double.IsPositiveInfinity(x))
            return x == 0 == y > 0 ? 0 : double.PositiveInfinity;
        if (double.IsInfinity(y))
            return x > 1 == y > 0 ? double.PositiveInfinity : 0;
        var (high, low) = LogOfPair(x);
        var product = y * high;
        if (!double.IsFinite(product) || product > 710 || product < -746)
            return product > 0 ? double.PositiveInfinity : 0;
        var rest = Math.FusedMultiplyAdd(y, high, -product) + y * low;
        var power = Exp(product);
        return double.IsFinite(power) ? power + power * rest : power;
    }

    /// <summary>The sine: at most 1 unit in the last place off.</summary>
    /// <param name="x">An angle in radians, at most <see cref="AngleMax"/> in magnitude; NaN gives NaN.</param>
    /// <exception cref="ArgumentOutOfRangeException">The angle is larger.</exception>
    public static double Sin(double x)
    {
        var (quarter, high, low) = ReduceAngle(x);
        var y = (quarter & 1) == 0 ? SinOfReduced(high, low) : CosOfReduced(high, low);
        return (quarter & 2) == 0 ? y : -y;
    }

    /// <summary>The cosine: at most 1 unit in the last place off.</summary>
    /// <param name="x">An angle in radians, at most <see cref="AngleMax"/> in magnitude; NaN gives NaN.</param>
    /// <exception cref="ArgumentOutOfRangeException">The angle is larger.</exception>
    public static double Cos(double x)
    {
        var (quarter, high, low) = ReduceAngle(x);
        var y = (quarter & 1) == 0 ? CosOfReduced(high, low) : SinOfReduced(high, low);
        return ((quarter + 1) & 2) == 0 ? y : -y;
    }

    /// <summary>The hyperbolic tangent: at most 2 units in the last place off.</summary>
    /// <remarks>Lambert's continued fraction near 0, (1 - e^-2x) / (1 + e^-2x) elsewhere.</remarks>
    /// <param name="x">Any number; NaN gives NaN.</param>
    public static double Tanh(double x)
    {
        if (x == 0)
            return x;
        var size = Math.Abs(x);
        if (size < 0.55)
        {
            var square = x * x;
            var fraction = 19.0;
            for (var odd = 17; odd >= 3; odd -= 2)
                fraction = odd + square / fraction;
            return x - x * (square / (fraction + square));
        }
        var t = Exp(-2 * size);
        var y = (1 - t) / (1 + t);
        return x < 0 ? -y : y;
    }

    /// <summary>The logistic function 1 / (1 + e^-x): at most 2 units in the last place off.</summary>
    /// <param name="x">Any number; NaN gives NaN.</param>
    public static double Sigmoid(double x)
    {
        if (x < 0)
        {
            var e = Exp(x);
            return e / (1 + e);
        }
        return 1 / (1 + Exp(-x));
    }

    /// <summary>p * 2^n for p in (1/2, 2), through two factors where the result may be denormal or 2^n too large.</summary>
    private static double ScaleByPower(double p, int n) =>
        n is >= -1021 and <= 1022 ? p * PowerOfTwo(n) : n < 0 ? p * PowerOfTwo(n + 100) * PowerOfTwo(-100) : p * PowerOfTwo(n - 100) * PowerOfTwo(100);

    private static double PowerOfTwo(int n) => BitConverter.Int64BitsToDouble((long)(n + 1023) << 52);

    /// <summary>Splits a positive number: x = m 2^e with m in [sqrt(1/2), sqrt(2)).</summary>
    private static (double Mantissa, int Exponent) Split(double x)
    {
        var exponent = 0;
        if (x < 2.2250738585072014e-308)
        {
            x *= PowerOfTwo(54);
            exponent = -54;
        }
        var bits = BitConverter.DoubleToInt64Bits(x);
        exponent += (int)(bits >> 52) - 1023;
        var m = BitConverter.Int64BitsToDouble((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);
        return m < 1.4142135623730951 ? (m, exponent) : (m * 0.5, exponent + 1);
    }

    /// <summary>The logarithm of a positive finite number as the sum of two doubles, to about 64 bits.</summary>
    private static (double High, double Low) LogOfPair(double x)
    {
        var (m, e) = Split(x);
        // s = f / d in a pair; f is exact, d = m + 1 may not be.
        var f = m - 1;
        var d = m + 1;
        var dRest = m - (d - 1);
        var s = f / d;
        var sRest = (Math.FusedMultiplyAdd(-s, d, f) - s * dRest) / d;
        // z = s^2 and s^3 in pairs.
        var z = s * s;
        var zRest = Math.FusedMultiplyAdd(s, s, -z) + 2 * s * sRest;
        var cube = s * z;
        var cubeRest = Math.FusedMultiplyAdd(s, z, -cube) + s * zRest + sRest * z;
        // 2/3 s^3 in a pair, and the series from s^5 on.
        const double TwoThirds = 0.66666666666666663;
        const double TwoThirdsRest = 3.7007434154171883e-17;
        var third = TwoThirds * cube;
        var thirdRest = Math.FusedMultiplyAdd(TwoThirds, cube, -third) + TwoThirds * cubeRest + TwoThirdsRest * cube;
        var series = 0.0;
        for (var odd = 29; odd >= 5; odd -= 2)
            series = series * z + 2.0 / odd;
        series *= cube * z;
        var (high, low) = AddPair(2 * s, third);
        low += 2 * sRest + thirdRest + series;
        // e ln 2: the first part has 33 bits, so the product is exact.
        var (sum, rest) = AddPair(e * Ln2High, high);
        rest += low + e * Ln2Low;
        return Normalize(sum, rest);
    }

    private static (double High, double Low) AddPair(double a, double b)
    {
        var sum = a + b;
        var t = sum - a;
        return (sum, a - (sum - t) + (b - t));
    }

    private static (double High, double Low) Normalize(double high, double low)
    {
        var sum = high + low;
        return (sum, high - sum + low);
    }

    /// <summary>x = quarter * pi/2 + high + low, |high| at most pi/4; the quarter modulo 4.</summary>
    private static (int Quarter, double High, double Low) ReduceAngle(double x)
    {
        if (double.IsNaN(x))
            return (0, x, 0);
        if (!(Math.Abs(x) <= AngleMax))
            throw new ArgumentOutOfRangeException(nameof(x), x, $"An angle is at most {AngleMax} radians in magnitude.");
        var n = Math.Round(x * (1 / HalfPi));
        var exact = Math.FusedMultiplyAdd(-n, HalfPi, x);
        var high = Math.FusedMultiplyAdd(-n, HalfPiLow, exact);
        var low = Math.FusedMultiplyAdd(-n, HalfPiLow, exact - high);
        return ((int)n & 3, high, low);
    }

    private static double SinOfReduced(double x, double rest)
    {
        var z = x * x;
        var v = z * x;
        var r = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
        return x - (z * (0.5 * rest - v * r) - rest - v * -1.66666666666666324348e-01);
    }

    private static double CosOfReduced(double x, double rest)
    {
        var z = x * x;
        var r = z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * (2.48015872894767294178e-05 +
            z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
        var half = 0.5 * z;
        var w = 1 - half;
        return w + (1 - w - half + (z * r - x * rest));
    }
}
