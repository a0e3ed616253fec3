using System.Runtime.CompilerServices;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>Stores of vectors of which only the first lanes count: the last units of a layer stand directly before the next gate.</summary>
internal static unsafe class Lanes<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>Stores the first <paramref name="count"/> lanes (all of them if there are fewer) and leaves what stands behind as it was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, TVector value, int count) =>
        TSimd.Store(destination, count >= TSimd.Count ? value : TSimd.Select(TSimd.FirstLanes(count), value, TSimd.Load(destination)));
}
