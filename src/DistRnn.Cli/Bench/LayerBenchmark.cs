using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>A recurrent stack forward, and forward and backward, without embedding, head and update: what the peers' script measures.</summary>
internal static unsafe class LayerBenchmark
{
    /// <summary>Measures one case.</summary>
    /// <param name="layerCase">The case.</param>
    /// <param name="threads">Threads.</param>
    internal static LayerFigures Run(LayerCase layerCase, int threads)
    {
        var (batchSize, window, input, hidden, layers) = (layerCase.Batch, layerCase.Window, layerCase.Input, layerCase.Hidden, layerCase.Layers);
        var options = new NetworkOptions
        {
            ValueSize = input,
            Cell = layerCase.Cell switch { "lstm" or "lstm-peephole" => CellKind.Lstm, "gru" or "gru-textbook" => CellKind.Gru, _ => CellKind.Rnn },
            Peepholes = layerCase.Cell == "lstm-peephole",
            ResetAfter = layerCase.Cell != "gru-textbook",
            Hidden = [.. Enumerable.Repeat(hidden, layers)],
            Outputs = 2,
        };
        var network = new Network(options);
        using var parameters = new FloatBuffer(network.Parameters.Count);
        network.Initialize(1, parameters);
        using var team = new ComputeTeam(threads);
        using var batch = new PackedBatch();
        var shard = new SequenceBatch();
        shard.Reset(Enumerable.Repeat(window, batchSize).ToArray(), 0, input, TargetKind.None);
        batch.Build([shard], 0, carried: true);
        using var stack = new RecurrentStack(
            new RecurrentStackOptions
            {
                Cell = options.Cell,
                ResetAfter = options.ResetAfter,
                Inputs = input,
                Hidden = [.. options.Hidden],
                Directions = 1,
                Tensors = [.. Enumerable.Range(0, layers).Select(layer => network.Stack(layer, 0))],
                BackToInputs = false,
            },
            team, batch, SimdWidths.Current);
        using var inputs = new FloatBuffer((long)batchSize * window * input);
        for (long i = 0; i < inputs.Count; i++)
            inputs.Pointer[i] = (i * 2654435761 % 2048 - 1024) / 1024f;
        using var gradient = new FloatBuffer(network.Parameters.Count);
        using var from = new LaneState(options, batchSize);
        using var to = new LaneState(options, batchSize);
        stack.SetParameters(parameters);
        stack.Prepare(new LeftOperand(inputs.Pointer, input), training: true, from, to, Enumerable.Range(0, batchSize).Select(lane => (long)lane).ToArray());
        Action<int> forward = thread => stack.Forward(thread, null);
        Action<int> both = thread =>
        {
            stack.RebuildTransposes(thread, parameters);
            team.Barrier();
            stack.Forward(thread, null);
            var (start, end) = team.PartOf(thread, batchSize * window);
            for (var row = start; row < end; row++)
                new Span<float>(stack.TopGradients.At(row), hidden).Fill(1e-3f);
            stack.Backward(thread, default, gradient.Pointer, default);
        };
        var peak = PeakBenchmark.Gflops(threads);
        var forwardSeconds = Timing.MedianSeconds(() => team.Run(forward), 0.7);
        var bothSeconds = Timing.MedianSeconds(() => team.Run(both), 1.5);
        peak = Math.Max(peak, PeakBenchmark.Gflops(threads));
        var (forwardWork, backwardWork) = WorkOf(options, input, batchSize * window);
        var gflops = (forwardWork + backwardWork) / bothSeconds / 1e9;
        return new LayerFigures(layerCase.Cell, batchSize, window, input, hidden, layers, threads, forwardWork / forwardSeconds / 1e9, gflops, gflops / peak);
    }

    /// <summary>Operations of the matrix products of all layers; the first layer's inputs need no gradient.</summary>
    private static (double Forward, double Backward) WorkOf(NetworkOptions options, int input, int rows)
    {
        var gates = options.Cell switch { CellKind.Lstm => 4, CellKind.Gru => 3, _ => 1 };
        double forward = 0, backward = 0;
        for (var layer = 0; layer < options.Hidden.Length; layer++)
        {
            var (inputs, hidden) = (layer == 0 ? input : options.Hidden[layer - 1], options.Hidden[layer]);
            forward += 2.0 * rows * gates * hidden * (inputs + hidden);
            backward += 2.0 * rows * gates * hidden * ((layer == 0 ? 1 : 2) * inputs + 2 * hidden);
        }
        return (forward, backward);
    }
}
