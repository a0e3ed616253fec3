using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

/// <summary>Splits and the plan of independent sequences.</summary>
public sealed class PlanTests
{
    [Fact]
    public void TrainingPlan_AnEpoch_HasEverySequenceOnce()
    {
        var plan = Ragged(103).CreateTrainingPlan(5, 10, 4, null);
        Assert.Equal(11, plan.StepsIn(0));
        for (var epoch = 0; epoch < 3; epoch++)
            Assert.Equal(Enumerable.Range(0, 103).Select(id => (long)id), Given.RowIds(plan, epoch).Order());
    }

    [Fact]
    public void TrainingPlan_OrderDependsOnSeedAndEpochAlone()
    {
        var plan = Ragged(60).CreateTrainingPlan(5, 8, 3, null);
        var (first, second) = (Given.RowIds(plan, 0), Given.RowIds(plan, 1));
        Assert.NotEqual(first, second);
        Assert.Equal(second, Given.RowIds(Ragged(60).CreateTrainingPlan(5, 8, 3, null), 1));
        Assert.Equal(first, Given.RowIds(plan, 0));
        Assert.NotEqual(first, Given.RowIds(Ragged(60).CreateTrainingPlan(6, 8, 3, null), 0));
        Assert.Equal(first, Given.RowIds(Ragged(60).CreateTrainingPlan(5, 8, 2, null), 0));
    }

    [Fact]
    public void TrainingPlan_Batches_HoldSequencesOfAboutOneLength()
    {
        var plan = Ragged(1000).CreateTrainingPlan(1, 10, 1, null);
        var spreads = Enumerable.Range(0, 100).Select(step => Spread(Given.Shard(plan, step))).ToArray();
        Assert.True(spreads.Average() < 2, "A batch's lengths differ by " + spreads.Average());
        Assert.NotEqual(Lengths(plan), Lengths(plan).Order());
    }

    [Fact]
    public void TrainingPlan_ShortLastBatch_IsKeptAndLast()
    {
        var plan = Ragged(23).CreateTrainingPlan(1, 10, 4, null);
        Assert.Equal([3, 3, 2, 2], Enumerable.Range(0, 4).Select(shard => Given.Shard(plan, 0, shard).Rows));
        Assert.Equal([1, 1, 1, 0], Enumerable.Range(0, 4).Select(shard => Given.Shard(plan, 2, shard).Rows));
    }

    [Fact]
    public void TrainingPlan_BatchLargerThanTheData_IsOneShortBatch()
    {
        var plan = Ragged(3).CreateTrainingPlan(1, 100, 2, null);
        Assert.Equal((1, 2, 1), (plan.StepsIn(0), Given.Shard(plan, 0, 0).Rows, Given.Shard(plan, 0, 1).Rows));
        Assert.Throws<ArgumentOutOfRangeException>(() => Given.Shard(plan, 1));
    }

    [Fact]
    public void TrainingPlan_FilledFromManyThreads_GivesTheSameBatches()
    {
        var data = Ragged(200);
        var expected = Enumerable.Range(0, 4).Select(epoch => Given.RowIds(data.CreateTrainingPlan(3, 7, 3, null), epoch)).ToArray();
        var plan = data.CreateTrainingPlan(3, 7, 3, null);
        var found = new List<long>[16];
        var threads = Enumerable.Range(0, found.Length).Select(i => new Thread(() => found[i] = Given.RowIds(plan, i % 4))).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(Enumerable.Range(0, found.Length), i => Assert.Equal(expected[i % 4], found[i]));
    }

