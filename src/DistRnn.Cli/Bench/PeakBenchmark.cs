using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>The ceiling: how many fused multiply-adds the cores do when nothing has to come from memory.</summary>
internal static class PeakBenchmark
{
    private const int Chains = 12;

    /// <summary>Operations a second of some threads together, in 10^9: the best of several short runs, in which all compute at the same time.</summary>
    /// <param name="threads">Threads.</param>
    internal static double Gflops(int threads)
    {
        using var team = new ComputeTeam(threads);
        var best = 0.0;
        for (var run = 0; run < 12; run++)
        {
            var rates = new double[threads];
            team.Run(thread =>
            {
                team.Barrier();
                rates[thread] = Rate();
            });
            best = Math.Max(best, rates.Sum());
        }
        return best;
    }

    private static double Rate() => SimdWidths.Current switch
    {
        SimdWidth.Bits512 => Rate<Simd512, Vector512<float>>(),
        SimdWidth.Bits256 => Rate<Simd256, Vector256<float>>(),
        SimdWidth.Bits128 => Rate<Simd128, Vector128<float>>(),
        _ => Rate<SimdScalar, float>(),
    };

    private static double Rate<TSimd, TVector>()
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        const int Rounds = 400_000;
        var start = Stopwatch.GetTimestamp();
        Loop<TSimd, TVector>(Rounds);
        return 2.0 * Chains * TSimd.Count * Rounds / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static unsafe void Loop<TSimd, TVector>(int rounds)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var sink = stackalloc float[16];
        TVector x = TSimd.Broadcast(0.999f), y = TSimd.Broadcast(0.001f);
        TVector a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (var round = 0; round < rounds; round++)
        {
            a = TSimd.FusedMultiplyAdd(a, x, y);
            b = TSimd.FusedMultiplyAdd(b, x, y);
            c = TSimd.FusedMultiplyAdd(c, x, y);
            d = TSimd.FusedMultiplyAdd(d, x, y);
            e = TSimd.FusedMultiplyAdd(e, x, y);
            f = TSimd.FusedMultiplyAdd(f, x, y);
            g = TSimd.FusedMultiplyAdd(g, x, y);
            h = TSimd.FusedMultiplyAdd(h, x, y);
            i = TSimd.FusedMultiplyAdd(i, x, y);
            j = TSimd.FusedMultiplyAdd(j, x, y);
            k = TSimd.FusedMultiplyAdd(k, x, y);
            l = TSimd.FusedMultiplyAdd(l, x, y);
        }
        TVector sum = TSimd.Add(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)), TSimd.Add(TSimd.Add(e, f), TSimd.Add(g, h)));
        TSimd.Store(sink, TSimd.Add(sum, TSimd.Add(TSimd.Add(i, j), TSimd.Add(k, l))));
        if (*sink == 12345f)
            throw new InvalidOperationException("The sum of the chains cannot be this; the comparison keeps them from being left out.");
    }
}
