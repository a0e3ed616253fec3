using System.Runtime.CompilerServices;
using DistRnn.Numerics;

namespace DistRnn.Optimizers;

/// <summary>
/// The loops of the update rules, each written once for every vector width. What a loop says is what every element undergoes, in this order,
/// each operation rounded to float32 once; changing one changes the bits of every run and so the arithmetic's version.
/// </summary>
/// <remarks>Bound by memory: an Adam moves 28 bytes an element. <c>from</c> to <c>to</c> is a whole number of vectors.</remarks>
internal static unsafe class UpdateLoops<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static void Run(UpdateRuleKind kind, in UpdateConstants constants, in UpdateOperands operands, nint from, nint to)
    {
        float* p = operands.Parameters, g = operands.Gradient, s = operands.State0, t = operands.State1;
        switch (kind)
        {
            case UpdateRuleKind.Sgd: Sgd(constants, p, g, from, to); break;
            case UpdateRuleKind.Momentum: Momentum(constants, p, g, s, from, to); break;
            case UpdateRuleKind.Nesterov: Nesterov(constants, p, g, s, from, to); break;
            case UpdateRuleKind.AdaGrad: AdaGrad(constants, p, g, s, from, to); break;
            case UpdateRuleKind.RmsProp: RmsProp(constants, p, g, s, from, to); break;
            case UpdateRuleKind.Adam or UpdateRuleKind.AdamW: Adam(constants, p, g, s, t, from, to); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such rule.");
        }
    }

    /// <summary>p = p - rate * g, fused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sgd(in UpdateConstants constants, float* parameters, float* gradient, nint from, nint to)
    {
        var (factor, rate, decay) = (TSimd.Broadcast(constants.Factor), TSimd.Broadcast(constants.Rate), TSimd.Broadcast(constants.Decay));
        var decays = constants.Decay != 0;
        for (var i = from; i < to; i += TSimd.Count)
        {
            var p = TSimd.Load(parameters + i);
            var g = Scaled(TSimd.Load(gradient + i), p, factor, decay, decays);
            TSimd.Store(parameters + i, TSimd.FusedNegateMultiplyAdd(rate, g, p));
        }
    }

    /// <summary>v = mu * v + g, fused; p = p - rate * v, fused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Momentum(in UpdateConstants constants, float* parameters, float* gradient, float* velocity, nint from, nint to)
    {
        var (factor, rate, decay) = (TSimd.Broadcast(constants.Factor), TSimd.Broadcast(constants.Rate), TSimd.Broadcast(constants.Decay));
        var momentum = TSimd.Broadcast(constants.Momentum);
        var decays = constants.Decay != 0;
        for (var i = from; i < to; i += TSimd.Count)
        {
            var p = TSimd.Load(parameters + i);
            var g = Scaled(TSimd.Load(gradient + i), p, factor, decay, decays);
            var v = TSimd.FusedMultiplyAdd(momentum, TSimd.Load(velocity + i), g);
            TSimd.Store(velocity + i, v);
            TSimd.Store(parameters + i, TSimd.FusedNegateMultiplyAdd(rate, v, p));
        }
    }

    /// <summary>v = mu * v + g, fused; n = mu * v + g, fused; p = p - rate * n, fused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Nesterov(in UpdateConstants constants, float* parameters, float* gradient, float* velocity, nint from, nint to)
    {
        var (factor, rate, decay) = (TSimd.Broadcast(constants.Factor), TSimd.Broadcast(constants.Rate), TSimd.Broadcast(constants.Decay));
        var momentum = TSimd.Broadcast(constants.Momentum);
        var decays = constants.Decay != 0;
        for (var i = from; i < to; i += TSimd.Count)
        {
            var p = TSimd.Load(parameters + i);
            var g = Scaled(TSimd.Load(gradient + i), p, factor, decay, decays);
            var v = TSimd.FusedMultiplyAdd(momentum, TSimd.Load(velocity + i), g);
            TSimd.Store(velocity + i, v);
            TSimd.Store(parameters + i, TSimd.FusedNegateMultiplyAdd(rate, TSimd.FusedMultiplyAdd(momentum, v, g), p));
        }
    }

    /// <summary>s = s + g * g, fused; p = p - (rate * g) / (sqrt(s) + epsilon).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AdaGrad(in UpdateConstants constants, float* parameters, float* gradient, float* sum, nint from, nint to)
    {
        var (factor, rate, decay) = (TSimd.Broadcast(constants.Factor), TSimd.Broadcast(constants.Rate), TSimd.Broadcast(constants.Decay));
        var epsilon = TSimd.Broadcast(constants.Epsilon);
        var decays = constants.Decay != 0;
        for (var i = from; i < to; i += TSimd.Count)
        {
            var p = TSimd.Load(parameters + i);
            var g = Scaled(TSimd.Load(gradient + i), p, factor, decay, decays);
            var s = TSimd.FusedMultiplyAdd(g, g, TSimd.Load(sum + i));
            TSimd.Store(sum + i, s);
            var root = TSimd.Add(TSimd.SquareRoot(s), epsilon);
            TSimd.Store(parameters + i, TSimd.Subtract(p, TSimd.Divide(TSimd.Multiply(rate, g), root)));
        }
    }

    /// <summary>s = alpha * s + ((1 - alpha) * g) * g, the first product and the sum fused; p = p - (rate * g) / (sqrt(s) + epsilon).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsProp(in UpdateConstants constants, float* parameters, float* gradient, float* square, nint from, nint to)
    {
        var (factor, rate, decay) = (TSimd.Broadcast(constants.Factor), TSimd.Broadcast(constants.Rate), TSimd.Broadcast(constants.Decay));
        var (keep, share, epsilon) = (TSimd.Broadcast(constants.SquareKeep), TSimd.Broadcast(constants.SquareShare), TSimd.Broadcast(constants.Epsilon));
        var decays = constants.Decay != 0;
        for (var i = from; i < to; i += TSimd.Count)
        {
            var p = TSimd.Load(parameters + i);
            var g = Scaled(TSimd.Load(gradient + i), p, factor, decay, decays);
            var s = TSimd.FusedMultiplyAdd(keep, TSimd.Load(square + i), TSimd.Multiply(TSimd.Multiply(share, g), g));
            TSimd.Store(square + i, s);
            var root = TSimd.Add(TSimd.SquareRoot(s), epsilon);
            TSimd.Store(parameters + i, TSimd.Subtract(p, TSimd.Divide(TSimd.Multiply(rate, g), root)));
        }
    }

    /// <summary>
    /// p = keep * p; m = (1 - beta1) * (g - m) + m, fused; v = beta2 * v + ((1 - beta2) * g) * g, the first product and the sum fused;
    /// p = p - (rate * m) / (sqrt(v) * scale + epsilon), the denominator fused.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Adam(in UpdateConstants constants, float* parameters, float* gradient, float* mean, float* square, nint from, nint to)
    {
        var (factor, rate, decay) = (TSimd.Broadcast(constants.Factor), TSimd.Broadcast(constants.Rate), TSimd.Broadcast(constants.Decay));
        var (keep, share, epsilon) = (TSimd.Broadcast(constants.SquareKeep), TSimd.Broadcast(constants.SquareShare), TSimd.Broadcast(constants.Epsilon));
        var (meanShare, scale, shrink) = (TSimd.Broadcast(constants.MeanShare), TSimd.Broadcast(constants.RootScale), TSimd.Broadcast(constants.Keep));
        var decays = constants.Decay != 0;
        for (var i = from; i < to; i += TSimd.Count)
        {
            var p = TSimd.Load(parameters + i);
            var g = Scaled(TSimd.Load(gradient + i), p, factor, decay, decays);
            var m = TSimd.Load(mean + i);
            m = TSimd.FusedMultiplyAdd(meanShare, TSimd.Subtract(g, m), m);
            TSimd.Store(mean + i, m);
            var v = TSimd.FusedMultiplyAdd(keep, TSimd.Load(square + i), TSimd.Multiply(TSimd.Multiply(share, g), g));
            TSimd.Store(square + i, v);
            var root = TSimd.FusedMultiplyAdd(TSimd.SquareRoot(v), scale, epsilon);
            TSimd.Store(parameters + i, TSimd.Subtract(TSimd.Multiply(shrink, p), TSimd.Divide(TSimd.Multiply(rate, m), root)));
        }
    }

    /// <summary>g = g * factor, and with a decay decay * p + g, fused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scaled(TVector gradient, TVector parameter, TVector factor, TVector decay, bool decays)
    {
        var g = TSimd.Multiply(gradient, factor);
        return decays ? TSimd.FusedMultiplyAdd(decay, parameter, g) : g;
    }
}
