using System.Globalization;
using System.Text;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>Training steps of word vectors by the trainer itself: skip-gram, 5 negatives, window 5, subsampling 1e-4, on a made text with the frequencies of words.</summary>
internal static class WordVectorBenchmark
{
    private const int Words = 400_000;
    private const int Vocabulary = 20_000;
    private const int Batch = 1024;
    private const int Shards = 4;

    private static readonly Lazy<TextSource> s_text = new(MakeText);

    /// <summary>Measures one size.</summary>
    /// <param name="dimensions">Floats of a vector.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="seconds">About how long.</param>
    internal static WordVectorSpeed Run(int dimensions, int threads, double seconds)
    {
        using var data = (WordVectorData)TaskData.Load(new WordVectorDataOptions { Train = s_text.Value, Subsample = 1e-4, Window = 5 }, 1);
        var model = new WordVectorModel(new WordVectorOptions { Counts = data.WordCounts, Dimensions = dimensions });
        var plan = data.CreateTrainingPlan(1, Batch, Shards, null);
        using var team = new ComputeTeam(threads);
        using var computer = model.CreateComputer(team);
        var settings = new TrainerOptions
        {
            Seed = 1,
            Rule = UpdateRule.Parse("sgd"),
            Schedule = Schedule.Parse("none"),
            LearningRate = 0.025,
            LossScale = LossScale.Sum,
            TotalSteps = long.MaxValue,
        };
        using var trainer = new Trainer(settings, model, computer, plan, team);
        model.Initialize(1, trainer.Parameters);
        trainer.ParametersChanged();
        var step = Timing.MedianSeconds(() => trainer.DoStep(), seconds);
        return new WordVectorSpeed(dimensions, threads, trainer.LastSums.Tokens / step);
    }

    /// <summary>Words whose frequencies fall as 1 / rank.</summary>
    private static TextSource MakeText()
    {
        var (chance, text) = (new Philox(1, PhiloxPurpose.Synthesize, 0), new StringBuilder(Words * 6));
        for (var i = 0; i < Words; i++)
        {
            var rank = Math.Min(Vocabulary - 1, (int)Math.Pow(Vocabulary, chance.UniformDouble((ulong)i)) - 1);
            text.Append('w').Append(rank.ToString(CultureInfo.InvariantCulture)).Append(i % 1000 == 999 ? '\n' : ' ');
        }
        return TextSource.FromText("made text", text.ToString());
    }
}