    [Fact]
    public void Fill_AfterTheLargestShard_AllocatesNothing()
    {
        var plan = Ragged(100).CreateTrainingPlan(1, 10, 2, null);
        var stream = Given.Load<LanguageModelData>(Given.Stream(new string('a', 4000))).CreateTrainingPlan(1, 10, 2, 20);
        var windows = Given.Load<ForecastingData>(Given.Counting(200) with { Base = KnownForecast.Seasonal, Normalize = NormalizeKind.Instance }).CreateTrainingPlan(1, 10, 2, null);
        foreach (var each in (ITrainingPlan[])[plan, stream, windows])
        {
            var batch = new SequenceBatch();
            FillEpoch(each, batch);
            FillEpoch(each, batch);
            var before = GC.GetAllocatedBytesForCurrentThread();
            FillEpoch(each, batch);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Fact]
    public void Fill_IntoABatchFullOfOtherThings_WritesEverything()
    {
        var data = Ragged(30);
        var (used, fresh) = (new SequenceBatch(), new SequenceBatch());
        Given.Load<ForecastingData>(Given.Counting(400)).CreateTrainingPlan(1, 300, 1, null).Fill(0, 0, 0, used);
        Given.Load<LanguageModelData>(Given.Stream(new string('x', 4000))).CreateTrainingPlan(1, 10, 1, 300).Fill(0, 0, 0, used);
        var plan = data.CreateTrainingPlan(1, 10, 1, null);
        plan.Fill(0, 1, 0, used);
        plan.Fill(0, 1, 0, fresh);
        Assert.Equal(fresh.Tokens(0).ToArray(), used.Tokens(0).ToArray());
        Assert.Equal(fresh.Targets.ToArray(), used.Targets.ToArray());
        Assert.Equal(fresh.RowIds.ToArray(), used.RowIds.ToArray());
        Assert.Equal((fresh.ValueSize, fresh.HasBase), (used.ValueSize, used.HasBase));
    }

    [Fact]
    public void EvaluationPlan_HasEverySequenceOnceSortedByLength()
    {
        var plan = Ragged(45).CreateEvaluationPlan(PartKind.Train, 10);
        var batch = new SequenceBatch();
        var (ids, lengths) = (new List<long>(), new List<int>());
        for (var shard = 0; shard < plan.Shards; shard++)
        {
            plan.Fill(shard, batch);
            ids.AddRange(batch.RowIds);
            lengths.AddRange(Enumerable.Range(0, batch.Rows).Select(batch.LengthOf));
        }
        Assert.Equal((5, 45L, 0), (plan.Shards, plan.Sequences, plan.Lanes));
        Assert.Equal(Enumerable.Range(0, 45).Select(id => (long)id), ids.Order());
        Assert.Equal(lengths.Order(), lengths);
    }

    [Fact]
    public void Split_Stratified_KeepsProportionsExactly()
    {
        var text = string.Concat(Enumerable.Range(0, 200).Select(i => FormattableString.Invariant($"{(i % 10 == 0 ? "rare" : "common")}\tw{i}\n")));
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, text) with { Split = new() { Train = 0.8, Valid = 0.1, Test = 0.1 } });
        Assert.Equal([160, 20, 20], Enum.GetValues<PartKind>().Select(part => data.Describe(part).Sequences));
        foreach (var (part, rare) in ((PartKind, int)[])[(PartKind.Train, 16), (PartKind.Valid, 2), (PartKind.Test, 2)])
        {
            var name = data.ClassNames.IndexOf("rare");
            Assert.Equal(rare, Enumerable.Range(0, (int)data.Describe(part).Sequences).Count(i => data.LabelsOf(part, i)[0] == name));
        }
    }

    [Fact]
    public void Split_Shuffled_DependsOnTheSeedAndLosesNothing()
    {
        var options = Given.Classes(ClassificationFormat.Csv, string.Concat(Enumerable.Range(0, 50).Select(i => FormattableString.Invariant($"a,{i}\n")))) with
        {
            Normalize = NormalizeKind.None,
            Split = new() { Train = 30, Valid = 10, Test = 5, InRows = true, Order = SplitOrder.Shuffled },
        };
        var (one, two) = (Given.Load<ClassificationData>(options, 1), Given.Load<ClassificationData>(options, 2));
        Assert.NotEqual(one.Digest, two.Digest);
        Assert.Equal(one.Digest, Given.Load<ClassificationData>(options, 1).Digest);
        var all = Enum.GetValues<PartKind>().SelectMany(part => Given.Rows(one, part).Values).ToArray();
        Assert.Equal((45, 45), (all.Length, all.Distinct().Count()));
    }

    [Fact]
    public void Split_ByFile_KeepsTheOrder()
    {
        var options = Given.Classes(ClassificationFormat.Csv, "a,0\na,1\na,2\na,3\na,4\n") with
        {
            Normalize = NormalizeKind.None,
            Split = new() { Train = 0.6, Test = 0.4, Order = SplitOrder.File },
        };
        var data = Given.Load<ClassificationData>(options);
        Assert.Equal(["0", "1", "2"], Given.Rows(data, PartKind.Train).Values);
        Assert.Equal(["3", "4"], Given.Rows(data, PartKind.Test).Values);
        Assert.False(data.Has(PartKind.Valid));
    }

    [Theory]
    [InlineData(0, 0.5, false, "data.split.parts.train is 0; a fraction is above 0")]
    [InlineData(0.5, 0, false, "data.split.parts.test is 0; a fraction is above 0")]
    [InlineData(1.5, 0.1, false, "data.split.parts.train is 1.5")]
    [InlineData(0.8, 0.3, false, "add up to 1.1")]
    [InlineData(double.NaN, 0.3, false, "data.split.parts.train is NaN")]
    [InlineData(3, 1, true, "asks for 4 sequences, but data.txt has 3")]
    [InlineData(1.5, 1, true, "data.split.parts.train is 1.5; rows are a whole number")]
    [InlineData(0.9, 0.05, false, "leaves no sequence to test")]
    public void Split_SharesThatDoNotFit_AreErrors(double train, double test, bool rows, string expected) =>
        Given.Error(Given.Classes(ClassificationFormat.Csv, "a,0\na,1\na,2\n") with { Split = new() { Train = train, Test = test, InRows = rows, Order = SplitOrder.File } }, expected);

    [Fact]
    public void Split_FractionsOfTenths_AddUpWithoutRounding() => Assert.Equal((7, 9, 10), Shares.Ends(new() { Train = 0.7, Valid = 0.2, Test = 0.1 }, 10, "x", "rows"));

    [Fact]
    public void Split_PartThatAlsoHasAFile_IsAnError() =>
        Given.Error(Given.Stream("abcdef") with { Test = Given.Text("abc"), Split = new() { Train = 0.5, Test = 0.5 } }, "data.test", "data.split.parts.test");

    private static ClassificationData Ragged(int count) =>
        Given.Load<ClassificationData>(Given.Classes(
            ClassificationFormat.Tsv, string.Concat(Enumerable.Range(0, count).Select(i => FormattableString.Invariant($"c{i % 3}\t{new string('x', 1 + i * 7 % 20)}\n"))), TokenKind.Char));

    private static int Spread(SequenceBatch batch)
    {
        int[] lengths = [.. Enumerable.Range(0, batch.Rows).Select(batch.LengthOf)];
        return lengths.Max() - lengths.Min();
    }

    private static List<int> Lengths(ITrainingPlan plan) => [.. Enumerable.Range(0, 50).Select(step => Given.Shard(plan, step).LengthOf(0))];

    private static void FillEpoch(ITrainingPlan plan, SequenceBatch batch)
    {
        for (var step = 0L; step < plan.StepsIn(0); step++)
            for (var shard = 0; shard < plan.Shards; shard++)
                plan.Fill(0, step, shard, batch);
    }
}
