using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Pairs of numbers below 128 and their sum, as eight bits with the least significant first: two bits in, one bit out at each step. No two pairs are
/// equal, so no pair of the test part was seen in training.
/// </summary>
internal static class BinaryAddition
{
    private const int Bits = 8;
    private const int Bound = 1 << (Bits - 1);

    /// <summary>JSON lines with <c>sequence</c> (a pair of bits a step) and <c>labels</c> (the bit of the sum).</summary>
    /// <param name="first">The first pair in the fixed order of all 16,384.</param>
    /// <param name="count">How many.</param>
    internal static string JsonLines(int first, int count)
    {
        int[] order = new int[Bound * Bound];
        new Philox(2, PhiloxPurpose.Synthesize, 0).Permutation(order);
        var text = new StringBuilder();
        foreach (int pair in order.AsSpan(first, count))
        {
            int a = pair / Bound;
            int b = pair % Bound;
            var inputs = Enumerable.Range(0, Bits).Select(bit => string.Create(CultureInfo.InvariantCulture, $"[{a >> bit & 1},{b >> bit & 1}]"));
            var labels = Enumerable.Range(0, Bits).Select(bit => string.Create(CultureInfo.InvariantCulture, $"\"{a + b >> bit & 1}\""));
            text.Append(CultureInfo.InvariantCulture, $"{{\"sequence\": [{string.Join(',', inputs)}], \"labels\": [{string.Join(',', labels)}]}}\n");
        }

        return text.ToString();
    }
}
