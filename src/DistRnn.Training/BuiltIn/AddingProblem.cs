using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// The adding problem (Hochreiter and Schmidhuber 1997, experiment 4): sequences of 50 to 55 pairs of a number and a mark; one of the first ten numbers
/// and another of the first half are marked, and at the end the answer is their sum. Here numbers are tenths, 0.0 to 0.9, so that the sum is
/// one of nineteen classes and an answer is right or wrong; whoever answers the most frequent sum, 0.9, is right in one case of ten.
/// </summary>
internal static class AddingProblem
{
    private const int Length = 50;
    private const int ExtraLength = 6;
    private const int DrawsPerSequence = 64;

    /// <summary>JSON lines with <c>sequence</c> (number and mark at each step) and <c>label</c> (the sum).</summary>
    /// <param name="first">The first sequence of an endless list.</param>
    /// <param name="count">How many.</param>
    internal static string JsonLines(int first, int count)
    {
        var draws = new Philox(3, PhiloxPurpose.Synthesize, 0);
        var text = new StringBuilder();
        for (int sequence = first; sequence < first + count; sequence++)
            AppendSequence(text, draws, (ulong)sequence * DrawsPerSequence);
        return text.ToString();
    }

    private static void AppendSequence(StringBuilder text, Philox draws, ulong index)
    {
        int length = Length + draws.Below(index, ExtraLength);
        int firstMark = draws.Below(index + 1, 10);
        int secondMark = draws.Below(index + 2, Length / 2 - 1);
        if (secondMark >= firstMark)
            secondMark++;

        int sum = 0;
        text.Append("{\"sequence\": [");
        for (int step = 0; step < length; step++)
        {
            int tenths = draws.Below(index + 3 + (ulong)step, 10);
            bool marked = step == firstMark || step == secondMark;
            sum += marked ? tenths : 0;
            text.Append(CultureInfo.InvariantCulture, $"{(step > 0 ? "," : "")}[0.{tenths},{(marked ? 1 : 0)}]");
        }

        text.Append(CultureInfo.InvariantCulture, $"], \"label\": \"{sum / 10}.{sum % 10}\"}}\n");
    }
}
