using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

public sealed class ForecastingDataTests
{
    [Fact]
    public void Csv_Windows_PredictOnlyTheirOwnPartsRows()
    {
        var data = Given.Load<ForecastingData>(Given.Counting(20) with { Split = new() { Train = 10, Valid = 4, Test = 5, InRows = true } });
        Assert.Equal([6, 3, 4], Enum.GetValues<PartKind>().Select(part => data.Describe(part).Sequences));
        Assert.Equal(["7 8 9", "8 9 10", "9 10 11"], Given.Rows(data, PartKind.Valid).Values);
        Assert.Equal([10, 11, 12], Enumerable.Range(0, 3).Select(window => data.RowOf(PartKind.Valid, window)));
        var plan = data.CreateTrainingPlan(1, 100, 1, null);
        var batch = Given.Shard(plan, 0);
        for (var row = 0; row < batch.Rows; row++)
            Assert.Equal([batch.Values[3 * row + 2] + 1, batch.Values[3 * row + 2] + 2], batch.TargetValues.Slice(2 * row, 2).ToArray());
        Assert.Equal(9, batch.TargetValues.ToArray().Max());
    }

    [Fact]
    public void Csv_FilesOfTheirOwn_GoOnFromThePartBefore()
    {
        var data = Given.Load<ForecastingData>(Given.Counting(10) with { Test = Given.Text("y\n10\n11\n12\n") });
        Assert.Equal(["7 8 9", "8 9 10"], Given.Rows(data, PartKind.Test).Values);
    }

    [Fact]
    public void Csv_ColumnsAndTargets_AreChosenByName()
    {
        var options = Table("date,a,b,c\n", row => FormattableString.Invariant($"2020-01-01,{row},{10 * row},{100 * row}\n"), 12) with
        {
            TimeColumn = "date",
            Columns = ["c", "a"],
            Targets = ["b"],
            Normalize = NormalizeKind.None,
        };
        var data = Given.Load<ForecastingData>(options);
        Assert.Equal((2, 2, "b"), (data.ValueSize, data.Outputs, data.TargetNames.Single()));
        var batch = Given.Shard(data.CreateTrainingPlan(1, 100, 1, null), 0);
        var first = batch.Values[1];
        Assert.Equal([100 * first, first, 100 * (first + 1), first + 1], batch.Values[..4].ToArray());
        Assert.Equal([10 * (first + 3), 10 * (first + 4)], batch.TargetValues[..2].ToArray());
    }

    [Fact]
    public void Csv_DefaultColumns_AreAllButTheTime()
    {
        var data = Given.Load<ForecastingData>(Table("date,a,b\n", row => FormattableString.Invariant($"2020-01-01,{row},{row}\n"), 12) with { TimeColumn = "date" });
        Assert.Equal((2, 4), (data.ValueSize, data.Outputs));
        Assert.Equal(["a", "b"], data.TargetNames);
    }

    [Fact]
    public void ColumnsApart_AWindow_IsASequenceForEachTarget()
    {
        var options = Table("date,a,b\n", row => FormattableString.Invariant($"2020-01-01,{row},{10 * row}\n"), 12) with
        {
            TimeColumn = "date",
            Targets = ["b", "a"],
            ColumnsApart = true,
            Normalize = NormalizeKind.None,
        };
        var data = Given.Load<ForecastingData>(options);
        Assert.Equal((1, 2, 2, 1), (data.ValueSize, data.Outputs, data.SequencesPerWindow, data.TargetsPerSequence));
        Assert.Equal(["b", "a"], data.TargetNames);
        Assert.Equal(16, data.Describe(PartKind.Train).Sequences);
        Assert.Equal(16 * 2, data.Describe(PartKind.Train).Targets);
        Assert.Equal(["0 10 20", "0 1 2", "10 20 30", "1 2 3"], Given.Rows(data, PartKind.Train).Values.Take(4));
        Assert.Equal([3, 3, 4, 4], Enumerable.Range(0, 4).Select(sequence => data.RowOf(PartKind.Train, sequence)));
        Assert.Equal(SeriesTable.Only, data.SeriesOf(PartKind.Train, 15));
        Assert.Equal(16, Given.RowIds(data.CreateTrainingPlan(1, 5, 2, null), 0).Distinct().Count());
        Assert.NotEqual(data.Digest, Given.Load<ForecastingData>(options with { ColumnsApart = false }).Digest);
    }

