using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>Training steps of a word-level language model by the trainer itself: V = 10,000, two LSTM layers, 20 lanes of 35 steps, clipping, SGD.</summary>
internal static class LanguageModelBenchmark
{
    private const int Lanes = 20;
    private const int Window = 35;
    private const int Vocabulary = 10_000;
    private const int CountedSteps = 5;

    /// <summary>Measures one size.</summary>
    /// <param name="hidden">Units, and the embedding's size.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="seconds">About how long.</param>
    internal static LanguageModelFigures Run(int hidden, int threads, double seconds)
    {
        var options = new NetworkOptions
        {
            Vocabularies = [Vocabulary],
            Embeddings = [hidden],
            Cell = CellKind.Lstm,
            Hidden = [hidden, hidden],
            Head = HeadKind.ClassPerStep,
            HeadName = "decoder",
            Outputs = Vocabulary,
            Initializer = InitializerKind.Uniform,
            InitializerScale = 0.1f,
        };
        var network = new Network(options);
        using var team = new ComputeTeam(threads);
        using var computer = new NetworkComputer(network, team);
        var settings = new TrainerOptions
        {
            Seed = 1,
            Rule = UpdateRule.Parse("sgd"),
            Schedule = Schedule.Parse("none"),
            LearningRate = 1,
            ClipNorm = 5,
            TotalSteps = long.MaxValue,
        };
        using var trainer = new Trainer(settings, network, computer, new RandomTokensPlan(), team);
        network.Initialize(1, trainer.Parameters);
        trainer.ParametersChanged();
        var peak = PeakBenchmark.Gflops(threads);
        var step = Timing.MedianSeconds(() => trainer.DoStep(), seconds);
        peak = Math.Max(peak, PeakBenchmark.Gflops(threads));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < CountedSteps; i++)
            trainer.DoStep();
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        var gflops = 6.0 * Lanes * Window * (2.0 * 4 * hidden * 2 * hidden + (double)Vocabulary * hidden) / step / 1e9;
        return new LanguageModelFigures(hidden, Lanes, Window, Vocabulary, threads, Lanes * Window / step, (double)allocated / CountedSteps, gflops, gflops / peak);
    }

    /// <summary>Tokens with the frequencies of words (about 1 / rank), drawn by position: no text is needed to measure.</summary>
    private sealed class RandomTokensPlan : ITrainingPlan
    {
        public int Shards => 4;

        public int Lanes => LanguageModelBenchmark.Lanes;

        public long StepsIn(int epoch) => long.MaxValue;

        public void Fill(int epoch, long step, int shard, SequenceBatch batch)
        {
            var rows = Lanes / Shards;
            Span<int> lengths = stackalloc int[rows];
            lengths.Fill(Window);
            batch.Reset(lengths, 1, 0, TargetKind.ClassPerStep);
            var chance = new Philox(1, PhiloxPurpose.Shuffle, (ulong)step);
            for (var row = 0; row < rows; row++)
            {
                var lane = shard * rows + row;
                batch.RowIds[row] = lane;
                for (var t = 0; t < Window; t++)
                {
                    var index = (ulong)(lane * (Window + 1) + t);
                    batch.Tokens(0)[row * Window + t] = Rank(chance.UniformDouble(index));
                    batch.Targets[row * Window + t] = Rank(chance.UniformDouble(index + 1));
                }
            }
        }

        private static int Rank(double uniform) => Math.Min(Vocabulary - 1, (int)Math.Pow(Vocabulary, uniform) - 1);
    }
}
