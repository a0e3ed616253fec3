using System.Runtime.CompilerServices;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>Whether a cell has peepholes, as a type, so that the question costs nothing in the loop.</summary>
internal interface IPeepholes
{
    /// <summary>The answer.</summary>
    static abstract bool Present { get; }
}

internal readonly struct WithPeepholes : IPeepholes { public static bool Present => true; }

internal readonly struct WithoutPeepholes : IPeepholes { public static bool Present => false; }

/// <summary>
/// Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000; peepholes: Gers and Schmidhuber 2000).
/// </summary>
/// <remarks>
/// <para>How it comes about. Let a unit add to itself and nothing else, c = c' + a: then dc/dc' = 1, and an error travels back over any number of steps
/// without growing or fading (the constant error carousel). An input gate i decides what is added, i * g, and an output gate o what is seen,
/// h = o * tanh(c). A forget gate f lets the cell be emptied: c = f * c' + i * g. Peepholes show the gates the cell itself, which h hides while o is shut.</para>
/// <para>With s the logistic function, c' and h' of the step before, and the products of x and h' already summed up (u):</para>
/// <code>
/// i = s(u_i + p_i * c')    f = s(u_f + p_f * c')    g = tanh(u_g)
/// c = f * c' + i * g       o = s(u_o + p_o * c)     h = o * tanh(c)
/// </code>
/// <para>and back, with dh whole and dc from the step behind:</para>
/// <code>
/// do = dh * tanh(c) * o (1 - o)         dc += dh * o * (1 - tanh(c)^2) + do * p_o
/// di = dc * g * i (1 - i)    df = dc * c' * f (1 - f)    dg = dc * i * (1 - g^2)
/// dc' = dc * f + di * p_i + df * p_f
/// </code>
/// </remarks>
internal static unsafe class LstmCell<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>Sums become gates; c and h are written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward<TPeepholes>(in LstmPanel panel, int rows)
        where TPeepholes : struct, IPeepholes
    {
        var units = panel.Units;
        float* gates = panel.Gates, previous = panel.PreviousCell, cell = panel.Cell, state = panel.State;
        float* pi = panel.PeepholeI, pf = panel.PeepholeF, po = panel.PeepholeO;
        var (gateStride, stateStride) = (panel.GateStride, panel.StateStride);
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var at = gates + lane;
                var i = TSimd.Load(at);
                var f = TSimd.Load(at + units);
                var o = TSimd.Load(at + 3 * units);
                var c = TSimd.Load(previous + lane);
                if (TPeepholes.Present)
                {
                    i = TSimd.FusedMultiplyAdd(TSimd.Load(pi + lane), c, i);
                    f = TSimd.FusedMultiplyAdd(TSimd.Load(pf + lane), c, f);
                }
                i = VectorMath.Sigmoid<TSimd, TVector>(i);
                f = VectorMath.Sigmoid<TSimd, TVector>(f);
                var g = VectorMath.Tanh<TSimd, TVector>(TSimd.Load(at + 2 * units));
                c = TSimd.FusedMultiplyAdd(f, c, TSimd.Multiply(i, g));
                if (TPeepholes.Present)
                    o = TSimd.FusedMultiplyAdd(TSimd.Load(po + lane), c, o);
                o = VectorMath.Sigmoid<TSimd, TVector>(o);
                var h = TSimd.Multiply(o, VectorMath.Tanh<TSimd, TVector>(c));
                Lanes<TSimd, TVector>.Store(at, i, count);
                Lanes<TSimd, TVector>.Store(at + units, f, count);
                Lanes<TSimd, TVector>.Store(at + 2 * units, g, count);
                Lanes<TSimd, TVector>.Store(at + 3 * units, o, count);
                Lanes<TSimd, TVector>.Store(cell + lane, c, count);
                Lanes<TSimd, TVector>.Store(state + lane, h, count);
            }
            gates += gateStride;
            previous += 16;
            cell += 16;
            state += stateStride;
        }
    }

    /// <summary>Gates become their gradients; dc becomes that of the step before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward<TPeepholes>(in LstmPanel panel, int rows)
        where TPeepholes : struct, IPeepholes
    {
        var units = panel.Units;
        float* gates = panel.Gates, previous = panel.PreviousCell, cell = panel.Cell, stateGradient = panel.StateGradient, cellGradient = panel.CellGradient;
        float* pi = panel.PeepholeI, pf = panel.PeepholeF, po = panel.PeepholeO;
        var (gateStride, gradientStride) = (panel.GateStride, panel.GradientStride);
        var one = TSimd.Broadcast(1f);
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < units; lane += TSimd.Count)
            {
                var count = units - lane;
                var at = gates + lane;
                var i = TSimd.Load(at);
                var f = TSimd.Load(at + units);
                var g = TSimd.Load(at + 2 * units);
                var o = TSimd.Load(at + 3 * units);
                var before = TSimd.Load(previous + lane);
                var dh = TSimd.Load(stateGradient + lane);
                var t = VectorMath.Tanh<TSimd, TVector>(TSimd.Load(cell + lane));
                var dO = TSimd.Multiply(TSimd.Multiply(dh, t), TSimd.FusedNegateMultiplyAdd(o, o, o));
                var dc = TSimd.FusedMultiplyAdd(TSimd.Multiply(dh, o), TSimd.FusedNegateMultiplyAdd(t, t, one), TSimd.Load(cellGradient + lane));
                if (TPeepholes.Present)
                    dc = TSimd.FusedMultiplyAdd(dO, TSimd.Load(po + lane), dc);
                var di = TSimd.Multiply(TSimd.Multiply(dc, g), TSimd.FusedNegateMultiplyAdd(i, i, i));
                var df = TSimd.Multiply(TSimd.Multiply(dc, before), TSimd.FusedNegateMultiplyAdd(f, f, f));
                var dg = TSimd.Multiply(TSimd.Multiply(dc, i), TSimd.FusedNegateMultiplyAdd(g, g, one));
                dc = TSimd.Multiply(dc, f);
                if (TPeepholes.Present)
                {
                    dc = TSimd.FusedMultiplyAdd(di, TSimd.Load(pi + lane), dc);
                    dc = TSimd.FusedMultiplyAdd(df, TSimd.Load(pf + lane), dc);
                }
                Lanes<TSimd, TVector>.Store(at, di, count);
                Lanes<TSimd, TVector>.Store(at + units, df, count);
                Lanes<TSimd, TVector>.Store(at + 2 * units, dg, count);
                Lanes<TSimd, TVector>.Store(at + 3 * units, dO, count);
                Lanes<TSimd, TVector>.Store(cellGradient + lane, dc, count);
            }
            gates += gateStride;
            previous += 16;
            cell += 16;
            cellGradient += 16;
            stateGradient += gradientStride;
        }
    }
}