    [Theory]
    [InlineData(NormalizeKind.None)]
    [InlineData(NormalizeKind.Standard)]
    [InlineData(NormalizeKind.Instance)]
    [InlineData(NormalizeKind.Series)]
    public void ColumnsApart_ASequence_IsThatOfItsColumnAlone(NormalizeKind normalize)
    {
        var options = Table("when,a,b,c\n", row => FormattableString.Invariant($"2024-01-{1 + row:00},{row * row},{100 - row % 5},{row % 3}\n"), 20) with
        {
            TimeColumn = "when",
            TimeFeatures = [TimeFeature.Weekday],
            Normalize = normalize,
            Base = KnownForecast.Seasonal,
            Split = new() { Train = 0.5, Valid = 0.25, Test = 0.25 },
            Columns = ["a", "b", "c"],
            ColumnsApart = true,
        };
        var data = Given.Load<ForecastingData>(options);
        Assert.Equal(4, data.ValueSize);
        var (apart, alone) = (new SequenceBatch(), new SequenceBatch());
        var (values, expected) = (new float[2], new float[2]);
        var (scale, expectedScale) = (new double[1], new double[1]);
        for (var target = 0; target < 3; target++)
        {
            var column = Given.Load<ForecastingData>(options with { Columns = [options.Columns[target]], ColumnsApart = false });
            var plan = data.CreateEvaluationPlan(PartKind.Test, 1);
            Assert.Equal(3 * column.CreateEvaluationPlan(PartKind.Test, 1).Sequences, plan.Sequences);
            for (var window = 0; window < plan.Sequences / 3; window++)
            {
                var sequence = 3 * window + target;
                plan.Fill(sequence, apart);
                column.CreateEvaluationPlan(PartKind.Test, 1).Fill(window, alone);
                Assert.Equal(sequence, apart.RowIds[0]);
                Assert.Equal(alone.Values, apart.Values);
                Assert.Equal(alone.TargetValues, apart.TargetValues);
                Assert.Equal(alone.BaseValues, apart.BaseValues);
                column.NaiveForecast(PartKind.Test, window, expected);
                data.NaiveForecast(PartKind.Test, sequence, values);
                Assert.Equal(expected, values);
                column.ToNormalized(PartKind.Test, window, expected);
                data.ToNormalized(PartKind.Test, sequence, values);
                Assert.Equal(expected, values);
                column.ToOriginal(PartKind.Test, window, expected);
                data.ToOriginal(PartKind.Test, sequence, values);
                Assert.Equal(expected, values);
                column.MaseScales(PartKind.Test, window, expectedScale);
                data.MaseScales(PartKind.Test, sequence, scale);
                Assert.Equal(expectedScale, scale);
            }
        }
    }

