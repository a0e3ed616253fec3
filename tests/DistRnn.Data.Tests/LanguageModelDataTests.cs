using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

public sealed class LanguageModelDataTests
{
    [Fact]
    public void Words_EndOfEveryLine_IsEos()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("b a\na\n\nb a", TokenKind.Word));
        Assert.Equal(["<unk>", "<eos>", "a", "b"], data.ClassNames);
        Assert.Equal([0, 4, 3, 2], data.LabelCounts);
        Assert.Equal([3, 2, 1, 2, 1, 1, 3, 2], Given.Shard(data.CreateTrainingPlan(1, 1, 1, 20), 0).Tokens(0).ToArray());
        Assert.Equal([2, 1, 2, 1, 1, 3, 2, 1], Given.Shard(data.CreateTrainingPlan(1, 1, 1, 20), 0).Targets.ToArray());
    }

    [Fact]
    public void Words_LiteralSpecials_AreTheSpecials()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("a <unk> b <eos>\n", TokenKind.Word));
        Assert.Equal(["<unk>", "<eos>", "a", "b"], data.ClassNames);
        Assert.Equal([1, 2, 1, 1], data.LabelCounts);
    }

    [Fact]
    public void Words_CrLfAndBom_AreWhiteSpaceAndNothing()
    {
        var plain = Given.Load<LanguageModelData>(Given.Stream("a b\nc\n", TokenKind.Word));
        var windows = Given.Load<LanguageModelData>(Given.Stream("\ufeffa b\r\nc\r\n", TokenKind.Word));
        Assert.Equal(plain.Digest, windows.Digest);
    }

    [Fact]
    public void Chars_CarriageReturnBomAndBlanks_AreTokens()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("\ufeffa \r\n😀a"));
        Assert.Equal(["<unk>", "a", "\ufeff", " ", "\r", "\n", "😀"], data.ClassNames);
    }

    [Fact]
    public void Vocabulary_Limited_KeepsTheMostFrequentTiesToTheFirstSeen()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("c c b b a d\n", TokenKind.Word) with { Vocabulary = 5 });
        Assert.Equal(["<unk>", "<eos>", "c", "b", "a"], data.ClassNames);
        Assert.Equal(1, data.Describe(PartKind.Train).UnknownTokens);
    }

    [Fact]
    public void MinCount_RareTokens_AreUnknown() =>
        Assert.Equal(["<unk>", "<eos>", "a"], Given.Load<LanguageModelData>(Given.Stream("a b a\n", TokenKind.Word) with { MinCount = 2 }).ClassNames);

    [Fact]
    public void LowercaseAndDigits_ChangeTokens() =>
        Assert.Equal(["<unk>", "<eos>", "ärger00"], Given.Load<LanguageModelData>(Given.Stream("Ärger42 ärgeR17\n", TokenKind.Word) with { Lowercase = true, ZeroDigits = true }).ClassNames);

    [Fact]
    public void VocabularyOfOne_SingleSymbol_IsLearnable()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("aaaaaaaa"));
        Assert.Equal(["<unk>", "a"], data.ClassNames);
        Assert.Equal([1, 1, 1], Given.Shard(data.CreateTrainingPlan(1, 2, 1, 10), 0).Targets[..3].ToArray());
    }

    [Fact]
    public void VocabularyOfOne_AskedFor_MakesEverythingUnknown()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("abcabc") with { Vocabulary = 1 });
        Assert.Equal(["<unk>"], data.ClassNames);
        Assert.All(Given.Shard(data.CreateTrainingPlan(1, 1, 1, 10), 0).Targets.ToArray(), target => Assert.Equal(0, target));
    }

    [Fact]
    public void VocabularyBelowTheSpecials_IsAnError() => Given.Error(Given.Stream("a b\n", TokenKind.Word) with { Vocabulary = 1 }, "data.vocabulary is 1", "at least 2");

    [Theory]
    [InlineData(TokenKind.Word, "0 tokens")]
    [InlineData(TokenKind.Char, "0 tokens")]
    [InlineData(TokenKind.Byte, "0 tokens")]
    public void EmptyFile_IsAnError(TokenKind tokens, string found) => Given.Error(Given.Stream("", tokens), "data.txt", found, "at least 2");

    [Fact]
    public void OneEndlessLine_OfCharacters_IsRead()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream(new string('x', 300_000) + new string('y', 300_000)));
        Assert.Equal(600_000, data.Describe(PartKind.Train).Steps);
    }

    [Fact]
    public void OneEndlessLine_OfWords_IsReadOrRefused()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream(string.Concat(Enumerable.Repeat("word ", 100_000)), TokenKind.Word));
        Assert.Equal(100_001, data.Describe(PartKind.Train).Steps);
        Given.Error(Given.Stream("a\n" + new string('x', 100_000), TokenKind.Word), "data.txt, line 2", "longer than 65536");
    }

    [Fact]
    public void Stream_OfMoreThan256Tokens_KeepsEveryId()
    {
        var text = string.Join(' ', Enumerable.Range(0, 70_000).Select(i => FormattableString.Invariant($"w{i}")));
        var data = Given.Load<LanguageModelData>(Given.Stream(text, TokenKind.Word));
        Assert.Equal(70_002, data.Outputs);
        Assert.Equal([.. Enumerable.Range(2, 70_000)], Given.Shard(data.CreateTrainingPlan(1, 1, 1, 100_000), 0).Tokens(0).ToArray());
    }

    [Fact]
    public void Split_ByFractions_CutsTheStream()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("abcdefghijklmnopqrst") with { Split = new() { Train = 0.7, Valid = 0.2, Test = 0.1 } });
        Assert.Equal([14, 4, 2], Enum.GetValues<PartKind>().Select(part => data.Describe(part).Steps));
        Assert.Equal(15, data.Outputs);
        Assert.Equal(4, data.Describe(PartKind.Valid).UnknownTokens);
        Assert.Contains("4 of 4 tokens of valid", Assert.Single(data.Describe(PartKind.Valid).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Split_Shuffled_IsAnErrorForAStream() =>
        Given.Error(Given.Stream("abcdefgh") with { Split = new() { Train = 0.5, Order = SplitOrder.Shuffled } }, "data.split.order is shuffled");

    [Fact]
    public void TrainingPlan_Lanes_AreEqualPartsOfTheStream()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("abcdefghijk"));
        var plan = data.CreateTrainingPlan(1, 2, 1, 3);
        Assert.Equal((2, 2L), (plan.Lanes, plan.StepsIn(0)));
        Assert.Equal("abcfgh", data.Decode(Given.Shard(plan, 0).Tokens(0)));
        Assert.Equal("bcdghi", data.Decode(Given.Shard(plan, 0).Targets));
        Assert.Equal("di", data.Decode(Given.Shard(plan, 1).Tokens(0)));
        Assert.Equal("ej", data.Decode(Given.Shard(plan, 1).Targets));
    }

    [Fact]
    public void TrainingPlan_Shards_AreContiguousLanes()
    {
        var plan = Given.Load<LanguageModelData>(Given.Stream(new string('a', 70))).CreateTrainingPlan(1, 7, 3, 4);
        Assert.Equal([[0, 1, 2], [3, 4], [5, 6]], Enumerable.Range(0, 3).Select(shard => Given.Shard(plan, 1, shard).RowIds.ToArray()));
        Assert.Equal(0, Given.Shard(Given.Load<LanguageModelData>(Given.Stream("aaaa")).CreateTrainingPlan(1, 1, 3, 4), 0, 2).Rows);
    }

    [Fact]
    public void TrainingPlan_BatchLargerThanTheData_SaysHowManyLanesThereCanBe() =>
        Given.Error(() => Given.Load<LanguageModelData>(Given.Stream("abcdefg")).CreateTrainingPlan(1, 4, 1, 5), "4 lanes", "7 tokens", "at most 3");

    [Fact]
    public void EvaluationPlan_ReadsTheWholeStreamInOneLane()
    {
        var text = string.Concat(Enumerable.Range(0, 1000).Select(i => (char)('a' + i % 7 * (i % 3))));
        var data = Given.Load<LanguageModelData>(Given.Stream(text));
        var plan = data.CreateEvaluationPlan(PartKind.Train, 1);
        var (batch, inputs, targets) = (new SequenceBatch(), "", "");
        for (var shard = 0; shard < plan.Shards; shard++)
        {
            plan.Fill(shard, batch);
            Assert.Equal((1, 0L), (batch.Rows, batch.RowIds[0]));
            inputs += data.Decode(batch.Tokens(0));
            targets += data.Decode(batch.Targets);
        }
        Assert.Equal((1, 1L), (plan.Lanes, plan.Sequences));
        Assert.Equal((text[..^1], text[1..]), (inputs, targets));
    }

    [Theory]
    [InlineData(TokenKind.Word, "one two\nthree", "one two\nthree")]
    [InlineData(TokenKind.Word, " one  three zwei", "one three <unk>")]
    [InlineData(TokenKind.Char, "two three", "two three")]
    [InlineData(TokenKind.Byte, "zwölf", "zwölf")]
    public void EncodeThenDecode_GivesTheTextBack(TokenKind tokens, string text, string expected)
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("one two three\n", tokens));
        Assert.Equal(expected, data.Decode(data.Encode(text)));
    }

    [Theory]
    [InlineData(TokenKind.Word)]
    [InlineData(TokenKind.Char)]
    [InlineData(TokenKind.Byte)]
    public void LoadForUse_SavedState_ReadsTheSameIds(TokenKind tokens)
    {
        using var directory = new TemporaryDirectory();
        var options = Given.Stream("a\tb \\n c\r\n\u2028d\ne\n", tokens);
        var data = Given.Load<LanguageModelData>(options);
        data.SaveState(directory.Root);
        var used = Assert.IsType<LanguageModelData>(TaskData.LoadForUse(options, directory.Root, options.Train));
        Assert.Equal(data.ClassNames, used.ClassNames);
        Assert.False(used.Has(PartKind.Train));
        Assert.Equal(Given.Shard(data.CreateTrainingPlan(1, 1, 1, 99), 0).Tokens(0).ToArray(), First(used));
        Assert.False(TaskData.LoadForUse(options, directory.Root, null).Has(PartKind.Test));
    }

    [Fact]
    public void Digest_DependsOnContentNotOnNames()
    {
        var data = Given.Load<LanguageModelData>(Given.Stream("abc abc"));
        var renamed = Given.Load<LanguageModelData>(new LanguageModelDataOptions { Train = TextSource.FromText("other", "abc abc"), Tokens = TokenKind.Char });
        Assert.Equal(data.Digest, renamed.Digest);
        Assert.NotEqual(data.Digest, Given.Load<LanguageModelData>(Given.Stream("abc abd")).Digest);
        Assert.Equal(data.PlanDigest(1, 2, 3, 4), renamed.PlanDigest(1, 2, 3, 4));
        Assert.NotEqual(data.PlanDigest(1, 2, 3, 4), data.PlanDigest(1, 2, 4, 4));
    }

    private static int[] First(TaskData data)
    {
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Test, 1).Fill(0, batch);
        return batch.Tokens(0).ToArray();
    }
}
