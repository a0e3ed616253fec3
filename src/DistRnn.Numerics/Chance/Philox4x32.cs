using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DistRnn.Numerics;

/// <summary>
/// The bijection Philox4x32-10 as published: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A 64-bit key
/// turns a 128-bit counter into four words of 32 bits. It knows nothing of purposes and steps; <see cref="Philox"/> does.
/// </summary>
/// <remarks>
/// The vector forms compute a block a 64-bit lane: a word stands in the low half of its lane, and what stands in the high half means nothing, since the
/// multiplication reads the low halves only.
/// </remarks>
internal static unsafe class Philox4x32
{
    /// <summary>Rounds of the bijection.</summary>
    public const int Rounds = 10;

    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>The four words of one block.</summary>
    /// <param name="key">The key, word 0 in the low half.</param>
    /// <param name="low">Words 0 and 1 of the counter, word 0 in the low half.</param>
    /// <param name="high">Words 2 and 3 of the counter.</param>
    public static (uint Word0, uint Word1, uint Word2, uint Word3) Block(ulong key, ulong low, ulong high)
    {
        var (k0, k1) = ((uint)key, (uint)(key >> 32));
        var (c0, c1, c2, c3) = ((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
        for (var round = 0; round < Rounds; round++)
        {
            var p0 = (ulong)Multiplier0 * c0;
            var p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>Writes the keys of all rounds, for the vector forms: 2 * <see cref="Rounds"/> lanes.</summary>
    /// <param name="key">The key.</param>
    /// <param name="keys">Where to.</param>
    public static void ExpandKey(ulong key, ulong* keys)
    {
        var (k0, k1) = ((uint)key, (uint)(key >> 32));
        for (var round = 0; round < Rounds; round++)
        {
            keys[2 * round] = k0;
            keys[2 * round + 1] = k1;
            k0 += Weyl0;
            k1 += Weyl1;
        }
    }

    /// <summary>Eight blocks: word pairs 0, 1 and 2, 3 of each, the lower word in the low half of a lane.</summary>
    /// <param name="keys">The expanded key.</param>
    /// <param name="c0">Word 0 of the counters.</param>
    /// <param name="c1">Word 1 of the counters.</param>
    /// <param name="c2">Word 2 of the counters.</param>
    /// <param name="c3">Word 3 of the counters.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<ulong> Words01, Vector512<ulong> Words23) Blocks8(
        ulong* keys, Vector512<ulong> c0, Vector512<ulong> c1, Vector512<ulong> c2, Vector512<ulong> c3)
    {
        var m0 = Vector512.Create((ulong)Multiplier0).AsUInt32();
        var m1 = Vector512.Create((ulong)Multiplier1).AsUInt32();
        for (var round = 0; round < Rounds; round++)
        {
            var p0 = Avx512F.Multiply(c0.AsUInt32(), m0);
            var p1 = Avx512F.Multiply(c2.AsUInt32(), m1);
            c0 = (p1 >>> 32) ^ c1 ^ Vector512.Create(keys[2 * round]);
            c2 = (p0 >>> 32) ^ c3 ^ Vector512.Create(keys[2 * round + 1]);
            c1 = p1;
            c3 = p0;
        }
        var low = Vector512.Create(0xFFFF_FFFFUL);
        return ((c0 & low) | (c1 << 32), (c2 & low) | (c3 << 32));
    }

    /// <summary>Four blocks, as <see cref="Blocks8"/>.</summary>
    /// <param name="keys">The expanded key.</param>
    /// <param name="c0">Word 0 of the counters.</param>
    /// <param name="c1">Word 1 of the counters.</param>
    /// <param name="c2">Word 2 of the counters.</param>
    /// <param name="c3">Word 3 of the counters.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<ulong> Words01, Vector256<ulong> Words23) Blocks4(
        ulong* keys, Vector256<ulong> c0, Vector256<ulong> c1, Vector256<ulong> c2, Vector256<ulong> c3)
    {
        var m0 = Vector256.Create((ulong)Multiplier0).AsUInt32();
        var m1 = Vector256.Create((ulong)Multiplier1).AsUInt32();
        for (var round = 0; round < Rounds; round++)
        {
            var p0 = Avx2.Multiply(c0.AsUInt32(), m0);
            var p1 = Avx2.Multiply(c2.AsUInt32(), m1);
            c0 = (p1 >>> 32) ^ c1 ^ Vector256.Create(keys[2 * round]);
            c2 = (p0 >>> 32) ^ c3 ^ Vector256.Create(keys[2 * round + 1]);
            c1 = p1;
            c3 = p0;
        }
        var low = Vector256.Create(0xFFFF_FFFFUL);
        return ((c0 & low) | (c1 << 32), (c2 & low) | (c3 << 32));
    }
}
