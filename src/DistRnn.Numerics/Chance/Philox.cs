using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DistRnn.Numerics;

/// <summary>
/// Random numbers without state: each is a function of (seed, purpose, step) and of a logical position. So whoever computes a shard, in whatever order and
/// company, draws the same numbers, and nothing has to be saved or moved.
/// </summary>
/// <remarks>
/// The key of <see cref="Philox4x32"/> is the first half of the block that the seed gives to the counter (step, purpose). Under that key the counter is the
/// 64-bit index, the number of the attempt, and the kind of number; so one index may be asked for one number of each kind, and these are independent.
/// Immutable and thread-safe. Cheap to make, but not free: about 20 ns.
/// </remarks>
public readonly struct Philox
{
    private const uint WordKind = 0;
    private const uint DoubleKind = 1;
    private const uint NormalKind = 2;
    private const uint BelowKind = 3;

    private const double TwoPi = 6.283185307179586;

    private readonly ulong _key;

    /// <summary>The numbers of one purpose at one step.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="purpose">What the numbers are for.</param>
    /// <param name="step">The step, the epoch, or 0: what the purpose says.</param>
    public Philox(ulong seed, PhiloxPurpose purpose, ulong step) => _key = KeyOf(seed, purpose, step);

    /// <summary>A number in [0, 1), a multiple of 2^-24.</summary>
    /// <param name="index">The logical position.</param>
    public float Uniform(ulong index) => (Word(index) >> 8) * (1f / (1 << 24));

    /// <summary>A number in [0, 1), a multiple of 2^-53.</summary>
    /// <param name="index">The logical position.</param>
    public double UniformDouble(ulong index)
    {
        var (word0, word1, _, _) = Philox4x32.Block(_key, index, High(0, DoubleKind));
        return Fraction(word0, word1);
    }

    /// <summary>A number of the normal distribution with mean 0 and variance 1, by Box and Muller's transform in double; its magnitude is below 8.6.</summary>
    /// <param name="index">The logical position.</param>
    public float Normal(ulong index)
    {
        var (word0, word1, word2, word3) = Philox4x32.Block(_key, index, High(0, NormalKind));
        var radius = Math.Sqrt(-2 * ScalarMath.Log(1 - Fraction(word0, word1)));
        return (float)(radius * ScalarMath.Cos(TwoPi * Fraction(word2, word3)));
    }

    /// <summary>An integer in [0, bound), every one exactly as likely (D. Lemire, "Fast random integer generation in an interval", 2019).</summary>
    /// <param name="index">The logical position.</param>
    /// <param name="bound">How many integers there are, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is below 1.</exception>
    public int Below(ulong index, int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        // 2^32 mod bound of the 2^32 words would make some integers likelier: where the low half of the product falls there, another word is drawn.
        var threshold = unchecked((uint)-bound) % (uint)bound;
        for (uint attempt = 0; ; attempt++)
        {
            var (word0, word1, word2, word3) = Philox4x32.Block(_key, index, High(attempt, BelowKind));
            if (Accept(word0, bound, threshold, out var value) || Accept(word1, bound, threshold, out value) ||
                Accept(word2, bound, threshold, out value) || Accept(word3, bound, threshold, out value))
                return value;
        }
    }

    /// <summary>Fills a span with the integers 0 to its length - 1 in random order, every order as likely (Fisher and Yates, from the end).</summary>
    /// <param name="order">Where to; what it holds before does not matter.</param>
    public void Permutation(Span<int> order)
    {
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = Below((ulong)i, i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
    }

    /// <summary>
    /// The 32 random bits behind <see cref="Uniform"/> at consecutive positions: <c>Uniform(first + i)</c> is <c>(bits[i] >> 8) * 2^-24</c>. About five times as fast as one by one.
    /// </summary>
    /// <param name="firstIndex">The first position.</param>
    /// <param name="bits">Where to.</param>
    public void FillUniforms(ulong firstIndex, Span<uint> bits) => FillUniforms(SimdWidths.Current, firstIndex, bits);

    /// <summary><see cref="FillUniforms(ulong, Span{uint})"/> at a given width.</summary>
    /// <param name="width">A width that this processor has.</param>
    /// <param name="firstIndex">The first position.</param>
    /// <param name="bits">Where to.</param>
    internal unsafe void FillUniforms(SimdWidth width, ulong firstIndex, Span<uint> bits)
    {
        var done = 0;
        while (done < bits.Length && ((firstIndex + (ulong)done) & 3) != 0)
        {
            bits[done] = Word(firstIndex + (ulong)done);
            done++;
        }
        var block = (firstIndex + (ulong)done) >> 2;
        var keys = stackalloc ulong[2 * Philox4x32.Rounds];
        Philox4x32.ExpandKey(_key, keys);
        fixed (uint* start = bits)
        {
            if (width == SimdWidth.Bits512)
            {
                for (; bits.Length - done >= 32; done += 32, block += 8)
                {
                    var counter = Vector512.Create(block) + Vector512<ulong>.Indices;
                    var (words01, words23) = Philox4x32.Blocks8(keys, counter, counter >>> 32, Vector512<ulong>.Zero, Vector512<ulong>.Zero);
                    var p = (ulong*)(start + done);
                    Avx512F.PermuteVar8x64x2(words01, Vector512.Create(0UL, 8, 1, 9, 2, 10, 3, 11), words23).Store(p);
                    Avx512F.PermuteVar8x64x2(words01, Vector512.Create(4UL, 12, 5, 13, 6, 14, 7, 15), words23).Store(p + 8);
                }
            }
            else if (width == SimdWidth.Bits256)
            {
                for (; bits.Length - done >= 16; done += 16, block += 4)
                {
                    var counter = Vector256.Create(block) + Vector256<ulong>.Indices;
                    var (words01, words23) = Philox4x32.Blocks4(keys, counter, counter >>> 32, Vector256<ulong>.Zero, Vector256<ulong>.Zero);
                    var p = (ulong*)(start + done);
                    var (even, odd) = (Avx2.UnpackLow(words01, words23), Avx2.UnpackHigh(words01, words23));
                    Avx2.Permute2x128(even, odd, 0x20).Store(p);
                    Avx2.Permute2x128(even, odd, 0x31).Store(p + 4);
                }
            }
        }
        for (; bits.Length - done >= 4; done += 4, block++)
            (bits[done], bits[done + 1], bits[done + 2], bits[done + 3]) = Philox4x32.Block(_key, block, High(0, WordKind));
        for (; done < bits.Length; done++)
            bits[done] = Word(firstIndex + (ulong)done);
    }

    /// <summary>The key of a purpose at a step.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="purpose">What the numbers are for.</param>
    /// <param name="step">The step.</param>
    internal static ulong KeyOf(ulong seed, PhiloxPurpose purpose, ulong step)
    {
        var (word0, word1, _, _) = Philox4x32.Block(seed, step, (ulong)purpose);
        return word0 | (ulong)word1 << 32;
    }

    private static ulong High(uint attempt, uint kind) => attempt | (ulong)kind << 32;

    private static double Fraction(uint word0, uint word1) => ((word0 | (ulong)word1 << 32) >> 11) * (1.0 / (1L << 53));

    private static bool Accept(uint word, int bound, uint threshold, out int value)
    {
        var product = (ulong)word * (uint)bound;
        value = (int)(product >> 32);
        return (uint)product >= threshold;
    }

    private uint Word(ulong index)
    {
        var (word0, word1, word2, word3) = Philox4x32.Block(_key, index >> 2, High(0, WordKind));
        return (index & 3) switch { 0 => word0, 1 => word1, 2 => word2, _ => word3 };
    }
}
