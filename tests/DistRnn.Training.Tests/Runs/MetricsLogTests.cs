using Xunit;

namespace DistRnn.Training.Tests;

public sealed class MetricsLogTests
{
    [Fact]
    public void Open_AfterACrash_DropsHalfARowAndTheRowsBehindTheStep()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (var log = MetricsLog.Open(path, 0))
                for (var step = 1; step <= 6; step++)
                    log.Write(Report(step), null);
            File.AppendAllText(path, "{\"step\": 7, \"lo");
            MetricsLog.Open(path, 100).Dispose();
            Assert.Equal(6, File.ReadAllLines(path).Length);
            using (var log = MetricsLog.Open(path, 4))
                log.Write(Report(5), new MetricSet([KeyValuePair.Create("loss", double.NaN)]));
            var lines = File.ReadAllLines(path);
            Assert.Equal(5, lines.Length);
            Assert.EndsWith("\"valid\":{\"loss\":null}}", lines[4], StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Open_BeforeStepsThatWereSuperseded_KeepsTheRowsThatTookTheirPlace()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (var log = MetricsLog.Open(path, 0))
                for (var step = 1; step <= 9; step++)
                    log.Write(Report(step), null);
            using (var log = MetricsLog.OpenSuperseding(path, 4))
                for (var step = 5; step <= 7; step++)
                    log.Write(Report(step), null);
            using (var log = MetricsLog.Open(path, 6))
            {
                Assert.Equal(6, log.LastStep);
                log.Write(Report(7), null);
            }
            var lines = File.ReadAllLines(path);
            Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 6, 7], lines.Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("step").GetInt32()));
            Assert.Equal([5, 6, 7, 8, 9], Enumerable.Range(1, lines.Length).Where(number => lines[number - 1].Contains("superseded", StringComparison.Ordinal)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Write_AfterTheFirstRow_AllocatesNothing()
    {
        var path = Path.GetTempFileName();
        try
        {
            using var log = MetricsLog.Open(path, 0);
            for (var step = 1; step < 100; step++)
                log.Write(Report(step), null);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var step = 100; step < 200; step++)
                log.Write(Report(step), null);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void FromJson_OfWhatToJsonWrote_IsThePositionToTheBit()
    {
        var position = new RunPosition
        {
            Epoch = 3,
            StepInEpoch = 4,
            Step = 77,
            EpochSums = new StepSums(0.1 + 0.2, 5, 6, 7, 8),
            LastStep = (1.0 / 3, double.NaN, double.PositiveInfinity, true),
            RateFactor = 0.25,
            NonFiniteSteps = 2,
            EvaluatedStep = 70,
            Best = new BestEvaluation(60, -0.0),
            EvaluationsSinceBest = 1,
            Plateau = new Optimizers.PlateauState(1e-300, 1, 2),
            Optimizer = new Optimizers.UpdateScalars(9, 0.9 * 0.9, double.Epsilon),
        };
        Assert.Equal(position, RunPosition.FromJson(position.ToJson()));
        Assert.Equal(new RunPosition(), RunPosition.FromJson(new RunPosition().ToJson()));
        Assert.Throws<System.Text.Json.JsonException>(() => RunPosition.FromJson("{\"epoch\": 1}"u8.ToArray()));
    }

    private static StepReport Report(long step) => new(step, 200, 1, 1, 0.5 / step, 0.001, 2.25, 123456.7, 3, true);
}
