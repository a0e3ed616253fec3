using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>The loops of <see cref="Int8Codec"/> over one group, at one vector width.</summary>
internal abstract unsafe class Int8Kernels
{
    /// <summary>Those of the width in use.</summary>
    public static Int8Kernels Current { get; } = Create(SimdWidths.Current);

    /// <summary>Those of a width that this processor has.</summary>
    /// <param name="width">The width.</param>
    public static Int8Kernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new Int8Kernels<Simd512, Packing512, Vector512<float>>(),
        SimdWidth.Bits256 => new Int8Kernels<Simd256, Packing256, Vector256<float>>(),
        SimdWidth.Bits128 => new Int8Kernels<Simd128, Packing128, Vector128<float>>(),
        _ => new Int8Kernels<SimdScalar, PackingScalar, float>(),
    };

    /// <summary>Encodes a group of floats and what earlier ones lost.</summary>
    /// <param name="values">The floats.</param>
    /// <param name="residual">What was lost, replaced by what is lost now; or null.</param>
    /// <param name="quantized">A byte for each.</param>
    /// <param name="count">Floats, 1 to <see cref="Int8Codec.GroupCount"/>.</param>
    /// <returns>The scale.</returns>
    public abstract float Encode(float* values, float* residual, sbyte* quantized, int count);

    /// <summary>Each byte times the scale.</summary>
    public abstract void Decode(sbyte* quantized, float scale, float* values, int count);

    /// <summary>The scale of a group whose largest magnitude is finite: what divides it to 127, and whose 127-fold is finite too.</summary>
    protected static float ScaleOf(float largest)
    {
        var scale = largest / 127;
        if (float.IsInfinity(127 * scale))
            scale = MathF.BitDecrement(scale);
        return float.IsNormal(scale) ? scale : 0;
    }
}

/// <summary>Whole vectors at this width; what is left is filled up with zeros, which change no maximum.</summary>
internal sealed unsafe class Int8Kernels<TSimd, TPacking, TVector> : Int8Kernels
    where TSimd : struct, ISimd<TVector>
    where TPacking : struct, ISimdPacking<TVector>
    where TVector : struct
{
    // The sum of this and a number of small magnitude is that number rounded to even, in its last bits.
    private const float Shift = 12582912;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override float Encode(float* values, float* residual, sbyte* quantized, int count)
    {
        var sums = stackalloc float[Int8Codec.GroupCount];
        var bytes = stackalloc sbyte[Int8Codec.GroupCount];
        var padded = (count + TSimd.Count - 1) / TSimd.Count * TSimd.Count;
        for (var i = count; i < padded; i++)
            sums[i] = 0;
        Compensate(values, residual, sums, count);
        if (!Reductions.AllFinite(sums, count))
        {
            new Span<sbyte>(quantized, count).Clear();
            return BitConverter.UInt32BitsToSingle(Int8Codec.NotFinite);
        }
        var scale = ScaleOf(LargestOf(sums, padded));
        if (scale == 0)
        {
            new Span<sbyte>(quantized, count).Clear();
            if (residual != null)
                new Span<float>(sums, count).CopyTo(new Span<float>(residual, count));
            return 0;
        }
        var (scales, shift) = (TSimd.Broadcast(scale), TSimd.Broadcast(Shift));
        for (var i = 0; i < padded; i += TSimd.Count)
        {
            var sum = TSimd.Load(sums + i);
            var shifted = TSimd.Add(TSimd.Divide(sum, scales), shift);
            TPacking.StoreLowBytes(bytes + i, shifted);
            TSimd.Store(sums + i, TSimd.Subtract(sum, TSimd.Multiply(TSimd.Subtract(shifted, shift), scales)));
        }
        new Span<sbyte>(bytes, count).CopyTo(new Span<sbyte>(quantized, count));
        if (residual != null)
            new Span<float>(sums, count).CopyTo(new Span<float>(residual, count));
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Decode(sbyte* quantized, float scale, float* values, int count)
    {
        var scales = TSimd.Broadcast(scale);
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(values + i, TSimd.Multiply(TPacking.LoadBytes(quantized + i), scales));
        for (; i < count; i++)
            values[i] = quantized[i] * scale;
    }

    private static void Compensate(float* values, float* residual, float* sums, int count)
    {
        var i = 0;
        if (residual == null)
        {
            new Span<float>(values, count).CopyTo(new Span<float>(sums, count));
            return;
        }
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(sums + i, TSimd.Add(TSimd.Load(values + i), TSimd.Load(residual + i)));
        for (; i < count; i++)
            sums[i] = values[i] + residual[i];
    }

    private static float LargestOf(float* values, int padded)
    {
        var magnitude = TSimd.Broadcast(BitConverter.Int32BitsToSingle(int.MaxValue));
        var largest = TSimd.Broadcast(0);
        for (var i = 0; i < padded; i += TSimd.Count)
        {
            var value = TSimd.And(TSimd.Load(values + i), magnitude);
            largest = TSimd.Select(TSimd.LessThan(largest, value), value, largest);
        }
        var lanes = stackalloc float[16];
        TSimd.Store(lanes, largest);
        var most = 0f;
        for (var lane = 0; lane < TSimd.Count; lane++)
            most = lanes[lane] > most ? lanes[lane] : most;
        return most;
    }
}