    [Fact]
    public void ColumnsApart_AColumnThatIsNoTarget_IsReadByAll()
    {
        var options = Table("a,b,c\n", row => FormattableString.Invariant($"{row},{10 * row},{100 * row}\n"), 12) with
        {
            Targets = ["a", "c"],
            ColumnsApart = true,
            Normalize = NormalizeKind.None,
            Base = KnownForecast.Last,
        };
        var data = Given.Load<ForecastingData>(options);
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Train, 2).Fill(0, batch);
        Assert.Equal([0, 0, 0, 0, 1, 10, 1, 10, 2, 20, 1, 10], batch.Values[..12].ToArray());
        Assert.Equal([0, 0, 0, 0, 100, 10, 100, 10, 200, 20, 100, 10], batch.Values[12..].ToArray());
        Assert.Equal([3, 4, 300, 400], batch.TargetValues.ToArray());
        Assert.Equal([2, 2, 200, 200], batch.BaseValues.ToArray());
    }

    [Fact]
    public void ColumnsApart_ForUse_ForecastsEveryColumnBehindTheEnd()
    {
        using var directory = new TemporaryDirectory();
        var options = Table("a,b\n", row => FormattableString.Invariant($"{row},{row * row}\n"), 12) with { ColumnsApart = true };
        Given.Load<ForecastingData>(options).SaveState(directory.Root);
        var data = Assert.IsType<ForecastingData>(TaskData.LoadForUse(options, directory.Root, options.Train, withTargets: false));
        Assert.Equal(2, data.CreateEvaluationPlan(PartKind.Test, 4).Sequences);
        float[] values = [0, 0];
        data.ToOriginal(PartKind.Test, 0, values);
        Assert.Equal([5.5f, 5.5f], values);
        values = [0, 0];
        data.ToOriginal(PartKind.Test, 1, values);
        Assert.Equal(506f / 12, values[1]);
    }

    [Fact]
    public void ColumnsApart_WhatCannotBe_NamesTheKey()
    {
        var options = Table("a,b\n", row => FormattableString.Invariant($"{row},{row}\n"), 12) with { ColumnsApart = true };
        Given.Error(options with { Columns = ["a"], Targets = ["b"] }, "data.targets names \"b\", which is not among data.columns", "data.columns-apart");
        Given.Error(options with { Format = ForecastingFormat.Panel }, "data.columns-apart is for format: csv");
    }

    [Fact]
    public void TimeFeatures_AreSineAndCosineOfTheCycle()
    {
        var options = Table("when,y\n", row => FormattableString.Invariant($"2024-01-{1 + row:00} 06:15:00,{row}\n"), 20) with
        {
            TimeColumn = "when",
            TimeFeatures = [TimeFeature.Hour, TimeFeature.Weekday, TimeFeature.Minute],
            InputLength = 8,
            Normalize = NormalizeKind.None,
        };
        var data = Given.Load<ForecastingData>(options);
        Assert.Equal(7, data.ValueSize);
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Train, 1).Fill(0, batch);
        // The first of January 2024 was a Monday; the eighth is one again.
        Assert.Equal([0, 1, 0, 0, 1, 1, 0], batch.Values[..7].ToArray().Select(value => MathF.Round(value, 5)));
        Assert.Equal(batch.Values.Slice(3, 2).ToArray(), batch.Values.Slice(7 * 7 + 3, 2).ToArray());
        Assert.Equal(0.78183, batch.Values[7 + 3], 5);
    }

    [Theory]
    [InlineData("2016-07-01 13:05:00", 13, 5)]
    [InlineData("2016-07-01T13:05:00Z", 13, 5)]
    [InlineData("2016-07-01T13:05:00+09:00", 13, 5)]
    [InlineData("2016-07", 0, 0)]
    [InlineData("1949", 0, 0)]
    [InlineData("201607011305", 13, 5)]
    public void TryParse_TimesAsFilesHaveThem_AreRead(string text, int hour, int minute)
    {
        Assert.True(TimeInputs.TryParse(text, out var time));
        Assert.Equal((hour, minute), (time.Hour, time.Minute));
    }

    [Theory]
    [InlineData("17")]
    [InlineData("soon")]
    [InlineData("")]
    public void TryParse_OtherTexts_AreNoTimes(string text) => Assert.False(TimeInputs.TryParse(text, out _));

    [Fact]
    public void Normalize_Standard_IsFittedOnTheTrainingPart()
    {
        var options = Table("y\n", row => row < 10 ? (row % 2 == 0 ? "1\n" : "3\n") : "1000\n", 20) with { Split = new() { Train = 0.5, Test = 0.5 } };
        var data = Given.Load<ForecastingData>(options);
        Assert.Equal("1 -1 1", Given.Rows(data, PartKind.Test)[0]);
        float[] values = [1, -1];
        data.ToOriginal(PartKind.Test, 0, values);
        Assert.Equal([3, 1], values);
        data.ToNormalized(PartKind.Test, 0, values);
        Assert.Equal([1, -1], values);
    }

    [Fact]
    public void Normalize_Instance_IsTheWindowsOwn()
    {
        var data = Given.Load<ForecastingData>(Given.Counting(20, input: 2) with { Normalize = NormalizeKind.Instance });
        Assert.All(Given.Rows(data, PartKind.Train).Values, values => Assert.Equal("-1 1", values));
        float[] values = [3, 5];
        data.ToOriginal(PartKind.Train, 4, values);
        Assert.Equal([6, 7], values);
    }

    [Theory]
    [InlineData(NormalizeKind.Standard)]
    [InlineData(NormalizeKind.Instance)]
    [InlineData(NormalizeKind.Series)]
    public void Normalize_ConstantColumn_IsOnlyCentred(NormalizeKind kind)
    {
        var data = Given.Load<ForecastingData>(Table("y\n", _ => "0.1\n", 20) with { Normalize = kind });
        Assert.All(Given.Rows(data, PartKind.Train).Values, values => Assert.All(values.Split(' '), value => Assert.Equal(0, float.Parse(value, System.Globalization.CultureInfo.InvariantCulture), 6)));
        double[] scale = [-1];
        data.MaseScales(PartKind.Train, 0, scale);
        Assert.Equal([0], scale);
    }

    [Fact]
    public void Forecasts_LastAndSeasonal_AreKnownValues()
    {
        var data = Given.Load<ForecastingData>(Given.Counting(30, input: 4, horizon: 5, season: 3));
        var values = new float[5];
        data.NaiveForecast(PartKind.Train, 2, values);
        Assert.Equal([5, 5, 5, 5, 5], values);
        data.SeasonalForecast(PartKind.Train, 2, values);
        Assert.Equal([3, 4, 5, 3, 4], values);
        data.Actual(PartKind.Train, 2, values);
        Assert.Equal([6, 7, 8, 9, 10], values);
        double[] scales = [0];
        data.MaseScales(PartKind.Train, 2, scales);
        Assert.Equal([3], scales);
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Actual(PartKind.Train, 2, new float[4]));
    }

    [Theory]
    [InlineData(KnownForecast.Last, "5 5 5 5 5")]
    [InlineData(KnownForecast.Seasonal, "3 4 5 3 4")]
    public void Base_OfAWindow_StandsInTheBatch(KnownForecast kind, string expected)
    {
        var data = Given.Load<ForecastingData>(Given.Counting(30, input: 4, horizon: 5, season: 3) with { Base = kind });
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Train, 3).Fill(0, batch);
        Assert.True(batch.HasBase);
        Assert.Equal(expected, string.Join(' ', batch.BaseValues.Slice(10, 5).ToArray()));
    }

    [Theory]
    [InlineData(KnownForecast.None, "0 1 2 3")]
    [InlineData(KnownForecast.Last, "0 0 1 1 2 1 3 1")]
    [InlineData(KnownForecast.Seasonal, "0 0 1 0 2 0 3 3")]
    public void Base_OfTheRowsRead_StandsBesideTheirValues(KnownForecast kind, string expected)
    {
        var data = Given.Load<ForecastingData>(Given.Counting(30, input: 4, horizon: 5, season: 3) with { Base = kind });
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Train, 1).Fill(0, batch);
        Assert.Equal(expected, string.Join(' ', batch.Values.ToArray()));
        Assert.Equal(kind == KnownForecast.None ? 1 : 2, data.ValueSize);
    }

    [Fact]
    public void Base_WithScalesAndTimes_StandsBetweenThemInDeviations()
    {
        var options = Table("when,y\n", row => FormattableString.Invariant($"2024-01-{1 + row:00},{row * row}\n"), 20) with
        {
            TimeColumn = "when",
            TimeFeatures = [TimeFeature.Weekday],
            Base = KnownForecast.Last,
        };
        var data = Given.Load<ForecastingData>(options);
        var (batch, plain) = (new SequenceBatch(), new SequenceBatch());
        data.CreateEvaluationPlan(PartKind.Train, 1).Fill(4, batch);
        Given.Load<ForecastingData>(options with { Base = KnownForecast.None }).CreateEvaluationPlan(PartKind.Train, 1).Fill(4, plain);
        for (var step = 0; step < 3; step++)
        {
            Assert.Equal(plain.Values.Slice(3 * step, 1), batch.Values.Slice(4 * step, 1));
            Assert.Equal(plain.Values.Slice(3 * step + 1, 2), batch.Values.Slice(4 * step + 2, 2));
        }
        Assert.Equal(batch.Values[4] - batch.Values[0], batch.Values[5], 1e-6);
    }

    [Fact]
    public void SeasonalBase_TrainingWindows_HaveASeasonBeforeThem()
    {
        var data = Given.Load<ForecastingData>(Given.Counting(12, input: 1, horizon: 1, season: 6) with { Base = KnownForecast.Seasonal });
        Assert.Equal(6, data.Describe(PartKind.Train).Sequences);
        Assert.Equal(11, Given.Load<ForecastingData>(Given.Counting(12, input: 1, horizon: 1, season: 6)).Describe(PartKind.Train).Sequences);
    }

    [Fact]
    public void SequenceOfOneStep_IsAWindow() =>
        Assert.Equal(["2"], Given.Rows(Given.Load<ForecastingData>(Given.Counting(4, input: 1, horizon: 1, season: 1) with { Split = new() { Train = 3, Test = 1, InRows = true } }), PartKind.Test).Values);

    [Fact]
    public void HorizonLongerThanThePart_IsAnError() =>
        Given.Error(Given.Counting(20, horizon: 3) with { Split = new() { Train = 18, Test = 2, InRows = true } }, "data.horizon is 3", "2 rows in test");

    [Fact]
    public void SeasonLongerThanTheSeries_IsAnError() => Given.Error(Given.Counting(20, season: 20), "data.season is 20", "20 rows to train on");

    [Fact]
    public void TooFewRowsToTrain_SayHowManyAreNeeded() => Given.Error(Given.Counting(5, input: 4), "5 rows", "need 6");

    [Fact]
    public void IntegerRowsBeyondTheData_AreAnError() =>
        Given.Error(Given.Counting(20) with { Split = new() { Train = 15, Test = 6, InRows = true } }, "asks for 21 rows", "data.txt has 20");

    [Theory]
    [InlineData("y\n1\nNaN\n", "line 3: column y has \"NaN\"; a finite number is expected")]
    [InlineData("y,z\n1,2\n,3\n", "line 3: column y is empty")]
    [InlineData("y\n1\n-Infinity\n", "line 3: column y has \"-Infinity\"")]
    [InlineData("y\n1\nx\n", "line 3: column y has \"x\"; a number is expected")]
    [InlineData("y,z\n1,2\n3\n", "line 3: there are 1 cells; the header has 2")]
    [InlineData("y,z\n1,2\n3,4,5\n", "line 3: there are 3 cells; the header has 2")]
    [InlineData("y,z,y\n1,2,3\n", "line 1: the column \"y\" stands 2 times")]
    [InlineData("y\n", "has a header and no rows")]
    [InlineData("", "is empty")]
    [InlineData("y\n1\n\"2\n", "this is not CSV")]
    public void Csv_MalformedFile_IsNamed(string text, string expected) => Given.Error(new ForecastingDataOptions { Train = Given.Text(text) }, "data.txt", expected);

    [Fact]
    public void Csv_MissingColumnsAndTimes_AreNamed()
    {
        var options = Table("when,y\n", row => FormattableString.Invariant($"t{row},{row}\n"), 20) with { TimeColumn = "when" };
        Assert.Equal(1, Given.Load<ForecastingData>(options).ValueSize);
        Given.Error(options with { Columns = ["z"] }, "no column \"z\" (data.columns)", "when, y");
        Given.Error(options with { Targets = ["z"] }, "no column \"z\" (data.targets)");
        Given.Error(options with { TimeFeatures = [TimeFeature.Hour] }, "line 2: \"t0\" is not a time");
        Given.Error(options with { TimeColumn = null, Columns = ["y"], TimeFeatures = [TimeFeature.Hour] }, "data.time-column is not set");
        Given.Error(options with { Columns = ["y", "y"] }, "data.columns names a column twice");
        Given.Error(options with { Wide = true }, "data.wide");
        Given.Error(options with { Series = "when" }, "format: panel");
        Given.Error(options with { Horizon = 0 }, "data.horizon is 0");
        Given.Error(options with { Split = new() { Train = 0.5, Order = SplitOrder.Shuffled } }, "data.split.order is shuffled");
    }

    [Fact]
    public void Csv_CrLfBomAndQuotes_MakeNoDifference()
    {
        var plain = Table("y,z\n", row => FormattableString.Invariant($"{row},1\n"), 12);
        var windows = Table("\ufeff\"y\", \"z\"\r\n", row => FormattableString.Invariant($"\"{row}\", 1\r\n"), 12);
        Assert.Equal(TaskData.Load(plain, 1).Digest, TaskData.Load(windows, 1).Digest);
    }

    [Fact]
    public void LoadForUse_WithTargets_JudgesTheFilesOwnRows()
    {
        using var directory = new TemporaryDirectory();
        var options = Given.Counting(20) with { Normalize = NormalizeKind.Standard };
        var data = Given.Load<ForecastingData>(options);
        data.SaveState(directory.Root);
        var used = Assert.IsType<ForecastingData>(TaskData.LoadForUse(options, directory.Root, options.Train));
        Assert.Equal(Given.Rows(data, PartKind.Train), Given.Rows(used, PartKind.Test));
        double[] scales = [0];
        used.MaseScales(PartKind.Test, 5, scales);
        Assert.Equal([2], scales);
    }

    [Theory]
    [InlineData(KnownForecast.None)]
    [InlineData(KnownForecast.Seasonal)]
    public void LoadForUse_WithoutTargets_ForecastsBehindTheEnd(KnownForecast kind)
    {
        using var directory = new TemporaryDirectory();
        var options = Given.Counting(20) with { Base = kind };
        Given.Load<ForecastingData>(options).SaveState(directory.Root);
        var data = Assert.IsType<ForecastingData>(TaskData.LoadForUse(options, directory.Root, Given.Text("extra,y\nx,5\nx,6\nx,7\nx,8\n"), withTargets: false));
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Test, 4).Fill(0, batch);
        Assert.Equal(kind == KnownForecast.None ? [6, 7, 8] : [6, 0, 7, 2, 8, 2], batch.Values.ToArray());
        Assert.Equal((TargetKind.None, 4L), (batch.TargetKind, data.RowOf(PartKind.Test, 0)));
        Assert.Equal(kind == KnownForecast.None ? [] : [7, 8], batch.BaseValues.ToArray());
        Given.Error(() => TaskData.LoadForUse(options, directory.Root, Given.Text("y\n1\n2\n"), withTargets: false), "2 rows", "needs 3");
    }

    private static ForecastingDataOptions Table(string header, Func<int, string> row, int rows) => new()
    {
        Train = Given.Text(header + string.Concat(Enumerable.Range(0, rows).Select(row))),
        InputLength = 3,
        Horizon = 2,
        Season = 2,
    };
}
