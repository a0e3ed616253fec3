using System.Globalization;
using DistRnn.Cli;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Benchmarks;

/// <summary>
/// The speed of an encoder-decoder's gradient: GRU, two layers of 512 units on either side, additive attention, input feeding, V = 8,000, 64 pairs of 25
/// tokens. Work is that of matrix products alone, forward and twice that back.
/// </summary>
internal static class PairSpeed
{
    private const int Units = 512;
    private const int Layers = 2;
    private const int Vocabulary = 8000;
    private const int Pairs = 64;
    private const int Tokens = 25;

    /// <summary>Measures and prints.</summary>
    /// <param name="threads">Threads.</param>
    /// <returns>0.</returns>
    internal static int Run(int threads)
    {
        var network = new EncoderDecoder(new EncoderDecoderOptions
        {
            SourceVocabulary = Vocabulary,
            TargetVocabulary = Vocabulary,
            Embedding = Units,
            Cell = CellKind.Gru,
            Hidden = [Units, Units],
            Attention = AttentionKind.Additive,
        });
        using var team = new ComputeTeam(threads);
        using var computer = network.CreateComputer(team);
        using var parameters = new FloatBuffer(network.Parameters.Count);
        using var gradient = new Gradient(network.Parameters);
        network.Initialize(1, parameters);
        computer.SetParameters(parameters);
        var shards = Enumerable.Range(0, 4).Select(ShardOf).ToArray();
        var results = new ShardResult[shards.Length];
        var peak = PeakBenchmark.Gflops(threads);
        var seconds = Timing.MedianSeconds(() => computer.ComputeGradient(new StepKey(1, 0), 0, shards, null, null, gradient, results), 10);
        peak = Math.Max(peak, PeakBenchmark.Gflops(threads));
        var rate = 3 * Work / seconds / 1e9;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"encoder-decoder gru 2x512 additive, {threads} threads: {1000 * seconds:0.0} ms a step, {Pairs * Tokens / seconds:0} target tokens/s, {rate:0.0} GFLOP/s, {100 * rate / peak:0} % of {peak:0}"));
        return 0;
    }

    /// <summary>Floating-point operations forward.</summary>
    private static double Work
    {
        get
        {
            const double Square = 2.0 * Units * Units;
            // A layer reads its input and its state, 3 gates each; the decoder's first one also what was fed.
            var encoder = Layers * 2 * 3 * Square;
            var decoder = encoder + 3 * Square;
            var attention = 2 * Square + 2 * 2.0 * Tokens * Units;
            var output = 2 * Square + 2.0 * Units * Vocabulary;
            return Pairs * Tokens * (encoder + decoder + attention + output);
        }
    }

    private static SequenceBatch ShardOf(int shard)
    {
        var batch = new SequenceBatch();
        int[] lengths = [.. Enumerable.Repeat(Tokens, Pairs / 4)];
        batch.Reset(lengths, 1, 0, TargetKind.SequencePerSequence);
        var target = batch.TargetSequences;
        target.Reset(lengths, 1, 0, TargetKind.ClassPerStep);
        var chance = new Philox(1, PhiloxPurpose.Shuffle, (ulong)shard);
        for (var i = 0; i < batch.Steps; i++)
            (batch.Tokens(0)[i], target.Tokens(0)[i], target.Targets[i]) = (chance.Below((ulong)(3 * i), Vocabulary), chance.Below((ulong)(3 * i + 1), Vocabulary), chance.Below((ulong)(3 * i + 2), Vocabulary));
        return batch;
    }
}
