using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class FigureTests
{
    [Fact]
    public void Evaluate_OfAForecaster_AgreesWithItsPredictionsAndPlainLoops()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.Forecasting);
        var summary = space.Train(job, "run");
        using var data = (ForecastingData)TaskData.Load(JobData.OptionsOf(job), job.Seed);
        var plan = data.CreateEvaluationPlan(PartKind.Test, 1000);
        var windows = plan.Sequences;
        double square = 0, absolute = 0, symmetric = 0, scaled = 0;
        var (forecast, actual, scales) = (new float[data.Outputs], new float[data.Outputs], new double[1]);
        for (var window = 0L; window < windows; window++)
        {
            data.NaiveForecast(PartKind.Test, window, forecast);
            data.Actual(PartKind.Test, window, actual);
            data.MaseScales(PartKind.Test, window, scales);
            for (var i = 0; i < forecast.Length; i++)
            {
                var error = Math.Abs((double)forecast[i] - actual[i]);
                square += error * error;
                absolute += error;
                symmetric += 200 * error / (Math.Abs((double)forecast[i]) + Math.Abs((double)actual[i]));
                scaled += error / scales[0];
            }
        }
        var values = windows * data.Outputs;
        Assert.Equal(square / values, summary.Test["naive-mse-original"], 9);
        Assert.Equal(absolute / values, summary.Test["naive-mae-original"], 9);
        Assert.Equal(symmetric / values, summary.Test["naive-smape"], 9);
        Assert.Equal(scaled / values, summary.Test["naive-mase"], 9);
        Assert.Equal(18, summary.Test.Count);
        Assert.Equal(6, summary.Test.Count(metric => metric.Key.StartsWith("seasonal-", StringComparison.Ordinal)));
        Assert.True(summary.Test["mse"] < summary.Test["naive-mse"]);
    }

    [Fact]
    public void Evaluate_OfColumnsApart_MeansOverAllColumnsAsTogether()
    {
        using var space = new Workspace();
        var apart = space.Train(space.Job(Workspace.ForecastingApart), "apart").Test;
        var together = space.Train(space.Job(Workspace.ForecastingApart, "data.columns-apart=false"), "together").Test;
        Assert.Equal(together.Select(metric => metric.Key), apart.Select(metric => metric.Key));
        foreach (var (name, value) in together.Where(metric => metric.Key.Contains('-', StringComparison.Ordinal) && !metric.Key.EndsWith("-original", StringComparison.Ordinal)))
            Assert.Equal(value, apart[name], 1e-12);
        Assert.Equal(together["naive-mse-original"], apart["naive-mse-original"], 1e-9);

        // A network that says nothing is the forecast that it corrects, whichever columns it is asked for.
        var silent = space.Train(space.Job(Workspace.ForecastingApart, "model.initializer=uniform(1e-30)", "training.learning-rate=1e-30", "training.keep=last"), "silent").Test;
        Assert.Equal(silent["seasonal-mse"], silent["mse"], 1e-6);
        Assert.Equal(silent["seasonal-mae-original"], silent["mae-original"], 1e-6);
        Assert.Equal(silent["seasonal-mase"], silent["mase"], 1e-6);
    }

    [Fact]
    public void Evaluate_OfALabelUnseenInTraining_CountsItAsWrong()
    {
        using var space = new Workspace();
        var seen = space.Train(space.Job(Workspace.Classification, "training.epochs=20"), "run");
        File.AppendAllText(space.PathOf("names.valid.tsv"), "new\tabab\n");
        using var model = SavedModel.Open(space.PathOf("run"), threads: 1);
        var progress = new RecordingProgress();
        var metrics = model.Evaluate(space.PathOf("names.valid.tsv"), progress).Metrics;
        Assert.Equal(seen.Test["accuracy"] * 20 / 21, metrics["accuracy"], 12);
        Assert.Equal(seen.Test["loss"], metrics["loss"], 12);
        Assert.Contains(progress.Notes, note => note.Contains("training part", StringComparison.Ordinal));
    }

    [Fact]
    public void Draw_ManyTimes_FollowsTheProbabilitiesAndTheTemperature()
    {
        float[] probabilities = [0.1f, 0.6f, 0.3f];
        const int Draws = 20_000;
        var counts = Counts(probabilities, 1, -1);
        Assert.InRange(counts[1], 0.58 * Draws, 0.62 * Draws);
        Assert.InRange(counts[0], 0.09 * Draws, 0.11 * Draws);
        var cold = Counts(probabilities, 0.5, -1);
        Assert.InRange(cold[1], (0.36 / 0.46 - 0.02) * Draws, (0.36 / 0.46 + 0.02) * Draws);
        Assert.Equal([0, Draws, 0], Counts(probabilities, 0, -1));
        var without = Counts(probabilities, 1, 1);
        Assert.Equal(0, without[1]);
        Assert.InRange(without[2], 0.73 * Draws, 0.77 * Draws);

        static int[] Counts(float[] probabilities, double temperature, int never)
        {
            var sampler = new TokenSampler(1, temperature, never);
            var counts = new int[3];
            for (var i = 0; i < Draws; i++)
                counts[sampler.Draw(probabilities)]++;
            return counts;
        }
    }

    [Fact]
    public void Sum_OverShards_SplitsAtPowersOfTwoAndLeavesEmptyShardsOut()
    {
        double[] losses = [1e16, 1, -1e16, 1, 3];
        ShardResult[] results = [.. losses.Select(loss => new ShardResult(loss, 1, 1, 0))];
        Assert.Equal(((1e16 + 1) + (-1e16 + 1)) + 3, LossTree.Sum(results));
        results[1] = new ShardResult(double.NaN, 0, 0, 0);
        Assert.Equal((1e16 + (-1e16 + 1)) + 3, LossTree.Sum(results));
    }
}
