using System.Text.Json;
using DistRnn.Formats;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>The task word-vectors from the job file to the questions its vectors answer, and on to other jobs and programs.</summary>
public sealed class WordVectorRunTests
{
    [Theory]
    [InlineData("skip-gram", "negative-sampling(5)")]
    [InlineData("skip-gram", "hierarchical-softmax")]
    [InlineData("cbow", "negative-sampling(5)")]
    [InlineData("cbow", "hierarchical-softmax")]
    public void Run_AWorldOfTwoPlaces_LearnsWhichWordsBelongTogether(string algorithm, string output)
    {
        using var space = new Workspace();
        space.Write("words.txt", TwoPlaces());
        var job = space.Job(
            Workspace.WordVectors, "data.valid=none", "data.analogies=none", "data.similarities=none", "data.subsample=none", $"model.algorithm={algorithm}", $"model.output={output}", "training.epochs=60", "training.learning-rate=0.03");

        var summary = space.Train(job, "run");

        using var model = SavedModel.Open(space.PathOf("run"));
        using var neighbors = new WordNeighbors(model);
        string[] farm = ["cow", "hay", "barn", "milk"];
        foreach (var word in farm)
            Assert.Subset(farm.ToHashSet(), neighbors.Nearest(WordQuestion.Parse(word)[0], 3).Select(near => near.Word).ToHashSet());
        Assert.Equal(RunStatus.Completed, summary.Status);
        Assert.True(summary.Test["loss"] > 0);
    }

    [Fact]
    public void Run_WithQuestions_ReportsThemBySectionAndCountsTheSkipped()
    {
        using var space = new Workspace();

        var summary = space.Train(space.Job(Workspace.WordVectors), "run");

        Assert.Equal(
            ["loss", "analogy-accuracy", "analogy-sections.colours", "analogy-sections.none", "analogy-questions", "analogy-skipped", "similarity-spearman", "similarity-pairs", "similarity-skipped"],
            summary.Test.Select(metric => metric.Key));
        Assert.Equal((2, 1), (summary.Test["analogy-questions"], summary.Test["analogy-skipped"]));
        Assert.Equal((3, 1), (summary.Test["similarity-pairs"], summary.Test["similarity-skipped"]));
        Assert.InRange(summary.Test["similarity-spearman"], -1, 1);
        Assert.Equal(["loss"], summary.Valid.Select(metric => metric.Key));
        using var json = JsonDocument.Parse(File.ReadAllText(space.PathOf("run/summary.json")));
        var test = json.RootElement.GetProperty("test");
        Assert.Equal(summary.Test["analogy-accuracy"], test.GetProperty("analogy-accuracy").GetDouble());
        Assert.Equal(summary.Test["analogy-sections.colours"], test.GetProperty("analogy-sections").GetProperty("colours").GetDouble());
        Assert.Equal(JsonValueKind.Null, test.GetProperty("analogy-sections").GetProperty("none").ValueKind);
        Assert.Equal(summary.TokensPerSecond, test.GetProperty("words-per-second").GetDouble(), 0.1);
    }

    [Fact]
    public void Defaults_OfTheTask_AreThoseOfWord2Vec()
    {
        using var space = new Workspace();

        var job = space.Job("task: word-vectors\ndata: {train: words.txt}\n");

        Assert.Equal(("sgd", 0.025, "linear(0.0001)", LossScale.Sum), (job.Training.Optimizer, job.Training.LearningRate, job.Training.Schedule, job.Training.LossScale));
        Assert.Equal((5, (double?)1e-4), (job.Data.MinCount, job.Data.Subsample));
        Assert.Equal((100, 5, "negative-sampling(5)"), (job.Model.Dimensions, job.Model.Window, job.Model.WordOutput.ToString()));
        Assert.Equal(JobFile.Write(job), JobFile.Write(space.Job(JobFile.Write(job))));
    }

