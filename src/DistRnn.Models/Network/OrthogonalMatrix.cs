using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// A random orthogonal matrix, every one as likely as another: rows of normal numbers, made orthonormal from the first to the last by the modified
/// Gram-Schmidt process in double, each row twice, since once is not enough in floating point (Giraud, Langou and Rozloznik 2005).
/// </summary>
internal static unsafe class OrthogonalMatrix
{
    private const int Lanes = 16;
    private const ulong RedrawStride = 1UL << 40;

    /// <summary>Draws a matrix.</summary>
    /// <param name="chance">The stream of its tensor.</param>
    /// <param name="firstIndex">The index of its element (0, 0) in the stream; the others follow row by row.</param>
    /// <param name="size">Rows, and columns.</param>
    /// <param name="destination">[size, size], row-major.</param>
    public static void Draw(Philox chance, ulong firstIndex, int size, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, size * size);
        var stride = (size + Lanes - 1) / Lanes * Lanes;
        var rows = new double[(long)size * stride];
        fixed (double* first = rows)
        {
            for (var row = 0; row < size; row++)
            {
                var values = first + (long)row * stride;
                for (var index = firstIndex + (ulong)row * (ulong)size; !TryDrawRow(chance, index, size, stride, first, row, values); index += RedrawStride)
                {
                }
                for (var column = 0; column < size; column++)
                    destination[row * size + column] = (float)values[column];
            }
        }
    }

    /// <summary>Draws a row orthogonal to those before it; false, practically never, where nothing of it is left.</summary>
    private static bool TryDrawRow(Philox chance, ulong index, int size, int stride, double* rows, int row, double* values)
    {
        for (var column = 0; column < size; column++)
            values[column] = chance.Normal(index + (ulong)column);
        var before = Math.Sqrt(Dot(values, values, stride));
        for (var pass = 0; pass < 2; pass++)
            for (var other = 0; other < row; other++)
                AddScaled(rows + (long)other * stride, -Dot(rows + (long)other * stride, values, stride), values, stride);
        var norm = Math.Sqrt(Dot(values, values, stride));
        if (!(norm > 1e-6 * before))
            return false;
        for (var column = 0; column < size; column++)
            values[column] /= norm;
        return true;
    }

    /// <summary>16 interleaved partial sums, then a fixed tree; the rows are padded with +0 to whole vectors.</summary>
    private static double Dot(double* a, double* b, int count)
    {
        var (sum0, sum1, sum2, sum3) = (Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero);
        for (var i = 0; i < count; i += Lanes)
        {
            sum0 += Vector256.Load(a + i) * Vector256.Load(b + i);
            sum1 += Vector256.Load(a + i + 4) * Vector256.Load(b + i + 4);
            sum2 += Vector256.Load(a + i + 8) * Vector256.Load(b + i + 8);
            sum3 += Vector256.Load(a + i + 12) * Vector256.Load(b + i + 12);
        }
        var sum = sum0 + sum2 + (sum1 + sum3);
        return sum[0] + sum[2] + (sum[1] + sum[3]);
    }

    private static void AddScaled(double* from, double scale, double* to, int count)
    {
        var scales = Vector256.Create(scale);
        for (var i = 0; i < count; i += 4)
            (Vector256.Load(to + i) + scales * Vector256.Load(from + i)).Store(to + i);
    }
}
