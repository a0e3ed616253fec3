using DistRnn.Numerics;
using DistRnn.Training;
using ScottPlot;

namespace DistRnn.Cli;

/// <summary>A heat map of attention: the source's tokens from left to right, the target's from top to bottom, dark where a token looks.</summary>
internal static class AttentionPicture
{
    private const int CellPixels = 36;
    private const int MarginPixels = 140;
    private const int PixelsMax = 8000;

    /// <summary>Draws and writes it.</summary>
    /// <param name="translation">A translation with attention.</param>
    /// <param name="path">A file that ends in .png or .svg.</param>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    internal static void Save(Translation translation, string path)
    {
        var (rows, columns) = (translation.Target.Length, translation.Source.Length);
        var weights = new double[rows, columns];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                weights[row, column] = translation.Attention[row][column];
        using var plot = new Plot();
        var map = plot.Add.Heatmap(weights);
        map.Colormap = new ScottPlot.Colormaps.Grayscale().Reversed();
        map.ManualRange = new ScottPlot.Range(0, 1);
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, columns).Select(i => (double)i)], [.. translation.Source.Select(Shown)]);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, rows).Select(i => (double)(rows - 1 - i))], [.. translation.Target.Select(Shown)]);
        plot.Axes.SetLimits(-0.5, columns - 0.5, -0.5, rows - 0.5);
        plot.HideGrid();
        plot.Add.ColorBar(map);
        var (width, height) = (Math.Min(PixelsMax, MarginPixels + CellPixels * columns), Math.Min(PixelsMax, MarginPixels + CellPixels * rows));
        try
        {
            if (Path.GetExtension(path).Equals(".svg", StringComparison.OrdinalIgnoreCase))
                plot.SaveSvg(path, width, height);
            else
                plot.SavePng(path, width, height);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"--attention {path} cannot be written: {error.Message}", error);
        }
    }

    private static string Shown(string token) => token == " " ? "\u2423" : token;
}
