using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

public sealed class WordVectorDataTests
{
    private const string Alphabet = "a b c d e f g h i j k l m n o p\n";

    [Fact]
    public void Load_AText_HasItsWordsAndTheirCountsButNoSpecials()
    {
        var data = Load("b a\na c\n");

        Assert.Equal(["<unk>", "<eos>", "a", "b", "c"], data.ClassNames);
        Assert.Equal([0, 0, 2, 1, 1], data.WordCounts);
        Assert.Equal(TargetKind.ClassPerSequence, data.TargetKind);
    }

    [Fact]
    public void Load_FewerThanTwoWords_IsRefused() =>
        Given.Error(new WordVectorDataOptions { Train = Given.Text("a a a b\n"), MinCount = 2 }, "data.min-count");

    [Fact]
    public void Fill_ALine_HasTheNeighboursOfEachWordAndNothingBeyondTheLine()
    {
        var data = Load("a b c\nd e\n", window: 1);

        var rows = Rows(data.CreateTrainingPlan(1, 8, 1, null), 0);

        Assert.Equal(["a: b", "b: a c", "c: b", "d: e", "e: d"], rows.Select(row => InWords(data, row)));
    }

    [Fact]
    public void Fill_UnknownWords_AreAsIfTheyWereNotThere()
    {
        var data = Given.Load<WordVectorData>(new WordVectorDataOptions { Train = Given.Text("a x b b a\n"), MinCount = 2, Window = 1, Subsample = null });

        Assert.Equal(["a: b", "b: a b", "b: b a", "a: b"], Rows(data.CreateTrainingPlan(1, 8, 1, null), 0).Select(row => InWords(data, row)));
    }

    [Fact]
    public void Fill_AWindow_HasEveryReachAboutEquallyOften()
    {
        const int Window = 4;
        var text = string.Join(' ', Enumerable.Range(0, 8000).Select(i => $"w{i % 100}")) + "\n";
        var plan = Load(text, window: Window).CreateTrainingPlan(3, 1000, 2, null);

        var reaches = Rows(plan, 0).Where(row => row.Id is >= Window and < 8000 - Window).GroupBy(row => row.Context.Length / 2).ToDictionary(group => group.Key, group => group.Count());

        Assert.Equal(Enumerable.Range(1, Window), reaches.Keys.Order());
        Assert.All(reaches.Values, count => Assert.InRange(count, 1800, 2200));
    }

