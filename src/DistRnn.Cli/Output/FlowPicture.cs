using System.Globalization;
using DistRnn.Numerics;
using DistRnn.Training;
using ScottPlot;

namespace DistRnn.Cli;

/// <summary>A chart of a <see cref="FlowReport"/>: steps from left to right, norms upwards in powers of ten, a line a cell.</summary>
internal static class FlowPicture
{
    private const int WidthPixels = 900;
    private const int HeightPixels = 560;

    /// <summary>Whether a path ends in an extension that pictures have.</summary>
    /// <param name="path">The path.</param>
    internal static bool CanBe(string path) => Path.GetExtension(path).ToLowerInvariant() is ".png" or ".svg";

    /// <summary>Draws and writes it. A norm of 0 has no place on a chart of powers and is left out.</summary>
    /// <param name="report">What was measured.</param>
    /// <param name="path">A file that ends in .png or .svg.</param>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    internal static void Save(FlowReport report, string path)
    {
        using var plot = new Plot();
        foreach (var line in report.Lines)
        {
            var shown = Enumerable.Range(0, line.Norms.Length).Where(i => line.Norms[i] > 0).ToArray();
            var drawn = plot.Add.ScatterLine(shown.Select(i => i + 1.0).ToArray(), shown.Select(i => Math.Log10(line.Norms[i])).ToArray());
            drawn.LegendText = line.Name == FlowReport.CarouselName ? "constant error carousel alone" : line.Name;
            drawn.LineWidth = 2;
            drawn.LinePattern = line.Name == FlowReport.CarouselName ? LinePattern.Dashed : LinePattern.Solid;
        }

        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { LabelFormatter = PowerOfTen, IntegerTicksOnly = true };
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
        plot.Title(report.TrainedSteps == 0 ? $"{report.Job}: gradient flow before training" : string.Create(CultureInfo.InvariantCulture, $"{report.Job}: gradient flow after {report.TrainedSteps} steps"));
        plot.XLabel("t");
        plot.YLabel("norm of dE/dz_t");
        plot.ShowLegend(Alignment.LowerRight);
        try
        {
            if (Path.GetExtension(path).Equals(".svg", StringComparison.OrdinalIgnoreCase))
                plot.SaveSvg(path, WidthPixels, HeightPixels);
            else
                plot.SavePng(path, WidthPixels, HeightPixels);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"--output {path} cannot be written: {error.Message}", error);
        }
    }

    private static string PowerOfTen(double exponent) => string.Create(CultureInfo.InvariantCulture, $"1e{exponent:0}");
}
