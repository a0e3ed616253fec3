using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A sine with a period of 25 steps and amplitude 1, with noise uniform in [-0.05, 0.05): the exercise of predicting a sine. The noise has a
/// variance of 0.05^2 / 3 = 0.00083, which is the mean squared error of a forecaster that knows the sine; the value one period before has twice that.
/// </summary>
internal static class SineSeries
{
    private const int Period = 25;

    /// <summary>A CSV with one column, <c>value</c>.</summary>
    /// <param name="steps">How many rows.</param>
    internal static string Csv(int steps)
    {
        var noise = new Philox(1, PhiloxPurpose.Synthesize, 0);
        var text = new StringBuilder("value\n");
        for (int step = 0; step < steps; step++)
        {
            double value = ScalarMath.Sin(2 * Math.PI * (step % Period) / Period) + 0.1 * (noise.UniformDouble((ulong)step) - 0.5);
            text.Append(CultureInfo.InvariantCulture, $"{value:F5}\n");
        }

        return text.ToString();
    }
}
