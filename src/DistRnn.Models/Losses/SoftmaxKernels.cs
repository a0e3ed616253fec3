using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The loops of the softmax over one panel of logits, [rows][64] of which the first columns count, at one vector width.</summary>
internal abstract unsafe class SoftmaxKernels
{
    /// <summary>The kernels of a width.</summary>
    public static SoftmaxKernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new SoftmaxKernels<Simd512, Vector512<float>>(),
        SimdWidth.Bits256 => new SoftmaxKernels<Simd256, Vector256<float>>(),
        SimdWidth.Bits128 => new SoftmaxKernels<Simd128, Vector128<float>>(),
        _ => new SoftmaxKernels<SimdScalar, float>(),
    };

    /// <summary>Takes the panel into the running maxima: lane l of a row has seen the columns l, l + 16, l + 32 ...</summary>
    /// <param name="logits">The panel's rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns that count, 1 to 64.</param>
    /// <param name="maxima">[rows, 16].</param>
    public abstract void Maxima(float* logits, int rows, int columns, float* maxima);

    /// <summary>x becomes e^(x - largest), and 16 interleaved sums of a row go on.</summary>
    /// <param name="logits">The panel's rows; columns that do not count become +0.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns that count, 1 to 64.</param>
    /// <param name="largest">The largest of each row, [rows].</param>
    /// <param name="sums">[rows, 16].</param>
    public abstract void Exponentials(float* logits, int rows, int columns, float* largest, float* sums);

    /// <summary>x becomes x * factor.</summary>
    /// <param name="values">The panel's rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns that count, 1 to 64.</param>
    /// <param name="factors">The factor of each row, [rows].</param>
    public abstract void Scale(float* values, int rows, int columns, float* factors);
}

/// <summary>The loops at the width of <typeparamref name="TSimd"/>.</summary>
internal sealed unsafe class SoftmaxKernels<TSimd, TVector> : SoftmaxKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Maxima(float* logits, int rows, int columns, float* maxima)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < 16; lane += TSimd.Count)
            {
                var largest = TSimd.Load(maxima + lane);
                for (var column = lane; column < columns; column += 16)
                {
                    var x = TSimd.Load(logits + column);
                    var above = TSimd.LessThan(largest, x);
                    if (columns - column < TSimd.Count)
                        above = TSimd.And(above, TSimd.FirstLanes(columns - column));
                    largest = TSimd.Select(above, x, largest);
                }
                TSimd.Store(maxima + lane, largest);
            }
            logits += PanelShape.MaxColumns;
            maxima += 16;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Exponentials(float* logits, int rows, int columns, float* largest, float* sums)
    {
        var zero = TSimd.Broadcast(0f);
        for (var row = 0; row < rows; row++)
        {
            var top = TSimd.Broadcast(largest[row]);
            for (var lane = 0; lane < 16; lane += TSimd.Count)
            {
                var sum = TSimd.Load(sums + lane);
                for (var column = lane; column < columns; column += 16)
                {
                    var e = VectorMath.Exp<TSimd, TVector>(TSimd.Subtract(TSimd.Load(logits + column), top));
                    if (columns - column < TSimd.Count)
                        e = TSimd.Select(TSimd.FirstLanes(columns - column), e, zero);
                    TSimd.Store(logits + column, e);
                    sum = TSimd.Add(sum, e);
                }
                TSimd.Store(sums + lane, sum);
            }
            logits += PanelShape.MaxColumns;
            sums += 16;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Scale(float* values, int rows, int columns, float* factors)
    {
        for (var row = 0; row < rows; row++)
        {
            var factor = TSimd.Broadcast(factors[row]);
            for (var column = 0; column < columns; column += TSimd.Count)
                TSimd.Store(values + column, TSimd.Multiply(TSimd.Load(values + column), factor));
            values += PanelShape.MaxColumns;
        }
    }
}
