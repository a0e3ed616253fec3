using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DistRnn.Numerics;

/// <summary>The functions of <see cref="VectorMath"/> over consecutive floats at one vector width; source and destination may be the same.</summary>
internal abstract unsafe class SpanFunctions
{
    /// <summary>The functions at the width in use.</summary>
    public static SpanFunctions Current { get; } = Create(SimdWidths.Current);

    /// <summary>The functions at a width that this processor has.</summary>
    /// <param name="width">The width.</param>
    public static SpanFunctions Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new SpanFunctions<Simd512, Vector512<float>>(),
        SimdWidth.Bits256 => new SpanFunctions<Simd256, Vector256<float>>(),
        SimdWidth.Bits128 => new SpanFunctions<Simd128, Vector128<float>>(),
        _ => new SpanFunctions<SimdScalar, float>(),
    };

    /// <summary>e^x of each.</summary>
    public abstract void Exp(float* source, float* destination, nint count);

    /// <summary>The natural logarithm of each.</summary>
    public abstract void Log(float* source, float* destination, nint count);

    /// <summary>The hyperbolic tangent of each.</summary>
    public abstract void Tanh(float* source, float* destination, nint count);

    /// <summary>The logistic function of each.</summary>
    public abstract void Sigmoid(float* source, float* destination, nint count);

    /// <summary>The rectifier of each.</summary>
    public abstract void Relu(float* source, float* destination, nint count);
}

/// <summary>The functions at the width of <typeparamref name="TSimd"/>.</summary>
internal sealed unsafe class SpanFunctions<TSimd, TVector> : SpanFunctions
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private interface IFunction
    {
        static abstract TVector Of(TVector x);
    }

    public override void Exp(float* source, float* destination, nint count) => Map<ExpFunction>(source, destination, count);

    public override void Log(float* source, float* destination, nint count) => Map<LogFunction>(source, destination, count);

    public override void Tanh(float* source, float* destination, nint count) => Map<TanhFunction>(source, destination, count);

    public override void Sigmoid(float* source, float* destination, nint count) => Map<SigmoidFunction>(source, destination, count);

    public override void Relu(float* source, float* destination, nint count) => Map<ReluFunction>(source, destination, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TFunction>(float* source, float* destination, nint count)
        where TFunction : struct, IFunction
    {
        nint i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(destination + i, TFunction.Of(TSimd.Load(source + i)));
        if (i == count)
            return;
        // What is left goes through a vector of its own, so nothing outside the span is read or written.
        var rest = stackalloc float[16];
        for (nint j = 0; j < count - i; j++)
            rest[j] = source[i + j];
        TSimd.Store(rest, TFunction.Of(TSimd.Load(rest)));
        for (nint j = 0; j < count - i; j++)
            destination[i + j] = rest[j];
    }

    private readonly struct ExpFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => VectorMath.Exp<TSimd, TVector>(x);
    }

    private readonly struct LogFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => VectorMath.Log<TSimd, TVector>(x);
    }

    private readonly struct TanhFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => VectorMath.Tanh<TSimd, TVector>(x);
    }

    private readonly struct SigmoidFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => VectorMath.Sigmoid<TSimd, TVector>(x);
    }

    private readonly struct ReluFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Of(TVector x) => VectorMath.Relu<TSimd, TVector>(x);
    }
}