    [Theory]
    [InlineData("model: {output: softmax}", "model.output is 'softmax', which word vectors do not have; allowed: negative-sampling(5), hierarchical-softmax.")]
    [InlineData("model: {output: negative-sampling(0)}", "whose number of negative words is '0'")]
    [InlineData("model: {hidden: 8}", "'model.hidden' belongs to the tasks")]
    [InlineData("data: {train: x, subsample: 0}", "'data.subsample' is '0'; allowed is a number above 0 and at most 1, or none.")]
    public void Job_AKeyThatCannotBe_IsRefused(string rest, string message)
    {
        using var space = new Workspace();
        var text = "task: word-vectors\n" + (rest.StartsWith("data", StringComparison.Ordinal) ? "" : "data: {train: words.txt}\n") + rest;

        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => space.Job(text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v.txt")]
    [InlineData("v.bin")]
    public void ExportWord2Vec_AndEmbeddingFrom_BringTheVectorsToAnotherJob(string file)
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.WordVectors), "vectors");
        Word2VecVectors vectors;
        using (var model = SavedModel.Open(space.PathOf("vectors")))
        {
            Assert.Equal(10, model.ExportWord2Vec(space.PathOf(file)));
            vectors = model.Vectors();
        }
        Assert.Equal(vectors.Values, Word2VecReader.Read(space.PathOf(file)).Values);

        foreach (var source in new[] { file, "vectors" })
        {
            // A learning rate this small leaves the first digits of every float as they were.
            var job = space.Job(
                Workspace.LanguageModel, "data.train=words.txt", "data.valid=none", "data.test=none", "data.tokens=word", "model.embedding=12", $"model.embedding-from={space.PathOf(source)}", "training.steps=1", "training.learning-rate=1e-9");
            space.Train(job, "run-" + source);
            using var run = SavedModel.Open(space.PathOf("run-" + source));
            var embedding = run.Vectors();
            for (var i = 0; i < vectors.Words.Length; i++)
            {
                var (expected, actual) = (vectors.VectorOf(i).ToArray(), embedding.VectorOf(embedding.Words.IndexOf(vectors.Words[i])).ToArray());
                Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
            }
        }
    }

    [Fact]
    public void Parse_Questions_AreWordsAndSums()
    {
        Assert.Equal(["king", "king - man + woman", "- a"], WordQuestion.Parse("king king - man + woman").Append(WordQuestion.Parse("- a")[0]).Select(question => question.ToString()));
        foreach (var text in new[] { "", "king -", "a + - b", "+" })
            Assert.Throws<InvalidInputException>(() => WordQuestion.Parse(text));
    }

    [Fact]
    public void Nearest_AnUnknownWord_IsNamed()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.WordVectors), "run");
        using var model = SavedModel.Open(space.PathOf("run"));
        using var neighbors = new WordNeighbors(model);

        Assert.Contains("'zebra'", Assert.Throws<InvalidInputException>(() => neighbors.Nearest(WordQuestion.Parse("zebra")[0], 3)).Message, StringComparison.Ordinal);
        Assert.Equal(9, neighbors.Nearest(WordQuestion.Parse("Red")[0], 100).Count);
        Assert.Throws<InvalidInputException>(() => model.Predict(space.PathOf("words.txt"), SilentProgress.Instance, _ => { }));
    }

    [Fact]
    public void Spearman_KnownRanks_IsTheTextbooks()
    {
        Assert.Equal(1, WordVectorFigures.Spearman([1, 2, 3], [10, 20, 90]), 12);
        Assert.Equal(-1, WordVectorFigures.Spearman([1, 2, 3], [9, 8, -7]), 12);
        Assert.Equal(0.9486832980505138, WordVectorFigures.Spearman([1, 2, 2, 3], [1, 2, 3, 4]), 12);
        Assert.Equal(double.NaN, WordVectorFigures.Spearman([1, 1], [1, 2]));
    }

    /// <summary>Lines that speak of a farm or of a ship, never of both.</summary>
    private static string TwoPlaces()
    {
        string[][] places = [["cow", "hay", "barn", "milk"], ["sail", "mast", "wave", "port"]];
        var (chance, lines) = (new Philox(5, PhiloxPurpose.Split, 0), new List<string>());
        for (var line = 0; line < 200; line++)
            lines.Add(string.Join(' ', Enumerable.Range(0, 8).Select(i => places[line % 2][chance.Below((ulong)(line * 8 + i), 4)])));
        return string.Join('\n', lines) + "\n";
    }
}
