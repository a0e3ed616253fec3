using System.Globalization;
using Spectre.Console;

namespace DistRnn.Cli;

/// <summary>A bench report as tables for people.</summary>
internal static class BenchTables
{
    /// <summary>The report's tables, those with rows.</summary>
    internal static IEnumerable<Table> Of(BenchReport report)
    {
        if (report.Kernels.Count > 0)
        {
            var table = Create("matrix product", "shape", "GFLOP/s", "of peak");
            foreach (var kernel in report.Kernels)
                table.AddRow(kernel.Name, kernel.Shape, Number(kernel.Gflops), Share(kernel.OfPeak));
            yield return table;
        }
        if (report.Layers.Count > 0)
        {
            var table = Create("cell", "batch x window", "input", "hidden", "layers", "threads", "forward GFLOP/s", "with backward", "of peak");
            foreach (var layer in report.Layers)
            {
                table.AddRow(
                    layer.Cell, $"{layer.Batch} x {layer.Window}", Text(layer.Input), Text(layer.Hidden), Text(layer.Layers), Text(layer.Threads),
                    Number(layer.ForwardGflops), Number(layer.ForwardBackwardGflops), Share(layer.OfPeak));
            }
            yield return table;
        }
        if (report.LanguageModel.Count > 0)
        {
            var table = Create("language model", "batch x window", "vocabulary", "threads", "tokens/s", "GFLOP/s", "of peak", "bytes allocated a step");
            foreach (var model in report.LanguageModel)
            {
                table.AddRow(
                    $"2 x {model.Hidden}", $"{model.Batch} x {model.Window}", Text(model.Vocabulary), Text(model.Threads), Figures.Count((long)model.TokensPerSecond),
                    Number(model.Gflops), Share(model.OfPeak), Number(model.AllocatedBytesPerStep));
            }
            yield return table;
        }
        if (report.WordVectors.Count > 0)
        {
            var table = Create("word vectors", "threads", "words/s");
            foreach (var speed in report.WordVectors)
                table.AddRow($"{speed.Dimensions} dimensions", Text(speed.Threads), Figures.Count((long)speed.WordsPerSecond));
            yield return table;
        }
        if (report.DataPlane.Count > 0)
        {
            var table = Create("data plane", "MB/s", "of a plain loop");
            foreach (var path in report.DataPlane)
                table.AddRow(path.Path, Number(path.MegabytesPerSecond), Share(path.OfLoopback));
            yield return table;
        }
    }

    private static Table Create(string first, params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(first);
        foreach (var column in columns)
            table.AddColumn(new TableColumn(column).RightAligned());
        return table;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Share(double value) => (100 * value).ToString("0", CultureInfo.InvariantCulture) + " %";
}
