using System.Runtime.CompilerServices;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The gated recurrent unit with the reset gate behind the product, as PyTorch and cuDNN have it (after Cho et al. 2014).</summary>
/// <remarks>
/// With the products of x summed up in a, those of h' (the state before) in b:
/// <code>
/// r = s(a_r + b_r)    z = s(a_z + b_z)    n = tanh(a_n + r * b_n)    h = n + z * (h' - n)
///
/// dz = dh * (h' - n) * z (1 - z)    dn = dh * (1 - z) * (1 - n^2)    dr = dn * b_n * r (1 - r)
/// db_n = dn * r                     dh' += dh * z
/// </code>
/// </remarks>
internal static unsafe class GruCell<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>Sums become gates; h and b_n are written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(in GruPanel panel, int rows)
    {
        var units = panel.Units;
        float* gates = panel.Gates, sums = panel.Sums, candidate = panel.Candidate, previous = panel.PreviousState, state = panel.State;
        var (gateStride, sumStride, candidateStride, stateStride) = (panel.GateStride, panel.SumStride, panel.CandidateStride, panel.StateStride);
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var r = VectorMath.Sigmoid<TSimd, TVector>(TSimd.Load(sums + lane));
                var z = VectorMath.Sigmoid<TSimd, TVector>(TSimd.Load(sums + units + lane));
                var b = TSimd.Load(sums + 2 * units + lane);
                var n = VectorMath.Tanh<TSimd, TVector>(TSimd.FusedMultiplyAdd(r, b, TSimd.Load(gates + 2 * units + lane)));
                var h = TSimd.FusedMultiplyAdd(z, TSimd.Subtract(TSimd.Load(previous + lane), n), n);
                Lanes<TSimd, TVector>.Store(gates + lane, r, count);
                Lanes<TSimd, TVector>.Store(gates + units + lane, z, count);
                Lanes<TSimd, TVector>.Store(gates + 2 * units + lane, n, count);
                Lanes<TSimd, TVector>.Store(candidate + lane, b, count);
                Lanes<TSimd, TVector>.Store(state + lane, h, count);
            }
            gates += gateStride;
            sums += sumStride;
            candidate += candidateStride;
            previous += stateStride;
            state += stateStride;
        }
    }

    /// <summary>Gates become their gradients, b_n too; dh * z is added to the gradient of the state before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(in GruPanel panel, int rows)
    {
        var units = panel.Units;
        float* gates = panel.Gates, candidate = panel.Candidate, previous = panel.PreviousState, gradient = panel.StateGradient;
        float* before = panel.PreviousGradient, backward = panel.Backward;
        var (gateStride, candidateStride, stateStride, gradientStride) = (panel.GateStride, panel.CandidateStride, panel.StateStride, panel.GradientStride);
        var one = TSimd.Broadcast(1f);
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var r = TSimd.Load(gates + lane);
                var z = TSimd.Load(gates + units + lane);
                var n = TSimd.Load(gates + 2 * units + lane);
                var dh = TSimd.Load(gradient + lane);
                var dz = TSimd.Multiply(TSimd.Multiply(dh, TSimd.Subtract(TSimd.Load(previous + lane), n)), TSimd.FusedNegateMultiplyAdd(z, z, z));
                var dn = TSimd.Multiply(TSimd.Multiply(dh, TSimd.Subtract(one, z)), TSimd.FusedNegateMultiplyAdd(n, n, one));
                var dr = TSimd.Multiply(TSimd.Multiply(dn, TSimd.Load(candidate + lane)), TSimd.FusedNegateMultiplyAdd(r, r, r));
                var db = TSimd.Multiply(dn, r);
                Lanes<TSimd, TVector>.Store(gates + lane, dr, count);
                Lanes<TSimd, TVector>.Store(gates + units + lane, dz, count);
                Lanes<TSimd, TVector>.Store(gates + 2 * units + lane, dn, count);
                Lanes<TSimd, TVector>.Store(candidate + lane, db, count);
                Lanes<TSimd, TVector>.Store(backward + lane, dr, count);
                Lanes<TSimd, TVector>.Store(backward + units + lane, dz, count);
                Lanes<TSimd, TVector>.Store(backward + 2 * units + lane, db, count);
                if (before != null)
                    Lanes<TSimd, TVector>.Store(before + lane, TSimd.FusedMultiplyAdd(dh, z, TSimd.Load(before + lane)), count);
            }
            gates += gateStride;
            candidate += candidateStride;
            previous += stateStride;
            gradient += gradientStride;
            backward += panel.BackwardStride;
            if (before != null)
                before += gradientStride;
        }
    }
}
