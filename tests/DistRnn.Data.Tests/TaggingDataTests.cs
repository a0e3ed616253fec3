using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

public sealed class TaggingDataTests
{
    private const string Sentences = "The\tDET\tO\nRhine\tNOUN\tB-river\n\nrains DET O\n \n";

    [Fact]
    public void Conll_TabsSpacesAndBlankLines_MakeSentences()
    {
        var data = Given.Load<TaggingData>(Given.Tags(Sentences));
        Assert.Equal(["O", "B-river"], data.ClassNames);
        Assert.Equal([2, 1], data.LabelCounts);
        Assert.Equal(["1 2", "3"], Given.Rows(data, PartKind.Train).Values);
        Assert.Equal([0, 1], data.LabelsOf(PartKind.Train, 0).ToArray());
        Assert.NotNull(data.Spans);
    }

    [Fact]
    public void Conll_Features_HaveVocabulariesOfTheirOwn()
    {
        var data = Given.Load<TaggingData>(Given.Tags(Sentences) with { Columns = new() { Features = [1], Tag = 2 }, MinCount = 2 });
        Assert.Equal(["<unk>"], data.Vocabularies[0].Tokens);
        Assert.Equal(["<unk>", "DET", "NOUN"], data.Vocabularies[1].Tokens);
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Train, 4).Fill(0, batch);
        Assert.Equal(2, batch.TokenColumns);
        Assert.Equal([1, 1, 2], batch.Tokens(1).ToArray());
        Assert.Equal([0, 0, 1], batch.Targets.ToArray());
    }

    [Fact]
    public void Conll_WithCharacters_SpellsEveryTokenOfABatchInItsOrder()
    {
        var data = Given.Load<TaggingData>(Given.Tags("ab X\nB9 X\n\na\U0001F600 Y\n") with { WithCharacters = true, Lowercase = true, ZeroDigits = true, MinCount = 2 });
        Assert.Equal(["<unk>", "a", "b", "B", "9", "\U0001F600"], data.Characters!.Tokens);
        Assert.Equal([2, 1, 1, 1, 1], data.Characters.Counts.Skip(1));
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Train, 4).Fill(0, batch);
        Assert.Equal([0, 1, 3], batch.Offsets.ToArray());
        Assert.Equal([0, 2, 4, 6], batch.CharacterSequences.Offsets.ToArray());
        Assert.Equal([1, 5, 1, 2, 3, 4], batch.CharacterSequences.Tokens(0).ToArray());
    }

    [Fact]
    public void Conll_WithoutCharacters_IsOtherData()
    {
        var options = Given.Tags(Sentences);
        Assert.Null(Given.Load<TaggingData>(options).Characters);
        Assert.NotEqual(Given.Load<TaggingData>(options).Digest, Given.Load<TaggingData>(options with { WithCharacters = true }).Digest);
        Assert.NotEqual(
            Given.Load<TaggingData>(Given.Tags("Ab X\n") with { WithCharacters = true, Lowercase = true }).Digest,
            Given.Load<TaggingData>(Given.Tags("ab X\n") with { WithCharacters = true, Lowercase = true }).Digest);
    }

    [Fact]
    public void Conll_LongToken_CountsByItsEnds()
    {
        var token = new string('a', 40) + "b" + new string('c', 40);
        var data = Given.Load<TaggingData>(Given.Tags($"{token} X\n") with { WithCharacters = true });
        Assert.Equal(["<unk>", "a", "c"], data.Characters!.Tokens);
        Assert.Equal([32, 32], data.Characters.Counts.Skip(1));
    }

    [Fact]
    public void LoadForUse_WithCharacters_KeepsTheTrainingPartsVocabulary()
    {
        var directory = Directory.CreateTempSubdirectory("distrnn-data-").FullName;
        try
        {
            var options = Given.Tags("ab X\n") with { WithCharacters = true };
            Given.Load<TaggingData>(options).SaveState(directory);
            using var data = TaskData.LoadForUse(options, directory, Given.Text("bza\n"), withTargets: false);
            Assert.Equal(["<unk>", "a", "b"], data.Characters!.Tokens);
            var batch = new SequenceBatch();
            data.CreateEvaluationPlan(PartKind.Test, 4).Fill(0, batch);
            Assert.Equal([2, 0, 1], batch.CharacterSequences.Tokens(0).ToArray());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Conll_CrLfBomAndNoLastLineFeed_MakeNoDifference() =>
        Assert.Equal(Given.Load<TaggingData>(Given.Tags("a X\nb Y\n\nc X\n")).Digest, Given.Load<TaggingData>(Given.Tags("\ufeffa X\r\nb Y\r\n\r\nc X")).Digest);

    [Theory]
    [InlineData("a b\nc\n", "line 2: there are 1 columns; the tag is expected in column 1")]
    [InlineData("a\t\n", "line 1: column 1 (counted from 0), the tag, is empty")]
    [InlineData("\n\n", "is empty")]
    public void Conll_MalformedLine_IsNamed(string text, string expected) =>
        Given.Error(Given.Tags(text) with { Columns = new() { Tag = 1 } }, "data.txt", expected);

    [Fact]
    public void Conll_ColumnUsedTwice_IsAnError() => Given.Error(Given.Tags(Sentences) with { Columns = new() { Features = [0], Tag = 2 } }, "data.columns", "twice");

    [Fact]
    public void Jsonl_TokensAndSequences_AreRead()
    {
        var tokens = Given.Load<TaggingData>(Given.Tags("{\"tokens\": [\"a\", \"b\"], \"labels\": [\"X\", \"Y\"]}\n", TaggingFormat.Jsonl));
        Assert.Equal(["1 2"], Given.Rows(tokens, PartKind.Train).Values);
        var numbers = Given.Load<TaggingData>(Given.Tags("{\"sequence\": [[0, 1], [1, 1]], \"labels\": [1, 0]}\n", TaggingFormat.Jsonl) with { Normalize = NormalizeKind.None });
        Assert.Equal(["0 1 1 1"], Given.Rows(numbers, PartKind.Train).Values);
        Assert.Equal(["1", "0"], numbers.ClassNames);
        Assert.Null(numbers.Spans);
    }

    [Theory]
    [InlineData("{\"tokens\": [\"a\", \"b\"], \"labels\": [\"X\"]}", "there are 2 tokens and 1 labels")]
    [InlineData("{\"sequence\": [[1], [2]], \"labels\": [\"X\"]}", "there are 2 steps and 1 labels")]
    [InlineData("{\"tokens\": [\"a\"]}", "there are no \"labels\"")]
    [InlineData("{\"labels\": [\"a\"]}", "neither \"sequence\" nor \"tokens\"")]
    [InlineData("{\"tokens\": \"a\", \"labels\": [\"a\"]}", "\"tokens\" is a text")]
    public void Jsonl_MalformedLine_IsNamed(string text, string expected) => Given.Error(Given.Tags(text, TaggingFormat.Jsonl), "data.txt, line 1: ", expected);

    [Fact]
    public void MaxLength_CutsTokensAndLabels()
    {
        var data = Given.Load<TaggingData>(Given.Tags("a X\nb Y\nc X\n") with { MaxLength = 2 });
        Assert.Equal(["1 2"], Given.Rows(data, PartKind.Train).Values);
        Assert.Equal([0, 1], data.LabelsOf(PartKind.Train, 0).ToArray());
    }

    [Fact]
    public void LabelUnseenInTraining_CountsAsAMissedSpan()
    {
        var data = Given.Load<TaggingData>(Given.Tags("a B-x\nb O\n") with { Test = Given.Text("a B-new\nb B-x\n") });
        var gold = data.LabelsOf(PartKind.Test, 0);
        Assert.Equal(["B-x", "O", "B-new"], data.LabelNames);
        Assert.Equal([2, 0], gold.ToArray());
        Assert.Equal(new SpanCounts(2, 2, 1), data.Spans!.Count(gold, [0, 0]));
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Test, 1).Fill(0, batch);
        Assert.Equal([-1, 0], batch.Targets.ToArray());
    }

    [Fact]
    public void Split_Stratified_IsAnError() =>
        Given.Error(Given.Tags("a X\n\nb X\n") with { Split = new() { Train = 0.5, Test = 0.5, Order = SplitOrder.Stratified } }, "stratified", "classification");

    [Fact]
    public void LoadForUse_WithoutTargets_NeedsNoTagColumn()
    {
        using var directory = new TemporaryDirectory();
        var options = Given.Tags(Sentences) with { Columns = new() { Features = [1], Tag = 2 } };
        Given.Load<TaggingData>(options).SaveState(directory.Root);
        var data = TaskData.LoadForUse(options, directory.Root, Given.Text("Rhine NOUN\nThe VERB\n"), withTargets: false);
        Assert.Equal(["2 1"], Given.Rows(data, PartKind.Test).Values);
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Test, 1).Fill(0, batch);
        Assert.Equal([2, 0], batch.Tokens(1).ToArray());
    }
}
