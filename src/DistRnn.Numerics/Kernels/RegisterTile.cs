using System.Runtime.CompilerServices;

namespace DistRnn.Numerics;

/// <summary>
/// The two register tiles that every matrix product is made of: up to 12 rows by up to 4 vectors of accumulators. Each element is one chain of
/// fused multiply-adds over k, ascending, so a tile's shape, its width and who computes it cannot change a bit.
/// </summary>
/// <remarks>
/// The shape is a pair of type parameters, so that the conditions on it are constants to the compiler and every shape becomes straight code with its
/// accumulators in registers: 6 x 4, 8 x 3 or 12 x 2 of the 32 registers of AVX-512 and NEON, 6 x 2 of AVX2's 16. Rows are reached from a pointer
/// for every third of them, which keeps addresses within the general registers.
/// </remarks>
internal static unsafe partial class RegisterTile<TSimd, TVector, TRows, TVectors>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TRows : struct, ITileSize
    where TVectors : struct, ITileSize
{
    /// <summary>
    /// C += A W. A is [rows, depth], a row every <paramref name="lda"/> floats; k runs through segments of <paramref name="segment"/> floats that
    /// begin every <paramref name="segmentStride"/> floats. W is [depth, vectors], a row every <paramref name="ldw"/> floats; what stands
    /// <paramref name="ahead"/> floats behind a row is asked for as the row is read. The chains begin with the rows at <paramref name="start"/>: C
    /// itself, or a bias in whose place every row begins (a stride of 0).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* a, nint lda, nint segment, nint segmentStride, nint depth, float* w, nint ldw, float* c, nint ldc, float* start, nint startStride, nint ahead)
    {
        var rows = TRows.Value;
        var vectors = TVectors.Value;
        var width = TSimd.Count;
        TVector c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default;
        TVector c1_0 = default, c1_1 = default, c1_2 = default, c1_3 = default;
        TVector c2_0 = default, c2_1 = default, c2_2 = default, c2_3 = default;
        TVector c3_0 = default, c3_1 = default, c3_2 = default, c3_3 = default;
        TVector c4_0 = default, c4_1 = default, c4_2 = default, c4_3 = default;
        TVector c5_0 = default, c5_1 = default, c5_2 = default, c5_3 = default;
        TVector c6_0 = default, c6_1 = default, c6_2 = default;
        TVector c7_0 = default, c7_1 = default, c7_2 = default;
        TVector c8_0 = default, c8_1 = default;
        TVector c9_0 = default, c9_1 = default;
        TVector c10_0 = default, c10_1 = default;
        TVector c11_0 = default, c11_1 = default;
        c0_0 = TSimd.Load(start);
        if (vectors > 1)
            c0_1 = TSimd.Load(start + 1 * width);
        if (vectors > 2)
            c0_2 = TSimd.Load(start + 2 * width);
        if (vectors > 3)
            c0_3 = TSimd.Load(start + 3 * width);
        if (rows > 1)
        {
            var p = start + startStride;
            c1_0 = TSimd.Load(p);
            if (vectors > 1)
                c1_1 = TSimd.Load(p + 1 * width);
            if (vectors > 2)
                c1_2 = TSimd.Load(p + 2 * width);
            if (vectors > 3)
                c1_3 = TSimd.Load(p + 3 * width);
        }
        if (rows > 2)
        {
            var p = start + 2 * startStride;
            c2_0 = TSimd.Load(p);
            if (vectors > 1)
                c2_1 = TSimd.Load(p + 1 * width);
            if (vectors > 2)
                c2_2 = TSimd.Load(p + 2 * width);
            if (vectors > 3)
                c2_3 = TSimd.Load(p + 3 * width);
        }
        if (rows > 3)
        {
            var p = start + 3 * startStride;
            c3_0 = TSimd.Load(p);
            if (vectors > 1)
                c3_1 = TSimd.Load(p + 1 * width);
            if (vectors > 2)
                c3_2 = TSimd.Load(p + 2 * width);
            if (vectors > 3)
                c3_3 = TSimd.Load(p + 3 * width);
        }
        if (rows > 4)
        {
            var p = start + 4 * startStride;
            c4_0 = TSimd.Load(p);
            if (vectors > 1)
                c4_1 = TSimd.Load(p + 1 * width);
            if (vectors > 2)
                c4_2 = TSimd.Load(p + 2 * width);
            if (vectors > 3)
                c4_3 = TSimd.Load(p + 3 * width);
        }
        if (rows > 5)
        {
            var p = start + 5 * startStride;
            c5_0 = TSimd.Load(p);
            if (vectors > 1)
                c5_1 = TSimd.Load(p + 1 * width);
            if (vectors > 2)
                c5_2 = TSimd.Load(p + 2 * width);
            if (vectors > 3)
                c5_3 = TSimd.Load(p + 3 * width);
        }
        if (rows > 6)
        {
            var p = start + 6 * startStride;
            c6_0 = TSimd.Load(p);
            if (vectors > 1)
                c6_1 = TSimd.Load(p + 1 * width);
            if (vectors > 2)
                c6_2 = TSimd.Load(p + 2 * width);
        }
        if (rows > 7)
        {
            var p = start + 7 * startStride;
            c7_0 = TSimd.Load(p);
            if (vectors > 1)
                c7_1 = TSimd.Load(p + 1 * width);
            if (vectors > 2)
                c7_2 = TSimd.Load(p + 2 * width);
        }
        if (rows > 8)
        {
            var p = start + 8 * startStride;
            c8_0 = TSimd.Load(p);
            if (vectors > 1)
                c8_1 = TSimd.Load(p + 1 * width);
        }
        if (rows > 9)
        {
            var p = start + 9 * startStride;
            c9_0 = TSimd.Load(p);
            if (vectors > 1)
                c9_1 = TSimd.Load(p + 1 * width);
        }
        if (rows > 10)
        {
            var p = start + 10 * startStride;
            c10_0 = TSimd.Load(p);
            if (vectors > 1)
                c10_1 = TSimd.Load(p + 1 * width);
        }
        if (rows > 11)
        {
            var p = start + 11 * startStride;
            c11_0 = TSimd.Load(p);
            if (vectors > 1)
                c11_1 = TSimd.Load(p + 1 * width);
        }
        var lda2 = 2 * lda;
        var a0 = a;
        var a3 = rows > 3 ? a + 3 * lda : a;
        var a6 = rows > 6 ? a + 6 * lda : a;
        var a9 = rows > 9 ? a + 9 * lda : a;
        while (true)
        {
            var count = Math.Min(segment, depth);
            var end = w + count * ldw;
            for (; w != end; w += ldw)
            {
                TSimd.Prefetch(w + ahead);
                var w0 = TSimd.Load(w);
                var w1 = vectors > 1 ? TSimd.Load(w + 1 * width) : default;
                var w2 = vectors > 2 ? TSimd.Load(w + 2 * width) : default;
                var w3 = vectors > 3 ? TSimd.Load(w + 3 * width) : default;
                var x0 = TSimd.Broadcast(*a0);
                c0_0 = TSimd.FusedMultiplyAdd(x0, w0, c0_0);
                if (vectors > 1)
                    c0_1 = TSimd.FusedMultiplyAdd(x0, w1, c0_1);
                if (vectors > 2)
                    c0_2 = TSimd.FusedMultiplyAdd(x0, w2, c0_2);
                if (vectors > 3)
                    c0_3 = TSimd.FusedMultiplyAdd(x0, w3, c0_3);
                if (rows > 1)
                {
                    var x1 = TSimd.Broadcast(a0[lda]);
                    c1_0 = TSimd.FusedMultiplyAdd(x1, w0, c1_0);
                    if (vectors > 1)
                        c1_1 = TSimd.FusedMultiplyAdd(x1, w1, c1_1);
                    if (vectors > 2)
                        c1_2 = TSimd.FusedMultiplyAdd(x1, w2, c1_2);
                    if (vectors > 3)
                        c1_3 = TSimd.FusedMultiplyAdd(x1, w3, c1_3);
                }
                if (rows > 2)
                {
                    var x2 = TSimd.Broadcast(a0[lda2]);
                    c2_0 = TSimd.FusedMultiplyAdd(x2, w0, c2_0);
                    if (vectors > 1)
                        c2_1 = TSimd.FusedMultiplyAdd(x2, w1, c2_1);
                    if (vectors > 2)
                        c2_2 = TSimd.FusedMultiplyAdd(x2, w2, c2_2);
                    if (vectors > 3)
                        c2_3 = TSimd.FusedMultiplyAdd(x2, w3, c2_3);
                }
                if (rows > 3)
                {
                    var x3 = TSimd.Broadcast(*a3);
                    c3_0 = TSimd.FusedMultiplyAdd(x3, w0, c3_0);
                    if (vectors > 1)
                        c3_1 = TSimd.FusedMultiplyAdd(x3, w1, c3_1);
                    if (vectors > 2)
                        c3_2 = TSimd.FusedMultiplyAdd(x3, w2, c3_2);
                    if (vectors > 3)
                        c3_3 = TSimd.FusedMultiplyAdd(x3, w3, c3_3);
                }
                if (rows > 4)
                {
                    var x4 = TSimd.Broadcast(a3[lda]);
                    c4_0 = TSimd.FusedMultiplyAdd(x4, w0, c4_0);
                    if (vectors > 1)
                        c4_1 = TSimd.FusedMultiplyAdd(x4, w1, c4_1);
                    if (vectors > 2)
                        c4_2 = TSimd.FusedMultiplyAdd(x4, w2, c4_2);
                    if (vectors > 3)
                        c4_3 = TSimd.FusedMultiplyAdd(x4, w3, c4_3);
                }
                if (rows > 5)
                {
                    var x5 = TSimd.Broadcast(a3[lda2]);
                    c5_0 = TSimd.FusedMultiplyAdd(x5, w0, c5_0);
                    if (vectors > 1)
                        c5_1 = TSimd.FusedMultiplyAdd(x5, w1, c5_1);
                    if (vectors > 2)
                        c5_2 = TSimd.FusedMultiplyAdd(x5, w2, c5_2);
                    if (vectors > 3)
                        c5_3 = TSimd.FusedMultiplyAdd(x5, w3, c5_3);
                }
                if (rows > 6)
                {
                    var x6 = TSimd.Broadcast(*a6);
                    c6_0 = TSimd.FusedMultiplyAdd(x6, w0, c6_0);
                    if (vectors > 1)
                        c6_1 = TSimd.FusedMultiplyAdd(x6, w1, c6_1);
                    if (vectors > 2)
                        c6_2 = TSimd.FusedMultiplyAdd(x6, w2, c6_2);
                }
                if (rows > 7)
                {
                    var x7 = TSimd.Broadcast(a6[lda]);
                    c7_0 = TSimd.FusedMultiplyAdd(x7, w0, c7_0);
                    if (vectors > 1)
                        c7_1 = TSimd.FusedMultiplyAdd(x7, w1, c7_1);
                    if (vectors > 2)
                        c7_2 = TSimd.FusedMultiplyAdd(x7, w2, c7_2);
                }
                if (rows > 8)
                {
                    var x8 = TSimd.Broadcast(a6[lda2]);
                    c8_0 = TSimd.FusedMultiplyAdd(x8, w0, c8_0);
                    if (vectors > 1)
                        c8_1 = TSimd.FusedMultiplyAdd(x8, w1, c8_1);
                }
                if (rows > 9)
                {
                    var x9 = TSimd.Broadcast(*a9);
                    c9_0 = TSimd.FusedMultiplyAdd(x9, w0, c9_0);
                    if (vectors > 1)
                        c9_1 = TSimd.FusedMultiplyAdd(x9, w1, c9_1);
                }
                if (rows > 10)
                {
                    var x10 = TSimd.Broadcast(a9[lda]);
                    c10_0 = TSimd.FusedMultiplyAdd(x10, w0, c10_0);
                    if (vectors > 1)
                        c10_1 = TSimd.FusedMultiplyAdd(x10, w1, c10_1);
                }
                if (rows > 11)
                {
                    var x11 = TSimd.Broadcast(a9[lda2]);
                    c11_0 = TSimd.FusedMultiplyAdd(x11, w0, c11_0);
                    if (vectors > 1)
                        c11_1 = TSimd.FusedMultiplyAdd(x11, w1, c11_1);
                }
                a0++;
                if (rows > 3)
                    a3++;
                if (rows > 6)
                    a6++;
                if (rows > 9)
                    a9++;
            }
            depth -= count;
            if (depth == 0)
                break;
            a0 += segmentStride - count;
            a3 += segmentStride - count;
            a6 += segmentStride - count;
            a9 += segmentStride - count;
        }
        TSimd.Store(c, c0_0);
        if (vectors > 1)
            TSimd.Store(c + 1 * width, c0_1);
        if (vectors > 2)
            TSimd.Store(c + 2 * width, c0_2);
        if (vectors > 3)
            TSimd.Store(c + 3 * width, c0_3);
        if (rows > 1)
        {
            var p = c + ldc;
            TSimd.Store(p, c1_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c1_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c1_2);
            if (vectors > 3)
                TSimd.Store(p + 3 * width, c1_3);
        }
        if (rows > 2)
        {
            var p = c + 2 * ldc;
            TSimd.Store(p, c2_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c2_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c2_2);
            if (vectors > 3)
                TSimd.Store(p + 3 * width, c2_3);
        }
        if (rows > 3)
        {
            var p = c + 3 * ldc;
            TSimd.Store(p, c3_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c3_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c3_2);
            if (vectors > 3)
                TSimd.Store(p + 3 * width, c3_3);
        }
        if (rows > 4)
        {
            var p = c + 4 * ldc;
            TSimd.Store(p, c4_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c4_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c4_2);
            if (vectors > 3)
                TSimd.Store(p + 3 * width, c4_3);
        }
        if (rows > 5)
        {
            var p = c + 5 * ldc;
            TSimd.Store(p, c5_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c5_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c5_2);
            if (vectors > 3)
                TSimd.Store(p + 3 * width, c5_3);
        }
        if (rows > 6)
        {
            var p = c + 6 * ldc;
            TSimd.Store(p, c6_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c6_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c6_2);
        }
        if (rows > 7)
        {
            var p = c + 7 * ldc;
            TSimd.Store(p, c7_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c7_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c7_2);
        }
        if (rows > 8)
        {
            var p = c + 8 * ldc;
            TSimd.Store(p, c8_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c8_1);
        }
        if (rows > 9)
        {
            var p = c + 9 * ldc;
            TSimd.Store(p, c9_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c9_1);
        }
        if (rows > 10)
        {
            var p = c + 10 * ldc;
            TSimd.Store(p, c10_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c10_1);
        }
        if (rows > 11)
        {
            var p = c + 11 * ldc;
            TSimd.Store(p, c11_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c11_1);
        }
    }
}
