using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DistRnn.Numerics;

/// <summary>The loops of <see cref="Bfloat16"/> at one vector width.</summary>
internal abstract unsafe class Bfloat16Kernels
{
    /// <summary>Those of the width in use.</summary>
    public static Bfloat16Kernels Current { get; } = Create(SimdWidths.Current);

    /// <summary>Those of a width that this processor has.</summary>
    /// <param name="width">The width.</param>
    public static Bfloat16Kernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new Bfloat16Kernels<Simd512, Packing512, Vector512<float>>(),
        SimdWidth.Bits256 => new Bfloat16Kernels<Simd256, Packing256, Vector256<float>>(),
        SimdWidth.Bits128 => new Bfloat16Kernels<Simd128, Packing128, Vector128<float>>(),
        _ => new Bfloat16Kernels<SimdScalar, PackingScalar, float>(),
    };

    /// <summary>Rounds in place.</summary>
    public abstract void Round(float* values, nint count);

    /// <summary>Rounds and writes upper halves.</summary>
    public abstract void Narrow(float* source, ushort* destination, nint count);

    /// <summary>Reads upper halves.</summary>
    public abstract void Widen(ushort* source, float* destination, nint count);
}

/// <summary>Whole vectors at this width, the rest float by float.</summary>
internal sealed unsafe class Bfloat16Kernels<TSimd, TPacking, TVector> : Bfloat16Kernels
    where TSimd : struct, ISimd<TVector>
    where TPacking : struct, ISimdPacking<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Round(float* values, nint count)
    {
        nint i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(values + i, TPacking.RoundToBfloat16(TSimd.Load(values + i)));
        for (; i < count; i++)
            values[i] = PackingScalar.RoundToBfloat16(values[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Narrow(float* source, ushort* destination, nint count)
    {
        nint i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TPacking.StoreHighHalves(destination + i, TPacking.RoundToBfloat16(TSimd.Load(source + i)));
        for (; i < count; i++)
            PackingScalar.StoreHighHalves(destination + i, PackingScalar.RoundToBfloat16(source[i]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Widen(ushort* source, float* destination, nint count)
    {
        nint i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(destination + i, TPacking.LoadHighHalves(source + i));
        for (; i < count; i++)
            destination[i] = PackingScalar.LoadHighHalves(source + i);
    }
}
