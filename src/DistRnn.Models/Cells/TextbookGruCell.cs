using System.Runtime.CompilerServices;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The gated recurrent unit in the textbook form: the reset gate works on the state before the product (Cho et al. 2014, equations 5 to 8).</summary>
/// <remarks>
/// A step has two products, so it has two halves each way. With the products of x and the biases in a, those of h' in b:
/// <code>
/// first   r = s(a_r + b_r)    z = s(a_z + b_z)    q = r * h'
/// second  n = tanh(a_n + U_n q)                   h = n + z * (h' - n)
///
/// back    dz = dh * (h' - n) * z (1 - z)    dn = dh * (1 - z) * (1 - n^2)    dh' += dh * z
/// then    dq = U_n^T dn;  dr = dq * h' * r (1 - r)    dh' += dq * r
/// </code>
/// </remarks>
internal static unsafe class TextbookGruCell<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>The first half: r and z, and r * h' in <see cref="GruPanel.Candidate"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Reset(in GruPanel panel, int rows)
    {
        var units = panel.Units;
        for (var row = 0; row < rows; row++)
        {
            var gates = panel.Gates + row * panel.GateStride;
            var sums = panel.Sums + row * panel.SumStride;
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var r = VectorMath.Sigmoid<TSimd, TVector>(TSimd.Load(sums + lane));
                var z = VectorMath.Sigmoid<TSimd, TVector>(TSimd.Load(sums + units + lane));
                var q = TSimd.Multiply(r, TSimd.Load(panel.PreviousState + row * panel.StateStride + lane));
                Lanes<TSimd, TVector>.Store(gates + lane, r, count);
                Lanes<TSimd, TVector>.Store(gates + units + lane, z, count);
                Lanes<TSimd, TVector>.Store(panel.Candidate + row * panel.CandidateStride + lane, q, count);
            }
        }
    }

    /// <summary>The second half: n from the third part of the sums, and h.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(in GruPanel panel, int rows)
    {
        var units = panel.Units;
        for (var row = 0; row < rows; row++)
        {
            var gates = panel.Gates + row * panel.GateStride;
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var z = TSimd.Load(gates + units + lane);
                var n = VectorMath.Tanh<TSimd, TVector>(TSimd.Load(panel.Sums + row * panel.SumStride + lane));
                var h = TSimd.FusedMultiplyAdd(z, TSimd.Subtract(TSimd.Load(panel.PreviousState + row * panel.StateStride + lane), n), n);
                Lanes<TSimd, TVector>.Store(gates + 2 * units + lane, n, count);
                Lanes<TSimd, TVector>.Store(panel.State + row * panel.StateStride + lane, h, count);
            }
        }
    }

    /// <summary>z and n become their gradients; dh * z is added to the gradient of the state before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(in GruPanel panel, int rows)
    {
        var units = panel.Units;
        var one = TSimd.Broadcast(1f);
        for (var row = 0; row < rows; row++)
        {
            var gates = panel.Gates + row * panel.GateStride;
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var z = TSimd.Load(gates + units + lane);
                var n = TSimd.Load(gates + 2 * units + lane);
                var dh = TSimd.Load(panel.StateGradient + row * panel.GradientStride + lane);
                var h = TSimd.Load(panel.PreviousState + row * panel.StateStride + lane);
                var dz = TSimd.Multiply(TSimd.Multiply(dh, TSimd.Subtract(h, n)), TSimd.FusedNegateMultiplyAdd(z, z, z));
                var dn = TSimd.Multiply(TSimd.Multiply(dh, TSimd.Subtract(one, z)), TSimd.FusedNegateMultiplyAdd(n, n, one));
                Lanes<TSimd, TVector>.Store(gates + units + lane, dz, count);
                Lanes<TSimd, TVector>.Store(gates + 2 * units + lane, dn, count);
                if (panel.PreviousGradient == null)
                    continue;
                var before = panel.PreviousGradient + row * panel.GradientStride + lane;
                Lanes<TSimd, TVector>.Store(before, TSimd.FusedMultiplyAdd(dh, z, TSimd.Load(before)), count);
            }
        }
    }

    /// <summary>r becomes its gradient; dq * r is added to the gradient of the state before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ResetBackward(in GruPanel panel, int rows)
    {
        var units = panel.Units;
        for (var row = 0; row < rows; row++)
        {
            var gates = panel.Gates + row * panel.GateStride;
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var r = TSimd.Load(gates + lane);
                var dq = TSimd.Load(panel.ResetGradient + row * panel.ResetStride + lane);
                var h = TSimd.Load(panel.PreviousState + row * panel.StateStride + lane);
                Lanes<TSimd, TVector>.Store(gates + lane, TSimd.Multiply(TSimd.Multiply(dq, h), TSimd.FusedNegateMultiplyAdd(r, r, r)), count);
                if (panel.PreviousGradient == null)
                    continue;
                var before = panel.PreviousGradient + row * panel.GradientStride + lane;
                Lanes<TSimd, TVector>.Store(before, TSimd.FusedMultiplyAdd(dq, r, TSimd.Load(before)), count);
            }
        }
    }
}
