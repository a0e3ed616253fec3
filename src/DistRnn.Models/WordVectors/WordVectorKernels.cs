using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>What word vectors do to scores and rows beside matrix products, at one vector width; all widths give the same bits.</summary>
internal abstract unsafe class WordVectorKernels
{
    /// <summary>The kernels of a width.</summary>
    /// <param name="width">A width that this processor has.</param>
    public static WordVectorKernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new WordVectorKernels<Simd512, Vector512<float>>(),
        SimdWidth.Bits256 => new WordVectorKernels<Simd256, Vector256<float>>(),
        SimdWidth.Bits128 => new WordVectorKernels<Simd128, Vector128<float>>(),
        _ => new WordVectorKernels<SimdScalar, float>(),
    };

    /// <summary>
    /// Scores to errors and losses. With s the score, w the weight, its sign the answer, and q = sigmoid(s) where it is yes, sigmoid(-s) where no: the
    /// error dE/ds is -w (1 - q), and |w| log q is minus the loss, q taken as at least 1e-37 there.
    /// </summary>
    /// <param name="scores">In: [inputs, columns] without gaps; out: the errors.</param>
    /// <param name="losses">|w| log q, [inputs, columns].</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="columns">Columns, a multiple of 16.</param>
    /// <param name="weights">The weights, [inputs, columns].</param>
    public abstract void Decide(float* scores, float* losses, int inputs, int columns, float* weights);

    /// <summary>The sum of rows from +0 in their order, times a scale.</summary>
    /// <param name="source">The matrix the rows are of.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="rowSize">Floats a row.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="destination">Where to, [rowSize].</param>
    public abstract void SumRows(float* source, ReadOnlySpan<int> rows, int rowSize, float scale, float* destination);

    /// <summary>Asks for the memory of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="count">Floats.</param>
    public abstract void Prefetch(float* row, int count);

    /// <summary>Multiplies every float of a row.</summary>
    /// <param name="values">The row.</param>
    /// <param name="count">Floats.</param>
    /// <param name="scale">The scale.</param>
    public abstract void Scale(float* values, int count, float scale);
}

/// <summary>The kernels at the width of <typeparamref name="TSimd"/>.</summary>
internal sealed unsafe class WordVectorKernels<TSimd, TVector> : WordVectorKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const float QMin = 1e-37f;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Decide(float* scores, float* losses, int inputs, int columns, float* weights)
    {
        var signBit = TSimd.Broadcast(-0f);
        var one = TSimd.Broadcast(1);
        var least = TSimd.Broadcast(QMin);
        var count = (nint)inputs * columns;
        for (nint at = 0; at < count; at += TSimd.Count)
        {
            var weight = TSimd.Load(weights + at);
            var sign = TSimd.And(weight, signBit);
            var q = VectorMath.Sigmoid<TSimd, TVector>(TSimd.Xor(TSimd.Load(scores + at), sign));
            TSimd.Store(scores + at, TSimd.Multiply(TSimd.Xor(weight, signBit), TSimd.Subtract(one, q)));
            var bounded = TSimd.Select(TSimd.LessThan(q, least), least, q);
            TSimd.Store(losses + at, TSimd.Multiply(TSimd.Xor(weight, sign), VectorMath.Log<TSimd, TVector>(bounded)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SumRows(float* source, ReadOnlySpan<int> rows, int rowSize, float scale, float* destination)
    {
        var by = TSimd.Broadcast(scale);
        nint column = 0;
        for (; column <= rowSize - TSimd.Count; column += TSimd.Count)
        {
            var sum = TSimd.Broadcast(0);
            foreach (var row in rows)
                sum = TSimd.Add(sum, TSimd.Load(source + (nint)row * rowSize + column));
            TSimd.Store(destination + column, TSimd.Multiply(sum, by));
        }
        for (; column < rowSize; column++)
        {
            var sum = 0f;
            foreach (var row in rows)
                sum += source[(nint)row * rowSize + column];
            destination[column] = sum * scale;
        }
    }

    public override void Prefetch(float* row, int count)
    {
        const int Line = 16;
        for (nint i = 0; i < count; i += Line)
            TSimd.Prefetch(row + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Scale(float* values, int count, float scale)
    {
        var by = TSimd.Broadcast(scale);
        nint i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(values + i, TSimd.Multiply(TSimd.Load(values + i), by));
        for (; i < count; i++)
            values[i] *= scale;
    }
}
