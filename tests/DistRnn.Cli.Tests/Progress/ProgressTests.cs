using DistRnn.Training;
using Spectre.Console;
using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class ProgressTests
{
    private static readonly RunOutline Outline = new()
    {
        Task = "forecasting",
        Data = ["train: 10 windows"],
        Tensors = [],
        Parameters = 1234,
        StateBytes = 0,
        WorkingBytes = 0,
        StepsPerEpoch = 50,
        Steps = 100,
        Epochs = 2,
        Shards = 4,
        Threads = 2,
        BytesPerStep = 0,
    };

    [Fact]
    public void PlainProgress_ManyQuickSteps_WritesTheFirstAndTheLast()
    {
        using var writer = new StringWriter { NewLine = "\n" };
        Watch(new PlainProgress(writer, new StoppedClock()));
        Assert.Equal(
            [
                "reading data.csv",
                "train: 10 windows",
                "forecasting: 1,234 parameters, 100 steps in 2 epochs, 2 threads",
                "step 1/100  epoch 1/2  loss 0.5000  12.3 k tokens/s  1 min 01 s left",
                "step 100/100  epoch 1/2  loss 0.5000  12.3 k tokens/s  1 min 01 s left",
                "step 100  valid: mse 0.2500  (best so far)",
                "note: Something happened.",
            ],
            writer.ToString().TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void PlainProgress_TimeGoesBy_WritesALineEveryTwoSeconds()
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var clock = new StoppedClock();
        var progress = new PlainProgress(writer, clock);
        progress.Started(Outline);
        for (var step = 1; step <= 9; step++)
        {
            progress.StepDone(Step(step));
            clock.Advance(0.5);
        }

        Assert.Equal(["step 1/100", "step 5/100", "step 9/100"], writer.ToString().TrimEnd('\n').Split('\n')[2..].Select(line => line.Split("  ")[0]));
    }

    [Fact]
    public void LiveProgress_OnATerminal_KeepsTheEvaluations()
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = 200;
        var result = LiveProgress.Show(console, progress =>
        {
            Watch(progress);
            return 7;
        });
        Assert.Equal(7, result);
        Assert.Contains("forecasting: 1,234 parameters", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("step 100  valid: mse 0.2500", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("Something happened.", writer.ToString(), StringComparison.Ordinal);
    }

    private static void Watch(ITrainingProgress progress)
    {
        progress.Loading(new LoadingReport("data.csv", 0, 10));
        progress.Loading(new LoadingReport("data.csv", 10, 10));
        progress.Started(Outline);
        for (var step = 1; step <= 100; step++)
            progress.StepDone(Step(step));
        progress.Evaluating("valid", 1, 2);
        progress.Evaluated(new EvaluationReport(100, "valid", new MetricSet([KeyValuePair.Create("mse", 0.25)]), IsBest: true, 0.1));
        progress.CheckpointWritten(100);
        progress.Note("Something happened.");
    }

    private static StepReport Step(long step) => new(step, 100, 1, 2, 0.5, 0.001, 1, 12_345, 61, Applied: true);

    private sealed class StoppedClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(double seconds) => _ticks += (long)(seconds * TimeSpan.TicksPerSecond);
    }
}
