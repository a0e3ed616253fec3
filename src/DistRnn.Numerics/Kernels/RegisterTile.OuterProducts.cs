using System.Runtime.CompilerServices;

namespace DistRnn.Numerics;

/// <content>The tile of weight gradients: sums of outer products.</content>
internal static unsafe partial class RegisterTile<TSimd, TVector, TRows, TVectors>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TRows : struct, ITileSize
    where TVectors : struct, ITileSize
{
    /// <summary>
    /// The sum over k of the outer products of <paramref name="count"/> pairs of rows: row <paramref name="aRows"/>[k] of A, of which <c>rows</c>
    /// floats count, and row <paramref name="bRows"/>[k] of B.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumOuterProducts(float* a, nint lda, int* aRows, float* b, nint ldb, int* bRows, nint count, in TileSums sums)
    {
        float* s = sums.Start, added = sums.Added, d = sums.Destination;
        var (adds, addedStep, ldd) = (sums.Adds, sums.AddedStep, sums.DestinationStride);
        var rows = TRows.Value;
        var vectors = TVectors.Value;
        var width = TSimd.Count;
        var lds = vectors * width;
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
        if (s != null)
        {
            c0_0 = TSimd.Load(s);
            if (vectors > 1)
                c0_1 = TSimd.Load(s + 1 * width);
            if (vectors > 2)
                c0_2 = TSimd.Load(s + 2 * width);
            if (vectors > 3)
                c0_3 = TSimd.Load(s + 3 * width);
            if (rows > 1)
            {
                var p = s + lds;
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
                var p = s + 2 * lds;
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
                var p = s + 3 * lds;
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
                var p = s + 4 * lds;
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
                var p = s + 5 * lds;
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
                var p = s + 6 * lds;
                c6_0 = TSimd.Load(p);
                if (vectors > 1)
                    c6_1 = TSimd.Load(p + 1 * width);
                if (vectors > 2)
                    c6_2 = TSimd.Load(p + 2 * width);
            }
            if (rows > 7)
            {
                var p = s + 7 * lds;
                c7_0 = TSimd.Load(p);
                if (vectors > 1)
                    c7_1 = TSimd.Load(p + 1 * width);
                if (vectors > 2)
                    c7_2 = TSimd.Load(p + 2 * width);
            }
            if (rows > 8)
            {
                var p = s + 8 * lds;
                c8_0 = TSimd.Load(p);
                if (vectors > 1)
                    c8_1 = TSimd.Load(p + 1 * width);
            }
            if (rows > 9)
            {
                var p = s + 9 * lds;
                c9_0 = TSimd.Load(p);
                if (vectors > 1)
                    c9_1 = TSimd.Load(p + 1 * width);
            }
            if (rows > 10)
            {
                var p = s + 10 * lds;
                c10_0 = TSimd.Load(p);
                if (vectors > 1)
                    c10_1 = TSimd.Load(p + 1 * width);
            }
            if (rows > 11)
            {
                var p = s + 11 * lds;
                c11_0 = TSimd.Load(p);
                if (vectors > 1)
                    c11_1 = TSimd.Load(p + 1 * width);
            }
        }
        for (nint k = 0; k < count; k++)
        {
            var x = a + aRows[k] * lda;
            var w = b + bRows[k] * ldb;
            var w0 = TSimd.Load(w);
            var w1 = vectors > 1 ? TSimd.Load(w + 1 * width) : default;
            var w2 = vectors > 2 ? TSimd.Load(w + 2 * width) : default;
            var w3 = vectors > 3 ? TSimd.Load(w + 3 * width) : default;
            var x0 = TSimd.Broadcast(*x);
            c0_0 = TSimd.FusedMultiplyAdd(x0, w0, c0_0);
            if (vectors > 1)
                c0_1 = TSimd.FusedMultiplyAdd(x0, w1, c0_1);
            if (vectors > 2)
                c0_2 = TSimd.FusedMultiplyAdd(x0, w2, c0_2);
            if (vectors > 3)
                c0_3 = TSimd.FusedMultiplyAdd(x0, w3, c0_3);
            if (rows > 1)
            {
                var x1 = TSimd.Broadcast(x[1]);
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
                var x2 = TSimd.Broadcast(x[2]);
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
                var x3 = TSimd.Broadcast(x[3]);
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
                var x4 = TSimd.Broadcast(x[4]);
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
                var x5 = TSimd.Broadcast(x[5]);
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
                var x6 = TSimd.Broadcast(x[6]);
                c6_0 = TSimd.FusedMultiplyAdd(x6, w0, c6_0);
                if (vectors > 1)
                    c6_1 = TSimd.FusedMultiplyAdd(x6, w1, c6_1);
                if (vectors > 2)
                    c6_2 = TSimd.FusedMultiplyAdd(x6, w2, c6_2);
            }
            if (rows > 7)
            {
                var x7 = TSimd.Broadcast(x[7]);
                c7_0 = TSimd.FusedMultiplyAdd(x7, w0, c7_0);
                if (vectors > 1)
                    c7_1 = TSimd.FusedMultiplyAdd(x7, w1, c7_1);
                if (vectors > 2)
                    c7_2 = TSimd.FusedMultiplyAdd(x7, w2, c7_2);
            }
            if (rows > 8)
            {
                var x8 = TSimd.Broadcast(x[8]);
                c8_0 = TSimd.FusedMultiplyAdd(x8, w0, c8_0);
                if (vectors > 1)
                    c8_1 = TSimd.FusedMultiplyAdd(x8, w1, c8_1);
            }
            if (rows > 9)
            {
                var x9 = TSimd.Broadcast(x[9]);
                c9_0 = TSimd.FusedMultiplyAdd(x9, w0, c9_0);
                if (vectors > 1)
                    c9_1 = TSimd.FusedMultiplyAdd(x9, w1, c9_1);
            }
            if (rows > 10)
            {
                var x10 = TSimd.Broadcast(x[10]);
                c10_0 = TSimd.FusedMultiplyAdd(x10, w0, c10_0);
                if (vectors > 1)
                    c10_1 = TSimd.FusedMultiplyAdd(x10, w1, c10_1);
            }
            if (rows > 11)
            {
                var x11 = TSimd.Broadcast(x[11]);
                c11_0 = TSimd.FusedMultiplyAdd(x11, w0, c11_0);
                if (vectors > 1)
                    c11_1 = TSimd.FusedMultiplyAdd(x11, w1, c11_1);
            }
        }
        for (; adds > 0; adds--, added += addedStep)
        {
            c0_0 = TSimd.Add(TSimd.Load(added), c0_0);
            if (vectors > 1)
                c0_1 = TSimd.Add(TSimd.Load(added + 1 * width), c0_1);
            if (vectors > 2)
                c0_2 = TSimd.Add(TSimd.Load(added + 2 * width), c0_2);
            if (vectors > 3)
                c0_3 = TSimd.Add(TSimd.Load(added + 3 * width), c0_3);
            if (rows > 1)
            {
                var p = added + lds;
                c1_0 = TSimd.Add(TSimd.Load(p), c1_0);
                if (vectors > 1)
                    c1_1 = TSimd.Add(TSimd.Load(p + 1 * width), c1_1);
                if (vectors > 2)
                    c1_2 = TSimd.Add(TSimd.Load(p + 2 * width), c1_2);
                if (vectors > 3)
                    c1_3 = TSimd.Add(TSimd.Load(p + 3 * width), c1_3);
            }
            if (rows > 2)
            {
                var p = added + 2 * lds;
                c2_0 = TSimd.Add(TSimd.Load(p), c2_0);
                if (vectors > 1)
                    c2_1 = TSimd.Add(TSimd.Load(p + 1 * width), c2_1);
                if (vectors > 2)
                    c2_2 = TSimd.Add(TSimd.Load(p + 2 * width), c2_2);
                if (vectors > 3)
                    c2_3 = TSimd.Add(TSimd.Load(p + 3 * width), c2_3);
            }
            if (rows > 3)
            {
                var p = added + 3 * lds;
                c3_0 = TSimd.Add(TSimd.Load(p), c3_0);
                if (vectors > 1)
                    c3_1 = TSimd.Add(TSimd.Load(p + 1 * width), c3_1);
                if (vectors > 2)
                    c3_2 = TSimd.Add(TSimd.Load(p + 2 * width), c3_2);
                if (vectors > 3)
                    c3_3 = TSimd.Add(TSimd.Load(p + 3 * width), c3_3);
            }
            if (rows > 4)
            {
                var p = added + 4 * lds;
                c4_0 = TSimd.Add(TSimd.Load(p), c4_0);
                if (vectors > 1)
                    c4_1 = TSimd.Add(TSimd.Load(p + 1 * width), c4_1);
                if (vectors > 2)
                    c4_2 = TSimd.Add(TSimd.Load(p + 2 * width), c4_2);
                if (vectors > 3)
                    c4_3 = TSimd.Add(TSimd.Load(p + 3 * width), c4_3);
            }
            if (rows > 5)
            {
                var p = added + 5 * lds;
                c5_0 = TSimd.Add(TSimd.Load(p), c5_0);
                if (vectors > 1)
                    c5_1 = TSimd.Add(TSimd.Load(p + 1 * width), c5_1);
                if (vectors > 2)
                    c5_2 = TSimd.Add(TSimd.Load(p + 2 * width), c5_2);
                if (vectors > 3)
                    c5_3 = TSimd.Add(TSimd.Load(p + 3 * width), c5_3);
            }
            if (rows > 6)
            {
                var p = added + 6 * lds;
                c6_0 = TSimd.Add(TSimd.Load(p), c6_0);
                if (vectors > 1)
                    c6_1 = TSimd.Add(TSimd.Load(p + 1 * width), c6_1);
                if (vectors > 2)
                    c6_2 = TSimd.Add(TSimd.Load(p + 2 * width), c6_2);
            }
            if (rows > 7)
            {
                var p = added + 7 * lds;
                c7_0 = TSimd.Add(TSimd.Load(p), c7_0);
                if (vectors > 1)
                    c7_1 = TSimd.Add(TSimd.Load(p + 1 * width), c7_1);
                if (vectors > 2)
                    c7_2 = TSimd.Add(TSimd.Load(p + 2 * width), c7_2);
            }
            if (rows > 8)
            {
                var p = added + 8 * lds;
                c8_0 = TSimd.Add(TSimd.Load(p), c8_0);
                if (vectors > 1)
                    c8_1 = TSimd.Add(TSimd.Load(p + 1 * width), c8_1);
            }
            if (rows > 9)
            {
                var p = added + 9 * lds;
                c9_0 = TSimd.Add(TSimd.Load(p), c9_0);
                if (vectors > 1)
                    c9_1 = TSimd.Add(TSimd.Load(p + 1 * width), c9_1);
            }
            if (rows > 10)
            {
                var p = added + 10 * lds;
                c10_0 = TSimd.Add(TSimd.Load(p), c10_0);
                if (vectors > 1)
                    c10_1 = TSimd.Add(TSimd.Load(p + 1 * width), c10_1);
            }
            if (rows > 11)
            {
                var p = added + 11 * lds;
                c11_0 = TSimd.Add(TSimd.Load(p), c11_0);
                if (vectors > 1)
                    c11_1 = TSimd.Add(TSimd.Load(p + 1 * width), c11_1);
            }
        }
        TSimd.Store(d, c0_0);
        if (vectors > 1)
            TSimd.Store(d + 1 * width, c0_1);
        if (vectors > 2)
            TSimd.Store(d + 2 * width, c0_2);
        if (vectors > 3)
            TSimd.Store(d + 3 * width, c0_3);
        if (rows > 1)
        {
            var p = d + ldd;
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
            var p = d + 2 * ldd;
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
            var p = d + 3 * ldd;
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
            var p = d + 4 * ldd;
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
            var p = d + 5 * ldd;
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
            var p = d + 6 * ldd;
            TSimd.Store(p, c6_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c6_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c6_2);
        }
        if (rows > 7)
        {
            var p = d + 7 * ldd;
            TSimd.Store(p, c7_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c7_1);
            if (vectors > 2)
                TSimd.Store(p + 2 * width, c7_2);
        }
        if (rows > 8)
        {
            var p = d + 8 * ldd;
            TSimd.Store(p, c8_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c8_1);
        }
        if (rows > 9)
        {
            var p = d + 9 * ldd;
            TSimd.Store(p, c9_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c9_1);
        }
        if (rows > 10)
        {
            var p = d + 10 * ldd;
            TSimd.Store(p, c10_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c10_1);
        }
        if (rows > 11)
        {
            var p = d + 11 * ldd;
            TSimd.Store(p, c11_0);
            if (vectors > 1)
                TSimd.Store(p + 1 * width, c11_1);
        }
    }
}
