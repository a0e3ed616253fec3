using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Optimizers;

/// <summary>The updates of one vector width; all widths give the same bits.</summary>
internal abstract unsafe class UpdateKernels
{
    /// <summary>Those of this process.</summary>
    public static UpdateKernels Current { get; } = Create(SimdWidths.Current);

    public static UpdateKernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new UpdateKernels<Simd512, Vector512<float>>(),
        SimdWidth.Bits256 => new UpdateKernels<Simd256, Vector256<float>>(),
        SimdWidth.Bits128 => new UpdateKernels<Simd128, Vector128<float>>(),
        _ => new UpdateKernels<SimdScalar, float>(),
    };

    public abstract void Update(UpdateRuleKind kind, in UpdateConstants constants, in UpdateOperands operands, nint count);
}

/// <summary>Whole vectors at this width, the rest float by float: each element goes through the same operations either way.</summary>
internal sealed unsafe class UpdateKernels<TSimd, TVector> : UpdateKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public override void Update(UpdateRuleKind kind, in UpdateConstants constants, in UpdateOperands operands, nint count)
    {
        var whole = count - count % TSimd.Count;
        UpdateLoops<TSimd, TVector>.Run(kind, constants, operands, 0, whole);
        UpdateLoops<SimdScalar, float>.Run(kind, constants, operands, whole, count);
    }
}
