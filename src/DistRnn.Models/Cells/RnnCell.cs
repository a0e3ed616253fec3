using System.Runtime.CompilerServices;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The plain recurrent network (Elman 1990): u_t = W_in x_t + W z_{t-1} + b, z_t = f(u_t); back, delta_t = dE/dz_t * f'(u_t).</summary>
/// <remarks>f' is written in terms of z = f(u), so u need not be kept.</remarks>
internal static unsafe class RnnCell<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>z = f(u).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward<TActivation>(in RnnPanel panel, int rows)
        where TActivation : struct, IActivation<TVector>
    {
        float* sums = panel.Sums, state = panel.State;
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < panel.Units; lane += TSimd.Count)
                Lanes<TSimd, TVector>.Store(state + lane, TActivation.Of(TSimd.Load(sums + lane)), panel.Units - lane);
            sums += panel.SumStride;
            state += panel.StateStride;
        }
    }

    /// <summary>u becomes delta.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward<TActivation>(in RnnPanel panel, int rows)
        where TActivation : struct, IActivation<TVector>
    {
        float* sums = panel.Sums, state = panel.State, gradient = panel.StateGradient;
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < panel.Units; lane += TSimd.Count)
                Lanes<TSimd, TVector>.Store(sums + lane, TActivation.Back(TSimd.Load(gradient + lane), TSimd.Load(state + lane)), panel.Units - lane);
            sums += panel.SumStride;
            state += panel.StateStride;
            gradient += panel.GradientStride;
        }
    }
}

/// <summary>f of a plain recurrent network.</summary>
/// <typeparam name="TVector">The register type.</typeparam>
internal interface IActivation<TVector>
    where TVector : struct
{
    /// <summary>f(u).</summary>
    static abstract TVector Of(TVector u);

    /// <summary>d * f'(u), where z = f(u).</summary>
    static abstract TVector Back(TVector d, TVector z);
}

/// <summary>tanh; f' = 1 - z^2.</summary>
internal readonly struct TanhActivation<TSimd, TVector> : IActivation<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of(TVector u) => VectorMath.Tanh<TSimd, TVector>(u);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Back(TVector d, TVector z) => TSimd.Multiply(d, TSimd.FusedNegateMultiplyAdd(z, z, TSimd.Broadcast(1f)));
}

/// <summary>The larger of 0 and u; f' = 1 where z is above 0.</summary>
internal readonly struct ReluActivation<TSimd, TVector> : IActivation<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of(TVector u) => VectorMath.Relu<TSimd, TVector>(u);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Back(TVector d, TVector z) => TSimd.Select(TSimd.LessThan(TSimd.Broadcast(0f), z), d, TSimd.Broadcast(0f));
}

/// <summary>The logistic function; f' = z - z^2.</summary>
internal readonly struct SigmoidActivation<TSimd, TVector> : IActivation<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of(TVector u) => VectorMath.Sigmoid<TSimd, TVector>(u);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Back(TVector d, TVector z) => TSimd.Multiply(d, TSimd.FusedNegateMultiplyAdd(z, z, z));
}
