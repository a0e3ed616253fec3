using System.Globalization;

namespace DistRnn.Models.Tests;

/// <summary>
/// Central differences along random directions: (E(w + e d) - E(w - e d)) / 2e is the gradient's product with d. One direction for each tensor,
/// so that none hides behind another, and one through all of them together.
/// </summary>
internal static class GradientCheck
{
    private const double Step = 1e-5;
    private const double Tolerance = 1e-7;

    /// <param name="tensors">What the loss reads; changed and put back.</param>
    /// <param name="gradients">What is claimed.</param>
    /// <param name="loss">Computes the loss from the tensors as they are.</param>
    /// <param name="random">Draws the directions.</param>
    public static void Agrees(IReadOnlyDictionary<string, double[]> tensors, IReadOnlyDictionary<string, double[]> gradients, Func<double> loss, Random random)
    {
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), gradients.Keys.Order(StringComparer.Ordinal));
        foreach (var name in tensors.Keys)
            Along([name], tensors, gradients, loss, random);
        Along([.. tensors.Keys], tensors, gradients, loss, random);
    }

    private static void Along(string[] names, IReadOnlyDictionary<string, double[]> tensors, IReadOnlyDictionary<string, double[]> gradients, Func<double> loss, Random random)
    {
        var directions = names.ToDictionary(name => name, name => tensors[name].Select(_ => 2 * random.NextDouble() - 1).ToArray(), StringComparer.Ordinal);
        var before = names.ToDictionary(name => name, name => (double[])tensors[name].Clone(), StringComparer.Ordinal);
        Move(Step);
        var right = loss();
        Move(-Step);
        var left = loss();
        Move(0);
        var expected = (right - left) / (2 * Step);
        var actual = names.Sum(name => gradients[name].Zip(directions[name], (g, d) => g * d).Sum());
        if (!(Math.Abs(expected - actual) <= Tolerance * Math.Max(1, Math.Abs(expected))))
            Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"Along {string.Join(", ", names)} the slope is {expected:R}; the gradient says {actual:R}."));

        void Move(double distance)
        {
            foreach (var name in names)
                for (var i = 0; i < before[name].Length; i++)
                    tensors[name][i] = before[name][i] + distance * directions[name][i];
        }
    }
}
