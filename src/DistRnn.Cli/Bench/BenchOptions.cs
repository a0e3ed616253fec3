using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>What is to be measured.</summary>
/// <param name="Quick">Whether one short case of each part will do.</param>
/// <param name="Only">The only part to measure: one of <see cref="Parts"/>; null for all.</param>
/// <param name="Cases">The layer cases to measure; none for the usual ones.</param>
/// <param name="Threads">Threads; null for one, and for all cores too where there are several.</param>
internal sealed record BenchOptions(bool Quick, string? Only, IReadOnlyList<LayerCase> Cases, int? Threads)
{
    /// <summary>The parts there are.</summary>
    internal static readonly IReadOnlyList<string> Parts = ["kernels", "layers", "language-model", "word-vectors", "data-plane"];

    /// <summary>Whether a part is wanted; cases alone ask for layers alone.</summary>
    internal bool Wants(string part) => Only is null ? Cases.Count == 0 || part == "layers" : Only == part;

    /// <summary>The numbers of threads to measure with.</summary>
    internal IReadOnlyList<int> ThreadCounts => Threads is { } given ? [given] : Environment.ProcessorCount > 1 && !Quick ? [1, Environment.ProcessorCount] : [1];
}

/// <summary>One layer case: <c>lstm:20:35:200:200:2</c> is cell:batch:window:input:hidden:layers.</summary>
/// <param name="Cell">The cell's name.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Window">Steps.</param>
/// <param name="Input">Inputs.</param>
/// <param name="Hidden">Units.</param>
/// <param name="Layers">Layers.</param>
internal sealed record LayerCase(string Cell, int Batch, int Window, int Input, int Hidden, int Layers)
{
    /// <summary>The cells that may be named.</summary>
    internal static readonly IReadOnlyList<string> Cells = ["lstm", "lstm-peephole", "gru", "gru-textbook", "rnn"];

    /// <summary>The sizes that peers are measured with.</summary>
    internal static readonly IReadOnlyList<string> UsualSizes =
        ["20:35:200:200:2", "20:35:650:650:2", "64:50:512:512:1", "32:100:128:128:1", "16:35:1024:1024:1", "8:50:64:64:1"];

    /// <summary>Reads a case.</summary>
    /// <param name="text">cell:batch:window:input:hidden:layers.</param>
    /// <exception cref="InvalidInputException">It is not one.</exception>
    internal static LayerCase Parse(string text)
    {
        var parts = text.Split(':');
        var sizes = new int[5];
        var isCase = parts.Length == 6 && Cells.Contains(parts[0]);
        for (var i = 0; isCase && i < sizes.Length; i++)
            isCase = int.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) && sizes[i] is >= 1 and <= 65_536;
        if (!isCase || sizes[4] > 16 || (double)sizes[0] * sizes[1] * sizes[3] > 1e8 || (double)sizes[3] * Math.Max(sizes[2], sizes[3]) > 1e8)
        {
            throw new InvalidInputException(
                $"--case is '{text}'; allowed is cell:batch:window:input:hidden:layers, such as lstm:20:35:200:200:2, with a cell of {string.Join(", ", Cells)} and sizes that fit the memory.");
        }
        return new LayerCase(parts[0], sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
    }
}
