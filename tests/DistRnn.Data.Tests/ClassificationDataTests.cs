using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

public sealed class ClassificationDataTests
{
    [Fact]
    public void Tsv_LabelsAndTexts_AreRead()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, "pos\tgood good film\r\n\nneg\tbad film\n"));
        Assert.Equal(["pos", "neg"], data.ClassNames);
        Assert.Equal(["<unk>", "good", "film", "bad"], data.Vocabularies.Single().Tokens);
        Assert.Equal(["1 1 2", "3 2"], Given.Rows(data, PartKind.Train).Values);
        Assert.Equal([1, 1], data.LabelCounts);
        Assert.Equal([0], data.LabelsOf(PartKind.Train, 0).ToArray());
        Assert.Equal([1], data.LabelsOf(PartKind.Train, 1).ToArray());
    }

    [Theory]
    [InlineData("pos good film\n", "line 1: there is no tab")]
    [InlineData("pos\tx\n\tgood film\n", "line 2: there is no label")]
    [InlineData("pos\tx\npos\t \n", "line 2: the text is empty")]
    [InlineData("", "is empty")]
    [InlineData("\n \n", "is empty")]
    public void Tsv_MalformedLine_IsNamed(string text, string expected) => Given.Error(Given.Classes(ClassificationFormat.Tsv, text), "data.txt", expected);

    [Fact]
    public void Directory_AFileAClass_InTheOrderOfNames()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("Zulu.txt", "ab\n\nb");
        directory.Write("Afar.txt", "\ufeffba\r\n");
        directory.Write(".hidden", "x\n");
        var data = Given.Load<ClassificationData>(new ClassificationDataOptions
        {
            Train = TextSource.FromFile(directory.Root),
            Format = ClassificationFormat.Directory,
            Tokens = TokenKind.Char,
        });
        Assert.Equal(["Afar", "Zulu"], data.ClassNames);
        Assert.Equal([1, 2], data.LabelCounts);
        Assert.Equal(["1 2", "2 1", "1"], Given.Rows(data, PartKind.Train).Values);
        Assert.Equal(["Afar.txt", "Zulu.txt"], data.Files.Select(file => Path.GetFileName(file.Name)));
    }

    [Fact]
    public void Jsonl_Texts_AreRead()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Jsonl, "{\"text\": \"a b\", \"label\": \"x\"}\n{\"label\": 7, \"text\": \"b\"}\n"));
        Assert.Equal(["x", "7"], data.ClassNames);
        Assert.Equal(2, Given.Rows(data, PartKind.Train).Count);
    }

    [Fact]
    public void Jsonl_Numbers_AreStandardisedOverTheTrainingPart()
    {
        var options = Given.Classes(ClassificationFormat.Jsonl, "{\"sequence\": [[1, 5], [3, 5]], \"label\": 0}\n{\"sequence\": [[5, 5]], \"label\": 1}\n") with
        {
            Test = Given.Text("{\"sequence\": [[9, 6]], \"label\": 1}\n"),
        };
        var data = Given.Load<ClassificationData>(options);
        var deviation = Math.Sqrt(8.0 / 3);
        Assert.Equal((2, 0), (data.ValueSize, data.Vocabularies.Length));
        Assert.Equal(FormattableString.Invariant($"{(float)(-2 / deviation)} 0 0 0"), Given.Rows(data, PartKind.Train)[0]);
        Assert.Equal(FormattableString.Invariant($"{(float)(6 / deviation)} 1"), Given.Rows(data, PartKind.Test)[0]);
    }

    [Fact]
    public void Normalize_InstanceOrNone_IsPerSequenceOrNotAtAll()
    {
        var options = Given.Classes(ClassificationFormat.Csv, "a,1,3\nb,10,30\n");
        Assert.Equal(["-1 1", "-1 1"], Given.Rows(Given.Load<ClassificationData>(options with { Normalize = NormalizeKind.Instance }), PartKind.Train).Values);
        Assert.Equal(["1 3", "10 30"], Given.Rows(Given.Load<ClassificationData>(options with { Normalize = NormalizeKind.None }), PartKind.Train).Values);
        Given.Error(options with { Normalize = NormalizeKind.Series }, "data.normalize is series");
        Given.Error(Given.Classes(ClassificationFormat.Tsv, "a\tb\n") with { Normalize = NormalizeKind.Instance }, "data.normalize is instance", "tokens");
    }

    [Theory]
    [InlineData("{\"sequence\": [[1, 2], [3]], \"label\": 0}", "step 2 of \"sequence\" has 1 values; the steps before it have 2")]
    [InlineData("{\"sequence\": [[1, 2]], \"label\": 0}\n{\"sequence\": [[1]], \"label\": 0}", "line 2: step 1")]
    [InlineData("{\"sequence\": [], \"label\": 0}", "a list of 0")]
    [InlineData("{\"sequence\": [[]], \"label\": 0}", "has no values")]
    [InlineData("{\"sequence\": [[1, null]], \"label\": 0}", "has null")]
    [InlineData("{\"sequence\": [[1e60]], \"label\": 0}", "has 1e60")]
    [InlineData("{\"sequence\": [[NaN]], \"label\": 0}", "line 1: this is not JSON")]
    [InlineData("{\"sequence\": 3, \"label\": 0}", "\"sequence\" is a number")]
    [InlineData("{\"sequence\": [[1]]}", "line 1: there is no \"label\"")]
    [InlineData("{\"label\": 1}", "neither \"sequence\" nor \"text\"")]
    [InlineData("{\"text\": \"a\", \"sequence\": [1], \"label\": 1}", "both")]
    [InlineData("{\"text\": [1], \"label\": 1}", "\"text\" is a list of 1")]
    [InlineData("{\"text\": \"a\", \"label\": \"\"}", "\"label\" is a text")]
    [InlineData("[1]", "found a list of 1")]
    [InlineData("{\"text\": \"a\", \"label\": 1}\n{\"text\": \"a\"", "line 2: this is not JSON")]
    [InlineData("{\"text\": \"a\", \"label\": 1}\n{\"sequence\": [[1]], \"label\": 1}", "line 2: the sequence is of numbers")]
    public void Jsonl_MalformedLine_IsNamed(string text, string expected) => Given.Error(Given.Classes(ClassificationFormat.Jsonl, text), "data.txt, line ", expected);

    [Fact]
    public void Csv_HeaderQuotesAndLengths_AreRead()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Csv, "\ufeffclass,t0,t1\r\n\"a, b\",1,2.5e0\r\n\r\nc, 3 \r\n") with { Normalize = NormalizeKind.None });
        Assert.Equal(["a, b", "c"], data.ClassNames);
        Assert.Equal(["1 2.5", "3"], Given.Rows(data, PartKind.Train).Values);
    }

    [Theory]
    [InlineData("a,1,2\nb,1,nan\n", "line 2: column 3 has \"nan\"; a finite number is expected")]
    [InlineData("a,1,2\nb,inf,1\n", "line 2: column 2 has \"inf\"; a ")]
    [InlineData("a,1,2\nb,Infinity,1\n", "line 2: column 2 has \"Infinity\"; a finite number is expected")]
    [InlineData("a,1,2\nb,,1\n", "line 2: column 2 is empty")]
    [InlineData("a,1,2\nb,1,\n", "line 2: column 3 is empty")]
    [InlineData("a,1,2\nb,1,two\n", "line 2: column 3 has \"two\"")]
    [InlineData("a,1,2\n,1,2\n", "line 2: column 1 is empty; a label")]
    [InlineData("a,1,2\nb\n", "line 2: there is one cell")]
    [InlineData("a,1,2\nb,\"1,2\n", "line 2: this is not CSV")]
    [InlineData("a,1,2\nb,1e39,2\n", "line 2: column 2 has \"1e39\"; a finite")]
    public void Csv_MalformedLine_IsNamed(string text, string expected) => Given.Error(Given.Classes(ClassificationFormat.Csv, text), "data.txt, ", expected);

    [Fact]
    public void SequenceOfOneStep_IsASequence()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Csv, "a,1\nb,2\n"));
        Assert.Equal((2L, 2L, 1L), (data.Describe(PartKind.Train).Sequences, data.Describe(PartKind.Train).Steps, data.Describe(PartKind.Train).Longest));
    }

    [Fact]
    public void MaxLength_LongerSequences_LoseTheirEnd()
    {
        Assert.Equal(["1 2"], Given.Rows(Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, "a\tx y z\n") with { MaxLength = 2 }), PartKind.Train).Values);
        var numbers = Given.Classes(ClassificationFormat.Csv, "a,1,2,3\n") with { MaxLength = 2, Normalize = NormalizeKind.None };
        Assert.Equal(["1 2"], Given.Rows(Given.Load<ClassificationData>(numbers), PartKind.Train).Values);
        Given.Error(numbers with { MaxLength = 0 }, "data.max-length is 0");
    }

    [Fact]
    public void Bytes_OfALine_AreItsUtf8()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, "a\tä1\n", TokenKind.Byte));
        Assert.Equal(256, data.Vocabularies.Single().Count);
        Assert.Equal(["195 164 49"], Given.Rows(data, PartKind.Train).Values);
        Given.Error(Given.Classes(ClassificationFormat.Tsv, "a\tb\n", TokenKind.Byte) with { Vocabulary = 100 }, "data.vocabulary is 100", "256");
    }

    [Fact]
    public void LabelUnseenInTraining_IsMarkedAndReported()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, "a\tx\nb\ty\n") with { Test = Given.Text("c\tx\na\ty\n") });
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Test, 8).Fill(0, batch);
        Assert.Equal([TaskData.UnseenLabel, 0], batch.Targets.ToArray());
        Assert.Equal(2, data.Outputs);
        Assert.Equal("c", data.LabelNames[data.LabelsOf(PartKind.Test, 0)[0]]);
        Assert.Equal(1, data.Describe(PartKind.Test).Targets);
        Assert.Contains("1 labels of test", Assert.Single(data.Describe(PartKind.Test).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void BalancedClassWeights_RareClasses_WeighMore()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, "a\tx\na\tx\na\tx\nb\tx\n"));
        Assert.Equal([4f / 6, 2f], data.BalancedClassWeights());
    }

    [Fact]
    public void Window_OnIndependentSequences_IsAnError() =>
        Given.Error(() => Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, "a\tx\n")).CreateTrainingPlan(1, 1, 1, 10), "training.window is 10", "full");

    [Fact]
    public void Vocabulary_IsFittedOnTheTrainingPartAlone()
    {
        var data = Given.Load<ClassificationData>(Given.Classes(ClassificationFormat.Tsv, "a\tx\n") with { Test = Given.Text("a\ty y x\n") });
        Assert.Equal(["<unk>", "x"], data.Vocabularies.Single().Tokens);
        Assert.Equal(["0 0 1"], Given.Rows(data, PartKind.Test).Values);
    }

    [Fact]
    public void LoadForUse_WithoutTargets_ReadsTextsAlone()
    {
        using var directory = new TemporaryDirectory();
        var options = Given.Classes(ClassificationFormat.Tsv, "a\tx y\nb\ty\n");
        Given.Load<ClassificationData>(options).SaveState(directory.Root);
        var data = Assert.IsType<ClassificationData>(TaskData.LoadForUse(options, directory.Root, Given.Text("y new\nb\tx\n"), withTargets: false));
        Assert.Equal(["1 0", "2"], Given.Rows(data, PartKind.Test).Values);
        Assert.Equal(["a", "b"], data.ClassNames);
        var batch = new SequenceBatch();
        data.CreateEvaluationPlan(PartKind.Test, 8).Fill(0, batch);
        Assert.Equal(TargetKind.None, batch.TargetKind);
        Assert.True(data.LabelsOf(PartKind.Test, 0).IsEmpty);
    }

    [Fact]
    public void LoadForUse_Numbers_UsesTheSavedScales()
    {
        using var directory = new TemporaryDirectory();
        var options = Given.Classes(ClassificationFormat.Csv, "a,0.1,0.2\nb,0.3,0.7\n");
        var data = Given.Load<ClassificationData>(options);
        data.SaveState(directory.Root);
        var used = TaskData.LoadForUse(options, directory.Root, options.Train);
        Assert.Equal(Given.Rows(data, PartKind.Train), Given.Rows(used, PartKind.Test));
        Given.Error(() => TaskData.LoadForUse(Given.Classes(ClassificationFormat.Tsv, ""), directory.Root, Given.Text("a\tb\n")), "sequences of tokens", "reads numbers");
        var wide = Given.Classes(ClassificationFormat.Jsonl, "");
        Given.Error(() => TaskData.LoadForUse(wide, directory.Root, Given.Text("{\"sequence\": [[1, 2]], \"label\": \"a\"}\n")), "2 values a step", "reads 1");
    }
}
