using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DistRnn.Numerics;

/// <summary>The vector widths that there are kernels for; all give the same bits.</summary>
public enum SimdWidth
{
    /// <summary>One float at a time.</summary>
    Scalar = 1,

    /// <summary>NEON, or 128 bits of x86.</summary>
    Bits128 = 128,

    /// <summary>AVX2 with FMA.</summary>
    Bits256 = 256,

    /// <summary>AVX-512.</summary>
    Bits512 = 512,
}

/// <summary>Which vector widths this process may use, and which it does.</summary>
public static class SimdWidths
{
    /// <summary>The environment variable that forces a width: 512, 256, 128 or scalar.</summary>
    public const string Variable = "DISTRNN_SIMD";

    private static readonly Lazy<SimdWidth> s_current = new(() => Choose(Environment.GetEnvironmentVariable(Variable)));

    /// <summary>Widths that this processor and runtime support, the widest first.</summary>
    public static IReadOnlyList<SimdWidth> Available { get; } = [.. new[] { SimdWidth.Bits512, SimdWidth.Bits256, SimdWidth.Bits128, SimdWidth.Scalar }.Where(IsSupported)];

    /// <summary>The width in use, chosen once: the widest available, or what <see cref="Variable"/> says.</summary>
    /// <exception cref="InvalidInputException">The variable names no width that is available here.</exception>
    public static SimdWidth Current => s_current.Value;

    /// <summary>The width that a value of the variable asks for.</summary>
    /// <param name="forced">The value; null or empty for the widest available.</param>
    /// <exception cref="InvalidInputException">The value names no width that is available here.</exception>
    public static SimdWidth Choose(string? forced)
    {
        if (string.IsNullOrEmpty(forced))
            return Available[0];
        foreach (var width in Available)
        {
            if (string.Equals(forced, NameOf(width), StringComparison.OrdinalIgnoreCase))
                return width;
        }
        throw new InvalidInputException($"{Variable} is '{forced}'; this machine allows {string.Join(", ", Available.Select(NameOf))}.");
    }

    /// <summary>The name of a width in <see cref="Variable"/>.</summary>
    /// <param name="width">The width.</param>
    public static string NameOf(SimdWidth width) => width == SimdWidth.Scalar ? "scalar" : ((int)width).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static bool IsSupported(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => Vector512.IsHardwareAccelerated && Avx512F.IsSupported,
        SimdWidth.Bits256 => Vector256.IsHardwareAccelerated && Fma.IsSupported,
        SimdWidth.Bits128 => Vector128.IsHardwareAccelerated,
        _ => true,
    };
}
