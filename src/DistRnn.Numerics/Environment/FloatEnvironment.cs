using System.Runtime.CompilerServices;

namespace DistRnn.Numerics;

/// <summary>
/// Whether the calling thread computes as the arithmetic contract asks: rounding to nearest, ties to even; denormals neither flushed nor taken for zero; fused
/// multiply-adds rounded once. These are settings of a thread, which a library loaded into the process can change, so each compute thread asks for itself.
/// </summary>
public static class FloatEnvironment
{
    /// <summary>Checks the calling thread.</summary>
    /// <exception cref="PlatformNotSupportedException">The thread computes otherwise; the message says how.</exception>
    public static void Verify()
    {
        if (FaultOf(Measure()) is { } fault)
            throw new PlatformNotSupportedException($"This machine or process cannot give the bits that the arithmetic contract asks for: {fault}");
    }

    /// <summary>What is wrong with results of a thread, in a sentence; null where nothing is.</summary>
    /// <param name="results">What <see cref="Measure"/> found.</param>
    internal static string? FaultOf(Results results)
    {
        if (results.TieUp != 1.00000024f || results.TieDown != 1f || results.NegativeTie != -1f || results.DoubleTie != 1.0)
            return "the rounding mode is not to nearest, ties to even.";
        if (results.TinyResult == 0)
            return "denormal results are flushed to zero (FTZ).";
        if (results.TinyOperand == 0)
            return "denormal operands are taken for zero (DAZ).";
        if (results.FusedRest == 0)
            return "a fused multiply-add is rounded twice.";
        return null;
    }

    /// <summary>Computes what shows the settings of the calling thread.</summary>
    internal static Results Measure() => new(
        TieUp: Add(1.00000012f, Half),
        TieDown: Add(1f, Half),
        NegativeTie: Add(-1f, -Half),
        DoubleTie: Add(1.0, 1.1102230246251565e-16),
        TinyResult: Multiply(1.17549435e-38f, 0.5f),
        TinyOperand: Multiply(float.Epsilon, 1.6777216e7f),
        FusedRest: Fused(1.00000012f, 1.00000012f, -1.00000024f));

    // Half a unit in the last place of 1.
    private const float Half = 5.96046448e-8f;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Add(float a, float b) => a + b;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Add(double a, double b) => a + b;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Multiply(float a, float b) => a * b;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Fused(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>Results that depend on a thread's settings.</summary>
    /// <param name="TieUp">(1 + u) + u/2, u a unit in the last place of 1: to even, 1 + 2u.</param>
    /// <param name="TieDown">1 + u/2: to even, 1.</param>
    /// <param name="NegativeTie">-1 - u/2: to even, -1.</param>
    /// <param name="DoubleTie">1 + u/2 in double: 1.</param>
    /// <param name="TinyResult">Half the smallest normal float: denormal.</param>
    /// <param name="TinyOperand">The smallest denormal times 2^24: denormal or normal, not zero.</param>
    /// <param name="FusedRest">(1 + u)^2 - (1 + 2u), fused: u^2.</param>
    internal readonly record struct Results(float TieUp, float TieDown, float NegativeTie, double DoubleTie, float TinyResult, float TinyOperand, float FusedRest);
}
