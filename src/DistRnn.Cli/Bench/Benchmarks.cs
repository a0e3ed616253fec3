using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>Runs what the options ask for, saying what it is at.</summary>
internal static class Benchmarks
{
    private static readonly int[] s_languageModelSizes = [200, 650];
    private static readonly int[] s_wordVectorSizes = [100, 300];

    /// <summary>Measures.</summary>
    /// <param name="options">What.</param>
    /// <param name="progress">Told a line before each measurement.</param>
    internal static BenchReport Run(BenchOptions options, Action<string> progress)
    {
        progress("the core's peak");
        var peak = PeakBenchmark.Gflops(1);
        var (kernels, layers, models) = (new List<KernelFigures>(), new List<LayerFigures>(), new List<LanguageModelFigures>());
        var vectors = new List<WordVectorSpeed>();
        if (options.Wants("kernels"))
        {
            progress("matrix products");
            kernels.AddRange(KernelBenchmark.Run(options.Quick));
        }
        if (options.Wants("layers"))
        {
            foreach (var threads in options.ThreadCounts)
            {
                foreach (var layerCase in CasesOf(options))
                {
                    progress($"{layerCase.Cell}:{layerCase.Batch}:{layerCase.Window}:{layerCase.Input}:{layerCase.Hidden}:{layerCase.Layers}, threads: {threads}");
                    layers.Add(LayerBenchmark.Run(layerCase, threads));
                }
            }
        }
        if (options.Wants("language-model"))
        {
            foreach (var threads in options.ThreadCounts)
            {
                foreach (var hidden in s_languageModelSizes.Take(options.Quick ? 1 : 2))
                {
                    progress($"language model 2 x {hidden}, threads: {threads}");
                    models.Add(LanguageModelBenchmark.Run(hidden, threads, options.Quick ? 1.5 : 4));
                }
            }
        }
        if (options.Wants("word-vectors"))
        {
            foreach (var threads in options.ThreadCounts)
            {
                foreach (var dimensions in s_wordVectorSizes.Take(options.Quick ? 1 : 2))
                {
                    progress($"word vectors of {dimensions} dimensions, threads: {threads}");
                    vectors.Add(WordVectorBenchmark.Run(dimensions, threads, options.Quick ? 0.5 : 3));
                }
            }
        }
        IReadOnlyList<DataPlaneFigures> dataPlane = [];
        if (options.Wants("data-plane"))
        {
            progress("the data plane");
            dataPlane = DataPlaneBenchmark.Run(options.Quick);
        }
        var bits = SimdWidths.Current == SimdWidth.Scalar ? 32 : (int)SimdWidths.Current;
        return new BenchReport(MachineFacts.Processor, bits, Environment.ProcessorCount, peak, kernels, layers, models, vectors, dataPlane);
    }

    private static IEnumerable<LayerCase> CasesOf(BenchOptions options)
    {
        if (options.Cases.Count > 0)
            return options.Cases;
        if (options.Quick)
            return LayerCase.Cells.Where(cell => cell is "lstm" or "gru" or "rnn").Select(cell => LayerCase.Parse(cell + ":" + LayerCase.UsualSizes[0]));
        var usual = from cell in new[] { "rnn", "gru", "lstm" } from size in LayerCase.UsualSizes select LayerCase.Parse(cell + ":" + size);
        return usual.Append(LayerCase.Parse("lstm-peephole:" + LayerCase.UsualSizes[0])).Append(LayerCase.Parse("gru-textbook:" + LayerCase.UsualSizes[0]));
    }
}
