using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

public sealed class TranslationDataTests
{
    [Fact]
    public void Load_PairsOfWords_HaveVocabulariesWithTheSpecialsFirst()
    {
        var data = Given.Load<TranslationData>(Pairs("a b\tx y\nb\ty z\n"));
        Assert.Equal(["<pad>", "<unk>", "<bos>", "<eos>", "b", "a"], data.Vocabularies[0].Tokens);
        Assert.Equal(["<pad>", "<unk>", "<bos>", "<eos>", "y", "x", "z"], data.Vocabularies[1].Tokens);
        Assert.Equal((7, 2, 3), (data.Outputs, data.StartToken, data.EndToken!.Value));
        Assert.Equal(["5 4 | 2 5 4 | 5 4 3", "4 | 2 4 6 | 4 6 3"], Rows(data, PartKind.Train));
        Assert.Equal((2L, 3L, 6L), (data.Describe(PartKind.Train).Sequences, data.Describe(PartKind.Train).Steps, data.Describe(PartKind.Train).Targets));
    }

    [Fact]
    public void Load_CharactersWithASeparatorOfTheirOwn_KeepBlanksAndReverseTheSource()
    {
        var data = Given.Load<TranslationData>(Pairs("1+2 _3 \n") with { Separator = "_", SourceTokens = TokenKind.Char, TargetTokens = TokenKind.Char, ReverseSource = true, StartToken = "_", EndToken = null, MaxLength = 2 });
        Assert.Equal(["<pad>", "<unk>", "<bos>", "<eos>", "1", "+", "2", " "], data.Vocabularies[0].Tokens);
        Assert.Equal(["<pad>", "<unk>", "<bos>", "<eos>", "_", "3", " "], data.Vocabularies[1].Tokens);
        Assert.Equal(["7 6 5 4 | 4 5 | 5 6"], Rows(data, PartKind.Train));
        Assert.Equal(["1", "+", "2", " "], data.SourceOf(PartKind.Train, 0));
        Assert.Equal("3 ", data.TargetText(data.ReferencesOf(PartKind.Train, 0)[0]));
    }

    [Fact]
    public void Load_TwoFiles_PairUpLineByLine()
    {
        var data = Given.Load<TranslationData>(Pairs("a\nb c\n") with { TrainTarget = TextSource.FromText("targets.txt", "x\n\n") });
        Assert.Equal(["4 | 2 4 | 4 3", "5 6 | 2 | 3"], Rows(data, PartKind.Train));
        Assert.Equal(["data.txt", "targets.txt"], data.Files.Select(file => file.Name));
    }

    [Theory]
    [InlineData("a b\n", null, "line 1: there is no separator \\t")]
    [InlineData("\tx\n", null, "line 1: the source is empty")]
    [InlineData("", null, "is empty")]
    [InlineData("a\nb\n", "x\n", "line 2: targets.txt has no such line")]
    [InlineData("a\n", "x\ny\n", "data.txt has no such line")]
    public void Load_MalformedLine_IsNamed(string text, string? targets, string expected) =>
        Given.Error(Pairs(text) with { TrainTarget = targets is null ? null : TextSource.FromText("targets.txt", targets) }, "", expected);

    [Fact]
    public void Load_Bytes_AreAllInTheVocabulary()
    {
        var data = Given.Load<TranslationData>(Pairs("aé\tb\n") with { SourceTokens = TokenKind.Byte, TargetTokens = TokenKind.Byte });
        Assert.Equal((260, 260), (data.Vocabularies[0].Count, data.Vocabularies[1].Count));
        Assert.Equal([$"{4 + 'a'} {4 + 0xc3} {4 + 0xa9} | 2 {4 + 'b'} | {4 + 'b'} 3"], Rows(data, PartKind.Train));
        Assert.Equal("b", data.TargetText(data.ReferencesOf(PartKind.Train, 0)[0]));
    }

    [Fact]
    public void ReferencesOf_GroupedSources_AreAlternativesOfTheFirst()
    {
        var data = Given.Load<TranslationData>(Pairs("a\tx\nb\ty\na\tz w\n") with { References = ReferenceKind.Grouped });
        Assert.Equal(["x", "z w"], data.ReferencesOf(PartKind.Train, 0).Select(tokens => data.TargetText(tokens)));
        Assert.Equal(["y"], data.ReferencesOf(PartKind.Train, 1).Select(tokens => data.TargetText(tokens)));
        Assert.Empty(data.ReferencesOf(PartKind.Train, 2));
    }

    [Fact]
    public void LoadForUse_NewWords_AreUnknownButReferencesKeepThem()
    {
        using var directory = new TemporaryDirectory();
        var options = Pairs("a b\tx y\n");
        Given.Load<TranslationData>(options).SaveState(directory.Root);
        using var data = (TranslationData)TaskData.LoadForUse(options, directory.Root, Given.Text("a c\ty q\n"));
        Assert.Equal(["4 1 | 2 5 1 | 5 1 3"], Rows(data, PartKind.Test));
        Assert.Equal(["y", "q"], data.ReferencesOf(PartKind.Test, 0)[0]);
        Assert.Equal(1, data.Describe(PartKind.Test).UnknownTokens);
        using var sources = (TranslationData)TaskData.LoadForUse(options, directory.Root, Given.Text("b a\n"), withTargets: false);
        Assert.Equal(["5 4"], Rows(sources, PartKind.Test));
    }

    [Fact]
    public void Fill_BucketedByLength_EveryPairOnceWithItsOwnTarget()
    {
        var text = string.Concat(Enumerable.Range(1, 40).Select(i => $"{string.Join(' ', Enumerable.Repeat("s", i % 7 + 1))}\t{string.Join(' ', Enumerable.Repeat("t", i % 7 + 2))}\n"));
        var plan = Given.Load<TranslationData>(Pairs(text)).CreateTrainingPlan(3, 6, 2, null);
        var seen = new List<long>();
        for (var step = 0L; step < plan.StepsIn(0); step++)
        {
            for (var shard = 0; shard < 2; shard++)
            {
                var batch = Given.Shard(plan, step, shard);
                seen.AddRange(batch.RowIds);
                Assert.All(Enumerable.Range(0, batch.Rows), row => Assert.Equal(batch.LengthOf(row) + 2, batch.TargetSequences.LengthOf(row)));
            }
        }
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (long)i), seen.Order());
    }

    private static TranslationDataOptions Pairs(string text) => new() { Train = Given.Text(text) };

    private static string[] Rows(TranslationData data, PartKind part)
    {
        var plan = data.CreateEvaluationPlan(part, 2);
        var (batch, rows) = (new SequenceBatch(), new SortedDictionary<long, string>());
        for (var shard = 0; shard < plan.Shards; shard++)
        {
            plan.Fill(shard, batch);
            for (var row = 0; row < batch.Rows; row++)
            {
                var text = string.Join(' ', batch.Tokens(0).Slice(batch.Offsets[row], batch.LengthOf(row)).ToArray());
                if (batch.TargetKind == TargetKind.SequencePerSequence)
                {
                    var (target, start) = (batch.TargetSequences, batch.TargetSequences.Offsets[row]);
                    text += $" | {string.Join(' ', target.Tokens(0).Slice(start, target.LengthOf(row)).ToArray())} | {string.Join(' ', target.Targets.Slice(start, target.LengthOf(row)).ToArray())}";
                }
                rows.Add(batch.RowIds[row], text);
            }
        }
        return [.. rows.Values];
    }
}