    [Fact]
    public void Fill_Subsampling_KeepsFrequentWordsAsRarelyAsItShould()
    {
        const double Subsample = 0.05;
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => i % 2 == 0 ? "the " : $"w{i % 50} ")) + "\n";
        var data = Load(text, subsample: Subsample);
        var plan = data.CreateTrainingPlan(1, 4096, 4, null);
        var the = data.Vocabulary.IdOf("the");
        var keep = Math.Sqrt(Subsample / 0.5) + Subsample / 0.5;

        var kept = Rows(plan, 0);

        Assert.Equal(keep, kept.Count(row => row.Centre == the) / 10_000.0, 0.02);
        Assert.Equal(10_000, kept.Count(row => row.Centre != the));
        Assert.NotEqual(kept.Select(row => row.Id), Rows(plan, 1).Select(row => row.Id));
    }

    [Fact]
    public void Fill_BatchesAndShards_OnlyDivideTheEpoch()
    {
        var data = Load(string.Concat(Enumerable.Repeat(Alphabet, 40)), window: 3, subsample: 0.03);
        var expected = Rows(data.CreateTrainingPlan(5, 1, 1, null), 1).Select(row => InWords(data, row)).ToArray();

        foreach (var (batch, shards) in new[] { (7, 3), (64, 5), (1000, 4), (130, 1) })
            Assert.Equal(expected, Rows(data.CreateTrainingPlan(5, batch, shards, null), 1).Select(row => InWords(data, row)));
    }

    [Fact]
    public void Fill_AnEpoch_HasEveryPositionOnceInAnOrderOfItsOwn()
    {
        var data = Load(string.Concat(Enumerable.Repeat(Alphabet, 40)));
        var plan = data.CreateTrainingPlan(5, 100, 2, null);

        var (first, second) = (Rows(plan, 0).Select(row => row.Id).ToArray(), Rows(plan, 1).Select(row => row.Id).ToArray());

        Assert.Equal(40 * 16, first.Distinct().Count());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, second);
        Assert.Equal(40 * 16, Words(plan, 0));
    }

    [Fact]
    public void Fill_LongRunsOfDroppedWords_AreLookedBeyond()
    {
        var text = "left " + string.Concat(Enumerable.Repeat("the ", 5000)) + "right\n";
        var data = Load(text, window: 1, subsample: 3e-4);
        var right = data.Vocabulary.IdOf("right");

        var row = Assert.Single(Rows(data.CreateTrainingPlan(1, 6000, 1, null), 0), row => row.Centre == right);

        Assert.Single(row.Context);
    }

    [Fact]
    public void Digest_WindowAndSubsample_AreInIt()
    {
        var digests = new[] { Load(Alphabet), Load(Alphabet, window: 4), Load(Alphabet, subsample: 0.1) }.Select(data => data.Digest);

        Assert.Equal(3, digests.Distinct().Count());
    }

    [Fact]
    public void Analogies_AFile_AreSectionsWithTheKnownQuestions()
    {
        var data = Given.Load<WordVectorData>(new WordVectorDataOptions
        {
            Train = Given.Text(Alphabet),
            Analogies = TextSource.FromText("questions.txt", ": one two\nA b c D\na b c zz\n\n: three\ne f g h\n"),
        });

        Assert.Equal(["one two", "three"], data.Analogies!.Sections);
        Assert.Equal(1, data.Analogies.Skipped);
        Assert.Equal([0, 1], data.Analogies.Questions.Select(question => question.Section));
        Assert.Equal(["a", "b", "c", "d"], new[] { data.Analogies.Questions[0].A, data.Analogies.Questions[0].B, data.Analogies.Questions[0].C, data.Analogies.Questions[0].D }.Select(id => data.ClassNames[id]));
        Assert.Contains(data.Files, file => file.Name == "questions.txt");
    }

    [Theory]
    [InlineData(": a\na b c\n", "line 2")]
    [InlineData(":\na b c d\n", "line 1")]
    public void Analogies_AMalformedFile_IsRefusedWithItsLine(string text, string line) =>
        Given.Error(new WordVectorDataOptions { Train = Given.Text(Alphabet), Analogies = TextSource.FromText("questions.txt", text) }, "questions.txt", line);

    [Fact]
    public void Similarities_AFile_ArePairsAndScores()
    {
        var data = Given.Load<WordVectorData>(new WordVectorDataOptions { Train = Given.Text(Alphabet), Similarities = TextSource.FromText("pairs.txt", "# comment\nA\tb\t7.5\nb zz 1\n") });

        var pair = Assert.Single(data.Similarities!.Pairs);
        Assert.Equal(("a", "b", 7.5), (data.ClassNames[pair.First], data.ClassNames[pair.Second], pair.Score));
        Assert.Equal(1, data.Similarities.Skipped);
        Given.Error(new WordVectorDataOptions { Train = Given.Text(Alphabet), Similarities = TextSource.FromText("pairs.txt", "a b much\n") }, "pairs.txt, line 1");
    }

    [Fact]
    public void CreateEvaluationPlan_NoTestText_IsTheTrainingTextsBeginningAndAlwaysTheSame()
    {
        var data = Load(string.Concat(Enumerable.Repeat(Alphabet, 500)));

        Assert.True(data.Has(PartKind.Test));
        Assert.False(data.HasTestText);
        Assert.Equal(Given.Rows(data, PartKind.Test), Given.Rows(data, PartKind.Test));
        Assert.Equal(500 * 16, Given.Rows(data, PartKind.Test).Count);
    }

    [Fact]
    public void LoadForUse_ASavedVocabulary_ReadsANewText()
    {
        var directory = Directory.CreateTempSubdirectory("distrnn-data-").FullName;
        try
        {
            var options = new WordVectorDataOptions { Train = Given.Text(Alphabet), Subsample = null };
            var trained = Given.Load<WordVectorData>(options);
            trained.SaveState(directory);

            var used = Assert.IsType<WordVectorData>(TaskData.LoadForUse(options, directory, TextSource.FromText("new.txt", "a b new c\n")));

            Assert.Equal(trained.WordCounts, used.WordCounts);
            Assert.Equal(3, Given.Rows(used, PartKind.Test).Count);
            Assert.False(used.Has(PartKind.Train));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static WordVectorData Load(string text, int window = 5, double? subsample = null) =>
        Given.Load<WordVectorData>(new WordVectorDataOptions { Train = Given.Text(text), Window = window, Subsample = subsample });

    private static List<Row> Rows(ITrainingPlan plan, int epoch)
    {
        var rows = new List<Row>();
        for (var step = 0L; step < plan.StepsIn(epoch); step++)
        {
            for (var shard = 0; shard < plan.Shards; shard++)
            {
                var batch = Given.Shard(plan, step, shard, epoch);
                for (var row = 0; row < batch.Rows; row++)
                    rows.Add(new Row(batch.RowIds[row], batch.Targets[row], batch.Tokens(0).Slice(batch.Offsets[row], batch.LengthOf(row)).ToArray()));
            }
        }
        return rows;
    }

    private static long Words(ITrainingPlan plan, int epoch)
    {
        var words = 0L;
        for (var step = 0L; step < plan.StepsIn(epoch); step++)
            for (var shard = 0; shard < plan.Shards; shard++)
                words += Given.Shard(plan, step, shard, epoch).SourceTokens;
        return words;
    }

    private static string InWords(WordVectorData data, Row row) => $"{data.ClassNames[row.Centre]}: {string.Join(' ', row.Context.Select(word => data.ClassNames[word]))}";

    private sealed record Row(long Id, int Centre, int[] Context);
}
