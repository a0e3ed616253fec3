using System.Collections.Immutable;
using DistRnn.Models;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class JobFileTests
{
    [Fact]
    public void Parse_LanguageModelOfTheContract_HasItsValuesAndTheDefaults()
    {
        var job = JobText.Parse("""
            task: language-model
            data: {train: ptb.train.txt, valid: ptb.valid.txt, test: ptb.test.txt, vocabulary: 10000}
            model: {embedding: 200, cell: lstm, hidden: 200, layers: 2, initializer: uniform(0.1)}
            training: {epochs: 13, batch: 20, window: 20, loss-scale: sequence, optimizer: sgd, learning-rate: 1.0, schedule: "decay(0.5, after-epoch 4)", clip-norm: 5}
            """);
        Assert.Equal(TaskKind.LanguageModel, job.Task);
        Assert.Equal(1ul, job.Seed);
        Assert.Equal(Path.Combine(JobText.Directory, "ptb.valid.txt"), job.Data.Valid);
        Assert.Equal(10000, job.Data.Vocabulary);
        Assert.Equal([200, 200], job.Model.Hidden);
        Assert.Equal(new InitializerSection(InitializerKind.Uniform, 0.1), job.Model.Initializer);
        Assert.Equal(LossScale.Sequence, job.Training.LossScale);
        Assert.Equal(20, job.Training.Window);
        Assert.Equal(5, job.Training.ClipNorm);
        Assert.Equal(KeepKind.Best, job.Training.Keep);
        Assert.Equal("loss", job.Training.Best);
        Assert.Equal(4, job.Training.BatchShards);
        Assert.Equal(new CheckpointSection(), job.Checkpoint);
        Assert.Equal(new ClusterSection(), job.Cluster);
    }

    [Fact]
    public void Parse_TaggingOfTheContract_HasColumnsAndRates()
    {
        var job = JobText.Parse("""
            task: tagging
            data: {format: conll, columns: {token: 0, features: [1], tag: 2}, train: train.txt, valid: dev.txt, test: test.txt, min-count: 2, digits: zero}
            model: {embedding: 100, feature-embedding: [32], cell: lstm, hidden: 150, bidirectional: true, dropout: {embedding: 0.5, output: 0.5, words: 0.05}}
            training: {epochs: 30, batch: 32, clip-norm: 5, patience: 5}
            """);
        Assert.Equal(2, job.Data.TagColumns.Tag);
        Assert.Equal([1], job.Data.TagColumns.Features);
        Assert.Equal([32], job.Model.FeatureEmbedding);
        Assert.Equal(new DropoutSection { Embedding = 0.5, Output = 0.5, Words = 0.05 }, job.Model.Dropout);
        Assert.Equal(5, job.Training.Patience);
        Assert.Equal("f1", job.Training.Best);
        Assert.Null(job.Training.Window);
    }

    [Fact]
    public void Parse_ForecastingOfTheContract_HasRowsAndColumns()
    {
        var job = JobText.Parse("""
            task: forecasting
            data: {format: csv, train: ETTh1.csv, time-column: date, targets: [OT], columns: [OT], input-length: 96, horizon: 24, season: 24, split: {parts: {train: 8640, valid: 2880, test: 2880}}}
            model: {cell: lstm, hidden: 64, residual: seasonal}
            training: {epochs: 10, batch: 64}
            """);
        Assert.Equal(new SplitPart(8640, true), job.Data.Split.Train);
        Assert.Equal(["OT"], job.Data.Targets);
        Assert.Equal(["hour", "weekday", "month"], job.Data.TimeFeatures);
        Assert.Equal("seasonal", job.Model.Residual);
        Assert.Equal("mse", job.Training.Best);
    }

    [Fact]
    public void Parse_ClassificationOfTheContract_KeepsTheLastWithoutValid()
    {
        var job = JobText.Parse("""
            task: classification
            data: {format: jsonl, train: vowels.train.jsonl, test: vowels.test.jsonl}
            model: {cell: gru, hidden: 64, bidirectional: true, pooling: mean}
            training: {epochs: 60, batch: 16}
            """);
        Assert.Equal(KeepKind.Last, job.Training.Keep);
        Assert.Equal(Pooling.Mean, job.Model.Pooling);
        Assert.Equal("stratified", job.Data.Split.Order);
    }

    [Fact]
    public void Parse_DropoutAsOneNumber_SetsThreeRates()
    {
        var job = JobText.Parse(JobText.Least("tagging") + "model: {dropout: 0.25, layers: 2}\n");
        Assert.Equal(new DropoutSection { Embedding = 0.25, Layers = 0.25, Output = 0.25 }, job.Model.Dropout);
    }

    [Fact]
    public void Parse_HiddenAsAList_SetsTheLayers()
    {
        var job = JobText.Parse(JobText.Least("tagging") + "model: {hidden: [64, 32, 16]}\n");
        Assert.Equal(3, job.Model.Layers);
        Assert.Equal([64, 32, 16], job.Model.Hidden);
    }

    [Fact]
    public void Parse_TagColumnsWithoutFeatures_HasNoFeatures()
    {
        var job = JobText.Parse("task: tagging\ndata: {train: a, columns: {token: 1, tag: 0}}\n");
        Assert.Empty(job.Data.TagColumns.Features);
        Assert.Empty(job.Model.FeatureEmbedding);
    }

    [Fact]
    public void Parse_TwoFeatures_HaveAnEmbeddingEach()
    {
        var job = JobText.Parse("task: tagging\ndata: {train: a, columns: {token: 0, features: [1, 2], tag: 3}}\n");
        Assert.Equal([32, 32], job.Model.FeatureEmbedding);
    }

    [Fact]
    public void Parse_NoColumnOfTimes_HasNoTimeFeatures() => Assert.Empty(JobText.Parse(JobText.Least("forecasting")).Data.TimeFeatures);

    [Fact]
    public void Parse_BuiltInData_StaysAsItIs() =>
        Assert.Equal("built-in:sine/sine.csv", JobText.Parse("task: forecasting\ndata: {train: 'built-in:sine/sine.csv'}\n").Data.Train);

    [Fact]
    public void Read_FileInADirectory_TakesPathsRelativeToIt()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(directory.FullName, "speech.yaml");
            File.WriteAllText(path, "\uFEFF" + JobText.Least("tagging").ReplaceLineEndings("\r\n"));
            var job = JobFile.Read(path);
            Assert.Equal("speech", job.Name);
            Assert.Equal(Path.Combine(directory.FullName, "train.txt"), job.Data.Train);
        }
        finally
        {
            directory.Delete(true);
        }
    }

    [Fact]
    public void Read_NoFileADirectoryOrBytes_SaysSo()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(directory.FullName, "a.yaml");
            Assert.Contains("a.yaml cannot be read", Assert.Throws<InvalidInputException>(() => JobFile.Read(path)).Message, StringComparison.Ordinal);
            Assert.Contains("is a directory", Assert.Throws<InvalidInputException>(() => JobFile.Read(directory.FullName)).Message, StringComparison.Ordinal);
            File.WriteAllBytes(path, [0x74, 0xff, 0xfe]);
            Assert.Contains("is not UTF-8", Assert.Throws<InvalidInputException>(() => JobFile.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(true);
        }
    }

    public static TheoryData<string> Tasks => [.. JobTemplates.Names];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Write_LeastJob_ReadsBackToTheSame(string task)
    {
        var job = JobText.Parse(JobText.Least(task));
        var text = JobFile.Write(job);
        Assert.Equal(text, JobFile.Write(JobText.Parse(text)));
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Write_Template_ReadsBackToTheSameValues(string task)
    {
        var job = JobText.Parse(JobTemplates.Of(task)) with { Seed = 77 };
        job = job with { Data = job.Data with { Sha256 = ImmutableSortedDictionary<string, string>.Empty.Add("/a b/c: d, e.txt", new string('a', 64)) } };
        var back = JobText.Parse(JobFile.Write(job));
        Assert.Equal(job.Data.Sha256, back.Data.Sha256);
        foreach (var key in JobSchema.KeysOf(job.Task))
            Assert.Equal(JobComparison.TextOf(key, job), JobComparison.TextOf(key, back));
    }

    [Fact]
    public void Write_EveryTask_SpellsOutEveryKey()
    {
        foreach (var task in JobSchema.AvailableTasks)
        {
            var text = JobFile.Write(JobText.Parse(JobTemplates.Of(JobNames.Of(task))));
            foreach (var key in JobSchema.KeysOf(task).Where(key => !key.IsShorthand && key.Kind != ValueKind.Map && key.Name is not "steps" and not "normalize" and not "order" and not "source" and not "target" && !key.Path.Contains("split", StringComparison.Ordinal)))
                Assert.Contains($" {key.Name}: ", " " + text.Replace("\n", "\n ", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Write_Path_QuotesWhatYamlWouldReadOtherwise()
    {
        var job = JobText.Parse("task: tagging\ndata: {train: \"a: b #c.txt\"}\n");
        Assert.Equal(job.Data.Train, JobText.Parse(JobFile.Write(job)).Data.Train);
        Assert.EndsWith("a: b #c.txt", job.Data.Train, StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_MoreWorkersThanShards_SaysThatSomeHaveNothingToDo() =>
        Assert.Contains("2 workers will have nothing to do", Assert.Single(JobNotes.Of(JobText.Parse(JobText.Least("tagging"), "cluster.workers=6"))), StringComparison.Ordinal);
}
