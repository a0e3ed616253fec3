using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DistRnn.Models;

/// <summary>Transposes of parts of matrices: tiles of 16 by 16 in registers where there are 32 of 512 bits, element by element elsewhere.</summary>
internal static unsafe class MatrixTranspose
{
    private const int Tile = 16;

    /// <summary>destination[column, row] = source[row, column].</summary>
    /// <param name="source">The matrix, [rows, columns].</param>
    /// <param name="sourceStride">Floats from a row of the source to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="destination">Where to, [columns, rows].</param>
    /// <param name="destinationStride">Floats from a row of the destination to the next.</param>
    public static void Run(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride)
    {
        var (wholeRows, wholeColumns) = Avx512F.IsSupported ? (rows / Tile * Tile, columns / Tile * Tile) : (0, 0);
        for (var column = 0; column < wholeColumns; column += Tile)
            for (var row = 0; row < wholeRows; row += Tile)
                RunTile(source + row * sourceStride + column, sourceStride, destination + column * destinationStride + row, destinationStride);
        Scalar(source, sourceStride, wholeRows, rows, 0, wholeColumns, destination, destinationStride);
        Scalar(source, sourceStride, 0, rows, wholeColumns, columns, destination, destinationStride);
    }

    private static void Scalar(float* source, nint sourceStride, int rowStart, int rowEnd, int columnStart, int columnEnd, float* destination, nint destinationStride)
    {
        for (var column = columnStart; column < columnEnd; column++)
        {
            float* d = destination + column * destinationStride, from = source + column + rowStart * sourceStride;
            var row = rowStart;
            for (; row + 4 <= rowEnd; row += 4, from += 4 * sourceStride)
            {
                d[row] = from[0];
                d[row + 1] = from[sourceStride];
                d[row + 2] = from[2 * sourceStride];
                d[row + 3] = from[3 * sourceStride];
            }
            for (; row < rowEnd; row++, from += sourceStride)
                d[row] = *from;
        }
    }

    /// <summary>Neighbours are woven together as single floats, then as pairs, then as quarters of vectors twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunTile(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        var r0 = Vector512.Load(source);
        source += sourceStride;
        var r1 = Vector512.Load(source);
        source += sourceStride;
        var r2 = Vector512.Load(source);
        source += sourceStride;
        var r3 = Vector512.Load(source);
        source += sourceStride;
        var r4 = Vector512.Load(source);
        source += sourceStride;
        var r5 = Vector512.Load(source);
        source += sourceStride;
        var r6 = Vector512.Load(source);
        source += sourceStride;
        var r7 = Vector512.Load(source);
        source += sourceStride;
        var r8 = Vector512.Load(source);
        source += sourceStride;
        var r9 = Vector512.Load(source);
        source += sourceStride;
        var r10 = Vector512.Load(source);
        source += sourceStride;
        var r11 = Vector512.Load(source);
        source += sourceStride;
        var r12 = Vector512.Load(source);
        source += sourceStride;
        var r13 = Vector512.Load(source);
        source += sourceStride;
        var r14 = Vector512.Load(source);
        source += sourceStride;
        var r15 = Vector512.Load(source);
        var s0 = Avx512F.UnpackLow(r0, r1).AsDouble();
        var s1 = Avx512F.UnpackHigh(r0, r1).AsDouble();
        var s2 = Avx512F.UnpackLow(r2, r3).AsDouble();
        var s3 = Avx512F.UnpackHigh(r2, r3).AsDouble();
        var s4 = Avx512F.UnpackLow(r4, r5).AsDouble();
        var s5 = Avx512F.UnpackHigh(r4, r5).AsDouble();
        var s6 = Avx512F.UnpackLow(r6, r7).AsDouble();
        var s7 = Avx512F.UnpackHigh(r6, r7).AsDouble();
        var s8 = Avx512F.UnpackLow(r8, r9).AsDouble();
        var s9 = Avx512F.UnpackHigh(r8, r9).AsDouble();
        var s10 = Avx512F.UnpackLow(r10, r11).AsDouble();
        var s11 = Avx512F.UnpackHigh(r10, r11).AsDouble();
        var s12 = Avx512F.UnpackLow(r12, r13).AsDouble();
        var s13 = Avx512F.UnpackHigh(r12, r13).AsDouble();
        var s14 = Avx512F.UnpackLow(r14, r15).AsDouble();
        var s15 = Avx512F.UnpackHigh(r14, r15).AsDouble();
        r0 = Avx512F.UnpackLow(s0, s2).AsSingle();
        r1 = Avx512F.UnpackHigh(s0, s2).AsSingle();
        r2 = Avx512F.UnpackLow(s1, s3).AsSingle();
        r3 = Avx512F.UnpackHigh(s1, s3).AsSingle();
        r4 = Avx512F.UnpackLow(s4, s6).AsSingle();
        r5 = Avx512F.UnpackHigh(s4, s6).AsSingle();
        r6 = Avx512F.UnpackLow(s5, s7).AsSingle();
        r7 = Avx512F.UnpackHigh(s5, s7).AsSingle();
        r8 = Avx512F.UnpackLow(s8, s10).AsSingle();
        r9 = Avx512F.UnpackHigh(s8, s10).AsSingle();
        r10 = Avx512F.UnpackLow(s9, s11).AsSingle();
        r11 = Avx512F.UnpackHigh(s9, s11).AsSingle();
        r12 = Avx512F.UnpackLow(s12, s14).AsSingle();
        r13 = Avx512F.UnpackHigh(s12, s14).AsSingle();
        r14 = Avx512F.UnpackLow(s13, s15).AsSingle();
        r15 = Avx512F.UnpackHigh(s13, s15).AsSingle();
        var t00 = Avx512F.Shuffle4x128(r0, r4, 0x88);
        var t01 = Avx512F.Shuffle4x128(r0, r4, 0xDD);
        var t02 = Avx512F.Shuffle4x128(r8, r12, 0x88);
        var t03 = Avx512F.Shuffle4x128(r8, r12, 0xDD);
        var t10 = Avx512F.Shuffle4x128(r1, r5, 0x88);
        var t11 = Avx512F.Shuffle4x128(r1, r5, 0xDD);
        var t12 = Avx512F.Shuffle4x128(r9, r13, 0x88);
        var t13 = Avx512F.Shuffle4x128(r9, r13, 0xDD);
        var t20 = Avx512F.Shuffle4x128(r2, r6, 0x88);
        var t21 = Avx512F.Shuffle4x128(r2, r6, 0xDD);
        var t22 = Avx512F.Shuffle4x128(r10, r14, 0x88);
        var t23 = Avx512F.Shuffle4x128(r10, r14, 0xDD);
        var t30 = Avx512F.Shuffle4x128(r3, r7, 0x88);
        var t31 = Avx512F.Shuffle4x128(r3, r7, 0xDD);
        var t32 = Avx512F.Shuffle4x128(r11, r15, 0x88);
        var t33 = Avx512F.Shuffle4x128(r11, r15, 0xDD);
        Avx512F.Shuffle4x128(t00, t02, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t10, t12, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t20, t22, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t30, t32, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t01, t03, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t11, t13, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t21, t23, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t31, t33, 0x88).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t00, t02, 0xDD).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t10, t12, 0xDD).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t20, t22, 0xDD).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t30, t32, 0xDD).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t01, t03, 0xDD).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t11, t13, 0xDD).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t21, t23, 0xDD).Store(destination);
        destination += destinationStride;
        Avx512F.Shuffle4x128(t31, t33, 0xDD).Store(destination);
    }
}
