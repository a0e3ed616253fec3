using System.Globalization;
using DistRnn.Cli;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Training;

namespace DistRnn.Benchmarks;

/// <summary>
/// The speed of an encoder-decoder's training step by the trainer itself: GRU, two layers of 512 units on either side, additive attention, input feeding,
/// V = 8,000, 64 pairs of 25 tokens, clipping, SGD. Work is that of matrix products alone, forward and twice that back. Times are of the processor, not
/// of the clock, so that what else runs on the machine does not count; <c>Peers/encoder_decoder.py</c> does the same in PyTorch.
/// </summary>
internal static class PairSpeed
{
    private const int Units = 512;
    private const int Layers = 2;
    private const int Vocabulary = 8000;
    private const int Pairs = 64;
    private const int Tokens = 25;
    private const int WarmUps = 3;

    /// <summary>Measures and prints.</summary>
    /// <param name="threads">Threads.</param>
    /// <param name="steps">Steps, of which the median is taken.</param>
    /// <returns>0.</returns>
    internal static int Run(int threads, int steps = 9)
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
        var settings = new TrainerOptions
        {
            Seed = 1,
            Rule = UpdateRule.Parse("sgd"),
            Schedule = Schedule.Parse("none"),
            LearningRate = 0.1f,
            ClipNorm = 5,
            TotalSteps = long.MaxValue,
        };
        using var trainer = new Trainer(settings, network, computer, new RandomPairsPlan(), team);
        network.Initialize(1, trainer.Parameters);
        trainer.ParametersChanged();
        var peak = PeakBenchmark.Gflops(threads);
        for (var i = 0; i < WarmUps; i++)
            trainer.DoStep();
        var times = new double[steps];
        foreach (ref var time in times.AsSpan())
        {
            var start = Environment.CpuUsage.TotalTime;
            trainer.DoStep();
            // Waiting threads spin: all of them are busy all the time.
            time = (Environment.CpuUsage.TotalTime - start).TotalSeconds / threads;
        }
        Array.Sort(times);
        var seconds = times[steps / 2];
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

    /// <summary>Tokens drawn by position: no text is needed to measure.</summary>
    private sealed class RandomPairsPlan : ITrainingPlan
    {
        public int Shards => 4;

        public int Lanes => 0;

        public long StepsIn(int epoch) => long.MaxValue;

        public void Fill(int epoch, long step, int shard, SequenceBatch batch)
        {
            Span<int> lengths = stackalloc int[Pairs / Shards];
            lengths.Fill(Tokens);
            batch.Reset(lengths, 1, 0, TargetKind.SequencePerSequence);
            var target = batch.TargetSequences;
            target.Reset(lengths, 1, 0, TargetKind.ClassPerStep);
            for (var row = 0; row < lengths.Length; row++)
                (batch.RowIds[row], target.RowIds[row]) = (shard * lengths.Length + row, shard * lengths.Length + row);
            var chance = new Philox(1, PhiloxPurpose.Shuffle, (ulong)shard);
            for (var i = 0; i < batch.Steps; i++)
            {
                var index = 3 * (ulong)i;
                (batch.Tokens(0)[i], target.Tokens(0)[i], target.Targets[i]) = (chance.Below(index, Vocabulary), chance.Below(index + 1, Vocabulary), chance.Below(index + 2, Vocabulary));
            }
        }
    }
}
