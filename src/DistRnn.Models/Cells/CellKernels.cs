using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The cells at one vector width: what a cell does to a panel once the matrix products have been added up, and back. Written once over
/// <see cref="ISimd{TVector}"/>; all widths give the same bits.
/// </summary>
/// <remarks>A row depends on nothing but itself, so panels and rows may be divided among threads in any way.</remarks>
internal abstract unsafe class CellKernels
{
    /// <summary>The kernels of a width.</summary>
    public static CellKernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new CellKernels<Simd512, Vector512<float>>(),
        SimdWidth.Bits256 => new CellKernels<Simd256, Vector256<float>>(),
        SimdWidth.Bits128 => new CellKernels<Simd128, Vector128<float>>(),
        _ => new CellKernels<SimdScalar, float>(),
    };

    /// <summary>See <see cref="LstmCell{TSimd, TVector}"/>.</summary>
    public abstract void LstmForward(in LstmPanel panel, int rows);

    /// <summary>See <see cref="LstmCell{TSimd, TVector}"/>.</summary>
    public abstract void LstmBackward(in LstmPanel panel, int rows);

    /// <summary>See <see cref="GruCell{TSimd, TVector}"/>.</summary>
    public abstract void GruForward(in GruPanel panel, int rows);

    /// <summary>See <see cref="GruCell{TSimd, TVector}"/>.</summary>
    public abstract void GruBackward(in GruPanel panel, int rows);

    /// <summary>See <see cref="TextbookGruCell{TSimd, TVector}"/>.</summary>
    public abstract void TextbookGruReset(in GruPanel panel, int rows);

    /// <summary>See <see cref="TextbookGruCell{TSimd, TVector}"/>.</summary>
    public abstract void TextbookGruForward(in GruPanel panel, int rows);

    /// <summary>See <see cref="TextbookGruCell{TSimd, TVector}"/>.</summary>
    public abstract void TextbookGruBackward(in GruPanel panel, int rows);

    /// <summary>See <see cref="TextbookGruCell{TSimd, TVector}"/>.</summary>
    public abstract void TextbookGruResetBackward(in GruPanel panel, int rows);

    /// <summary>See <see cref="RnnCell{TSimd, TVector}"/>.</summary>
    public abstract void RnnForward(in RnnPanel panel, int rows, Activation activation);

    /// <summary>See <see cref="RnnCell{TSimd, TVector}"/>.</summary>
    public abstract void RnnBackward(in RnnPanel panel, int rows, Activation activation);

    /// <summary>sums[u] = a[row of u] * b[row of u] added up over the rows of one shard, in order: the gradient of a peephole.</summary>
    /// <param name="a">Gate gradients.</param>
    /// <param name="aStride">Floats from a row of <paramref name="a"/> to the next.</param>
    /// <param name="aRows">Rows of <paramref name="a"/>.</param>
    /// <param name="b">Cell states, [rows, 16].</param>
    /// <param name="bRows">Rows of <paramref name="b"/>.</param>
    /// <param name="count">How many pairs there are.</param>
    /// <param name="sums">16 sums, written whole.</param>
    public abstract void SumProducts(float* a, nint aStride, int* aRows, float* b, int* bRows, int count, float* sums);
}

/// <summary>The cells at the width of <typeparamref name="TSimd"/>.</summary>
internal sealed unsafe class CellKernels<TSimd, TVector> : CellKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public override void LstmForward(in LstmPanel panel, int rows)
    {
        if (panel.PeepholeI == null)
            LstmCell<TSimd, TVector>.Forward<WithoutPeepholes>(panel, rows);
        else
            LstmCell<TSimd, TVector>.Forward<WithPeepholes>(panel, rows);
    }

    public override void LstmBackward(in LstmPanel panel, int rows)
    {
        if (panel.PeepholeI == null)
            LstmCell<TSimd, TVector>.Backward<WithoutPeepholes>(panel, rows);
        else
            LstmCell<TSimd, TVector>.Backward<WithPeepholes>(panel, rows);
    }

    public override void GruForward(in GruPanel panel, int rows) => GruCell<TSimd, TVector>.Forward(panel, rows);

    public override void GruBackward(in GruPanel panel, int rows) => GruCell<TSimd, TVector>.Backward(panel, rows);

    public override void TextbookGruReset(in GruPanel panel, int rows) => TextbookGruCell<TSimd, TVector>.Reset(panel, rows);

    public override void TextbookGruForward(in GruPanel panel, int rows) => TextbookGruCell<TSimd, TVector>.Forward(panel, rows);

    public override void TextbookGruBackward(in GruPanel panel, int rows) => TextbookGruCell<TSimd, TVector>.Backward(panel, rows);

    public override void TextbookGruResetBackward(in GruPanel panel, int rows) => TextbookGruCell<TSimd, TVector>.ResetBackward(panel, rows);

    public override void RnnForward(in RnnPanel panel, int rows, Activation activation)
    {
        switch (activation)
        {
            case Activation.Tanh: RnnCell<TSimd, TVector>.Forward<TanhActivation<TSimd, TVector>>(panel, rows); break;
            case Activation.Relu: RnnCell<TSimd, TVector>.Forward<ReluActivation<TSimd, TVector>>(panel, rows); break;
            default: RnnCell<TSimd, TVector>.Forward<SigmoidActivation<TSimd, TVector>>(panel, rows); break;
        }
    }

    public override void RnnBackward(in RnnPanel panel, int rows, Activation activation)
    {
        switch (activation)
        {
            case Activation.Tanh: RnnCell<TSimd, TVector>.Backward<TanhActivation<TSimd, TVector>>(panel, rows); break;
            case Activation.Relu: RnnCell<TSimd, TVector>.Backward<ReluActivation<TSimd, TVector>>(panel, rows); break;
            default: RnnCell<TSimd, TVector>.Backward<SigmoidActivation<TSimd, TVector>>(panel, rows); break;
        }
    }

    public override void SumProducts(float* a, nint aStride, int* aRows, float* b, int* bRows, int count, float* sums)
    {
        for (var lane = 0; lane < 16; lane += TSimd.Count)
        {
            var sum = TSimd.Broadcast(0f);
            for (var k = 0; k < count; k++)
                sum = TSimd.FusedMultiplyAdd(TSimd.Load(a + aRows[k] * aStride + lane), TSimd.Load(b + (nint)bRows[k] * 16 + lane), sum);
            TSimd.Store(sums + lane, sum);
        }
    }
}
