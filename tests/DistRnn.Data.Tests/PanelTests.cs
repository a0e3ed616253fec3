using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

/// <summary>Many series in one file: long, wide, and test rows that go on from the training ones.</summary>
public sealed class PanelTests
{
    private static readonly ForecastingDataOptions s_long = new()
    {
        Format = ForecastingFormat.Panel,
        Train = Given.Text("ds,id,y\n1,a,1\n1,b,10\n2,a,2\n3,a,3\n2,b,20\n4,a,4\n3,b,30\n4,b,40\n"),
        Test = Given.Text("id,ds,y\na,5,5\na,6,6\nb,5,50\nb,6,60\nb,7,70\n"),
        Series = "id",
        Time = "ds",
        InputLength = 3,
        Horizon = 2,
        Season = 1,
        Normalize = NormalizeKind.None,
    };

    [Fact]
    public void Long_TestRows_GoOnFromTrainWithOneForecastEach()
    {
        var data = Given.Load<ForecastingData>(s_long);
        Assert.Equal(["2 3 4", "30 40 50"], Given.Rows(data, PartKind.Test).Values);
        Assert.Equal(["a", "b"], [data.SeriesOf(PartKind.Test, 0), data.SeriesOf(PartKind.Test, 1)]);
        var values = new float[2];
        data.Actual(PartKind.Test, 1, values);
        Assert.Equal([60, 70], values);
        double[] scales = [0];
        data.MaseScales(PartKind.Test, 1, scales);
        Assert.Equal([10], scales);
    }

    [Fact]
    public void Long_SeriesShorterThanTheInput_HaveOneWindowOfWhatThereIs()
    {
        var data = Given.Load<ForecastingData>(s_long with { Test = null });
        Assert.Equal(2, data.Describe(PartKind.Train).Sequences);
        var batch = Given.Shard(data.CreateTrainingPlan(1, 2, 1, null), 0);
        Assert.Equal([2, 2], [batch.LengthOf(0), batch.LengthOf(1)]);
        Assert.Equal([1, 2, 3, 4, 10, 20, 30, 40], batch.Values.ToArray().Concat(batch.TargetValues.ToArray()).Order());
    }

    [Fact]
    public void Wide_TrailingBlanks_AreNotThere()
    {
        var wide = s_long with
        {
            Train = Given.Text("id,v1,v2,v3,v4,v5\na,1,2,3,4,\nb,10,20,30,40,\n"),
            Test = Given.Text("id,v1,v2,v3\na,5,6,\nb,50,60,70\n"),
            Wide = true,
            Time = null,
        };
        Assert.Equal(TaskData.Load(s_long, 1).Digest, TaskData.Load(wide, 1).Digest);
        Given.Error(wide with { Train = Given.Text("id,v1,v2\na,,2\n") }, "line 2: column v1 is empty");
        Given.Error(wide with { Train = Given.Text("id,v1,v2\na,,\n") }, "line 2: the series has no values");
        Given.Error(wide with { TimeFeatures = [TimeFeature.Hour] }, "data.time-features", "wide");
    }

    [Fact]
    public void Split_OfAPanel_CutsEverySeries()
    {
        var rows = string.Concat(Enumerable.Range(0, 20).Select(row => FormattableString.Invariant($"{(row % 2 == 0 ? "a" : "b")},{row}\n")));
        var data = Given.Load<ForecastingData>(s_long with { Train = Given.Text("id,y\n" + rows), Test = null, Time = null, Split = new() { Train = 0.7, Test = 0.3 } });
        Assert.Equal(["10 12 14", "11 13 15"], Given.Rows(data, PartKind.Test).Values);
        Assert.Equal(6, data.Describe(PartKind.Train).Sequences);
    }

    [Fact]
    public void Normalize_Series_IsEachSeriesOwn()
    {
        using var directory = new TemporaryDirectory();
        var options = s_long with { Normalize = NormalizeKind.Series };
        var data = Given.Load<ForecastingData>(options);
        var rows = Given.Rows(data, PartKind.Test);
        Assert.Equal(["-0.4472136 0.4472136 1.3416408", "0.4472136 1.3416408 2.236068"], rows.Values);
        data.SaveState(directory.Root);
        Given.Error(() => TaskData.LoadForUse(options, directory.Root, Given.Text("id,ds,y\nnew,1,5\n")), "the series \"new\"", "data.normalize is series");
        var used = Assert.IsType<ForecastingData>(TaskData.LoadForUse(options, directory.Root, Given.Text("id,ds,y\nb,1,30\nb,2,40\nb,3,50\n"), withTargets: false));
        Assert.Equal(rows[1], Given.Rows(used, PartKind.Test)[0]);
    }

    [Fact]
    public void Errors_OfAPanel_NameSeriesAndLine()
    {
        Given.Error(s_long with { Test = Given.Text("id,ds,y\nc,1,5\n") }, "line 2: the series \"c\" is not in the training data");
        Given.Error(s_long with { Test = Given.Text("id,ds,y\na,1,5\n") }, "data.horizon is 2", "the series \"a\" has 1 rows in test");
        Given.Error(s_long with { Season = 4 }, "data.season is 4", "the series \"a\" has 4 rows");
        Given.Error(s_long with { Train = Given.Text("id,ds,y\n,1,5\n") }, "line 2: the name of the series is empty");
        Given.Error(s_long with { Train = Given.Text("id,ds,y,z\na,1,5,6\n") }, "2 columns are neither series nor time", "data.value");
        Given.Error(s_long with { Series = "name" }, "no column \"name\" (data.series)");
        Given.Error(s_long with { Columns = ["y"] }, "format: csv");
        Given.Error(s_long with { Time = null, TimeFeatures = [TimeFeature.Hour], Value = "y" }, "data.time is not set");
    }
}
