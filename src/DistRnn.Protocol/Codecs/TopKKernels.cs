using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>Chooses the largest magnitudes of one block, at one vector width.</summary>
internal abstract unsafe class TopKKernels
{
    /// <summary>Those of the width in use.</summary>
    public static TopKKernels Current { get; } = Create(SimdWidths.Current);

    /// <summary>Those of a width that this processor has.</summary>
    /// <param name="width">The width.</param>
    public static TopKKernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new TopKKernels<Simd512, Packing512, Vector512<float>>(),
        SimdWidth.Bits256 => new TopKKernels<Simd256, Packing256, Vector256<float>>(),
        SimdWidth.Bits128 => new TopKKernels<Simd128, Packing128, Vector128<float>>(),
        _ => new TopKKernels<SimdScalar, PackingScalar, float>(),
    };

    /// <summary>Adds what earlier encodings lost and chooses.</summary>
    /// <param name="values">The block's floats.</param>
    /// <param name="residual">What was lost, or null.</param>
    /// <param name="sums">Where the sums of both go.</param>
    /// <param name="count">Floats of the block, at least 1.</param>
    /// <param name="most">How many are chosen at most, at least 1.</param>
    /// <param name="places">Where the places of the chosen ones go, ascending; room for a block.</param>
    /// <returns>How many are chosen: fewer than asked where there are not as many besides zeros.</returns>
    public abstract int Choose(float* values, float* residual, float* sums, int count, int most, Span<ushort> places);
}

/// <summary>
/// A histogram of magnitudes by their upper bits says from which bucket on there are enough; only what lies in these buckets is looked at again, by the middle
/// bits and by the lower ones, until the smallest magnitude that is kept is known. Nothing is sorted.
/// </summary>
internal sealed unsafe class TopKKernels<TSimd, TPacking, TVector> : TopKKernels
    where TSimd : struct, ISimd<TVector>
    where TPacking : struct, ISimdPacking<TVector>
    where TVector : struct
{
    // The 31 bits of a magnitude: 11, 10 and 10.
    private const int UpperShift = 20;
    private const int LowerBits = 10;
    private const int Buckets = 1 << (31 - UpperShift);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override int Choose(float* values, float* residual, float* sums, int count, int most, Span<ushort> places)
    {
        Compensate(values, residual, sums, count);
        var histogram = stackalloc int[Buckets];
        new Span<int>(histogram, Buckets).Clear();
        for (var i = 0; i < count; i++)
            histogram[Magnitude(sums[i]) >> UpperShift]++;
        var above = 0;
        var smallest = BucketOf(histogram, Buckets, most, ref above);

        // A zero is never kept: the smallest magnitude that is looked at is 1.
        var found = Collect(sums, count, Math.Max(1, smallest << UpperShift), places);
        if (found <= most)
            return found;
        for (var shift = UpperShift - LowerBits; shift >= 0; shift -= LowerBits)
        {
            new Span<int>(histogram, 1 << LowerBits).Clear();
            foreach (var place in places[..found])
            {
                var magnitude = Magnitude(sums[place]);
                if (magnitude >> (shift + LowerBits) == smallest)
                    histogram[magnitude >> shift & ((1 << LowerBits) - 1)]++;
            }
            smallest = smallest << LowerBits | BucketOf(histogram, 1 << LowerBits, most, ref above);
        }
        return Keep(sums, smallest, most - above, places[..found]);
    }

    /// <summary>The bucket in which the last of those that are kept lies; what lies in buckets above it is counted.</summary>
    private static int BucketOf(int* histogram, int buckets, int most, ref int above)
    {
        var bucket = buckets - 1;
        for (; bucket > 0 && above + histogram[bucket] < most; bucket--)
            above += histogram[bucket];
        return bucket;
    }

    /// <summary>Keeps the places of larger magnitudes than the smallest, and the first so many of equal ones.</summary>
    private static int Keep(float* sums, int smallest, int equals, Span<ushort> places)
    {
        var kept = 0;
        foreach (var place in places)
        {
            var magnitude = Magnitude(sums[place]);
            if (magnitude > smallest || (magnitude == smallest && equals-- > 0))
                places[kept++] = place;
        }
        return kept;
    }

    private static int Magnitude(float value) => BitConverter.SingleToInt32Bits(value) & int.MaxValue;

    private static void Compensate(float* values, float* residual, float* sums, int count)
    {
        if (residual == null)
        {
            new Span<float>(values, count).CopyTo(new Span<float>(sums, count));
            return;
        }
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(sums + i, TSimd.Add(TSimd.Load(values + i), TSimd.Load(residual + i)));
        for (; i < count; i++)
            sums[i] = values[i] + residual[i];
    }

    private static int Collect(float* sums, int count, int lowest, Span<ushort> places)
    {
        var found = 0;
        for (var i = 0; i < count; i += TSimd.Count)
        {
            var end = Math.Min(i + TSimd.Count, count);
            if (end - i == TSimd.Count && !TPacking.AnyMagnitudeFrom(TSimd.Load(sums + i), lowest))
                continue;
            for (var j = i; j < end; j++)
            {
                if (Magnitude(sums[j]) >= lowest)
                    places[found++] = (ushort)j;
            }
        }
        return found;
    }
}
