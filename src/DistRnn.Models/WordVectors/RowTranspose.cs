using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DistRnn.Models;

/// <summary>Small matrices the other way round, 16 by 16 in registers where there are 32 of 512 bits. It moves floats and computes nothing.</summary>
internal static unsafe class RowTranspose
{
    /// <summary>Rows and columns of a block.</summary>
    public const int Block = 16;

    /// <summary>Writes [rows, columns] as [columns, rows]; both are rounded up to whole blocks, in reading and in writing.</summary>
    /// <param name="source">Where from.</param>
    /// <param name="sourceStride">Floats from a row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="destinationStride">Floats from a row to the next.</param>
    public static void Run(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride)
    {
        for (nint column = 0; column < columns; column += Block)
        {
            for (nint row = 0; row < rows; row += Block)
            {
                var (from, to) = ((nint)(source + row * sourceStride + column), (nint)(destination + column * destinationStride + row));
                if (Avx512F.IsSupported)
                    InRegisters((float*)from, sourceStride, (float*)to, destinationStride);
                else
                    OneByOne((float*)from, sourceStride, (float*)to, destinationStride);
            }
        }
    }

    private static void OneByOne(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        for (nint column = 0; column < Block; column++)
            for (nint row = 0; row < Block; row++)
                destination[column * destinationStride + row] = source[row * sourceStride + column];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void InRegisters(float* source, nint stride, float* destination, nint destinationStride)
    {
        var (a0, a1, a2, a3) = Quad(source, stride);
        var (b0, b1, b2, b3) = Quad(source + 4 * stride, stride);
        var (c0, c1, c2, c3) = Quad(source + 8 * stride, stride);
        var (d0, d1, d2, d3) = Quad(source + 12 * stride, stride);
        Store(a0, b0, c0, d0, destination, destinationStride);
        Store(a1, b1, c1, d1, destination + destinationStride, destinationStride);
        Store(a2, b2, c2, d2, destination + 2 * destinationStride, destinationStride);
        Store(a3, b3, c3, d3, destination + 3 * destinationStride, destinationStride);
    }

    /// <summary>Four rows; result i has in its four parts the columns i, i + 4, i + 8 and i + 12 of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<double> Columns0, Vector512<double> Columns1, Vector512<double> Columns2, Vector512<double> Columns3) Quad(float* source, nint stride)
    {
        var (r0, r1) = (Vector512.Load(source), Vector512.Load(source + stride));
        var (r2, r3) = (Vector512.Load(source + 2 * stride), Vector512.Load(source + 3 * stride));
        var (low01, high01) = (Avx512F.UnpackLow(r0, r1).AsDouble(), Avx512F.UnpackHigh(r0, r1).AsDouble());
        var (low23, high23) = (Avx512F.UnpackLow(r2, r3).AsDouble(), Avx512F.UnpackHigh(r2, r3).AsDouble());
        return (Avx512F.UnpackLow(low01, low23), Avx512F.UnpackHigh(low01, low23), Avx512F.UnpackLow(high01, high23), Avx512F.UnpackHigh(high01, high23));
    }

    /// <summary>Stores the columns i, i + 4, i + 8 and i + 12 of 16 rows, which come in four quads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<double> a, Vector512<double> b, Vector512<double> c, Vector512<double> d, float* destination, nint stride)
    {
        const byte Even = 0x88;
        const byte Odd = 0xdd;
        var (evenAb, oddAb) = (Avx512F.Shuffle4x128(a, b, Even), Avx512F.Shuffle4x128(a, b, Odd));
        var (evenCd, oddCd) = (Avx512F.Shuffle4x128(c, d, Even), Avx512F.Shuffle4x128(c, d, Odd));
        Avx512F.Shuffle4x128(evenAb, evenCd, Even).AsSingle().Store(destination);
        Avx512F.Shuffle4x128(oddAb, oddCd, Even).AsSingle().Store(destination + 4 * stride);
        Avx512F.Shuffle4x128(evenAb, evenCd, Odd).AsSingle().Store(destination + 8 * stride);
        Avx512F.Shuffle4x128(oddAb, oddCd, Odd).AsSingle().Store(destination + 12 * stride);
    }
}
