using System.Text.Json;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class SavedModelTests
{
    public static TheoryDataOfJobs Jobs => Workspace.Jobs;

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Export_ThenImport_GivesTheSameFingerprintAndMetrics(string yaml)
    {
        using var space = new Workspace();
        var job = space.Job(yaml, "training.epochs=1");
        var summary = space.Train(job, "run");
        using (var model = SavedModel.Open(space.PathOf("run"), threads: 1))
            model.Export(space.PathOf("out.safetensors"));
        var imported = ModelImport.Import(space.PathOf("out.safetensors"), job, null, space.PathOf("imported"), SilentProgress.Instance);
        Assert.Equal(summary.ModelFingerprint, imported.Fingerprint);
        using var again = SavedModel.Open(space.PathOf("imported"), threads: 1);
        Assert.Equal(summary.ModelFingerprint, again.Fingerprint);
        Assert.Equal(summary.Test, again.Evaluate(SilentProgress.Instance)[^1].Metrics);
    }

    [Fact]
    public void Import_OfALanguageModelWithAVocabulary_NeedsNoData()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.LanguageModel, "training.epochs=1");
        var summary = space.Train(job, "run");
        using (var model = SavedModel.Open(space.PathOf("run"), threads: 1))
            model.Export(space.PathOf("out.safetensors"));
        File.Copy(space.PathOf("run/model/vocabulary.txt"), space.PathOf("tokens.txt"));
        foreach (var file in (string[])["text.txt", "valid.txt", "test.txt"])
            File.Delete(space.PathOf(file));
        var imported = ModelImport.Import(space.PathOf("out.safetensors"), job, space.PathOf("tokens.txt"), space.PathOf("imported"), SilentProgress.Instance);
        Assert.Equal(summary.ModelFingerprint, imported.Fingerprint);
        using var again = SavedModel.Open(space.PathOf("imported"), threads: 1);
        Assert.Equal(8, string.Concat(again.Generate(new GenerationOptions { Length = 8 })).Length);
    }

    [Fact]
    public void Import_OfTensorsOfAnotherShape_NamesTheTensorAndBothShapes()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.Tagging, "training.epochs=1"), "run");
        using (var model = SavedModel.Open(space.PathOf("run"), threads: 1))
            model.Export(space.PathOf("out.safetensors"));
        var error = Assert.Throws<InvalidInputException>(() =>
            ModelImport.Import(space.PathOf("out.safetensors"), space.Job(Workspace.Tagging, "model.hidden=7"), null, space.PathOf("imported"), SilentProgress.Instance));
        Assert.Contains("rnn.weight_ih_l0", error.Message, StringComparison.Ordinal);
        Assert.Contains("[6, 4]", error.Message, StringComparison.Ordinal);
        Assert.Contains("[7, 4]", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(space.PathOf("imported")));
    }

    [Theory]
    [InlineData("char")]
    [InlineData("word")]
    [InlineData("byte")]
    public void Generate_WithTheSameSeed_GivesTheSameText(string tokens)
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.LanguageModel, "training.epochs=1", $"data.tokens={tokens}"), "run");
        using var model = SavedModel.Open(space.PathOf("run"), threads: 1);
        var options = new GenerationOptions { Length = 60, Prompt = "ab ca", Seed = 5 };
        var text = string.Concat(model.Generate(options));
        Assert.True(text.Length >= 30);
        Assert.Equal(text, string.Concat(model.Generate(options)));
        Assert.NotEqual(text, string.Concat(model.Generate(options with { Seed = 6 })));
        Assert.Equal(
            string.Concat(model.Generate(options with { Temperature = 0 })), string.Concat(model.Generate(options with { Temperature = 0, Seed = 6 })));
        Assert.DoesNotContain("<unk>", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_OfAClassifier_GivesAClassAndProbabilitiesALineInTheFilesOrder()
    {
        using var space = new Workspace();
        var summary = space.Train(space.Job(Workspace.Classification, "training.epochs=20"), "run");
        var lines = Predict(space, "names.valid.tsv");
        var labels = File.ReadLines(space.PathOf("names.valid.tsv")).Select(line => line.Split('\t')[0]).ToArray();
        Assert.Equal(labels.Length, lines.Length);
        var right = lines.Zip(labels).Count(pair => pair.First.GetProperty("class").GetString() == pair.Second);
        Assert.Equal(summary.Test["accuracy"], (double)right / labels.Length);
        Assert.True(summary.Test["accuracy"] > 0.8);
        Assert.All(lines, line => Assert.Equal(1, line.GetProperty("probabilities").EnumerateObject().Sum(entry => entry.Value.GetDouble()), 5));
    }

    [Fact]
    public void Predict_OfAFileWithoutLabels_SaysTheSame()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.Classification), "run");
        space.Write("texts.tsv", string.Join('\n', File.ReadLines(space.PathOf("names.valid.tsv")).Select(line => line.Split('\t')[1])) + "\n");
        Assert.Equal(Predict(space, "names.valid.tsv").Select(line => line.GetRawText()), Predict(space, "texts.tsv").Select(line => line.GetRawText()));
    }

    [Fact]
    public void Predict_OfATagger_GivesATagAStep()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.Tagging, "training.epochs=20"), "run");
        var lines = Predict(space, "tags.valid.txt");
        Assert.Equal(15, lines.Length);
        var tags = lines.SelectMany(line => line.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString())).ToArray();
        Assert.Equal(File.ReadLines(space.PathOf("tags.valid.txt")).Where(line => line.Length > 0).Select(line => line.Split('\t')[1]), tags);
    }

    [Fact]
    public void Predict_OfWordsNeverSeen_ReadsTheirCharacters()
    {
        using var space = new Workspace();
        space.Write("tags.txt", Spelt("ka", "lo", "mi", "nu"));
        var job = space.Job(Workspace.ChainTagging, "training.epochs=40", "model.context-window=1", "model.dropout=0", "model.dropout.words=0.4", "data.valid=none", "data.test=none");
        space.Train(job, "run");
        Assert.True(File.Exists(space.PathOf("run/model/characters.vocabulary.txt")));
        space.Write("raw.txt", "lokamiV\nnukalo\n\nmimiloV\n");

        var lines = Predict(space, "raw.txt");

        Assert.Equal(["B-city,O", "B-city"], lines.Select(line => string.Join(',', line.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()))));
        foreach (var probability in lines.SelectMany(line => line.GetProperty("probabilities").EnumerateArray()))
            Assert.InRange(probability.GetDouble(), 0.5, 1.000001);

        // Words of any two syllables; those that end in V are cities.
        static string Spelt(params string[] syllables) => string.Concat(
            from first in syllables
            from second in syllables
            select $"{first}{second}V\tB-city\n{second}{first}\tO\n\n{first}{second}\tO\n\n");
    }

    [Fact]
    public void Predict_WithAConditionalRandomField_SaysTheMostProbableSequence()
    {
        using var space = new Workspace();
        // Each word alone may have either tag, but a sentence has one tag only.
        space.Write("tags.txt", string.Concat(Enumerable.Range(0, 12).Select(_ => "x\tP\nx\tP\n\nx\tQ\nx\tQ\nx\tQ\n\n")));
        space.Train(space.Job(Workspace.ChainTagging, "training.epochs=30", "model.context-window=1", "model.dropout=0", "model.bidirectional=false", "model.characters=none", "data.valid=none", "data.test=none"), "run");
        space.Write("raw.txt", "x\nx\nx\nx\nx\n");

        var line = Assert.Single(Predict(space, "raw.txt"));

        Assert.Single(line.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()).Distinct());
    }

    [Fact]
    public void Predict_OfAForecaster_ForecastsTheRowsBehindTheLast()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.Forecasting), "run");
        var line = Assert.Single(Predict(space, "series.csv"));
        Assert.Equal(160, line.GetProperty("row").GetInt64());
        var forecast = line.GetProperty("forecast").GetProperty("b").EnumerateArray().Select(value => value.GetDouble()).ToArray();
        Assert.Equal(3, forecast.Length);
        Assert.All(forecast, value => Assert.InRange(value, -10, 16));
    }

    [Fact]
    public void Predict_OfColumnsApart_HasAllColumnsInOneLine()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.ForecastingApart, "training.epochs=30"), "run");
        var line = Assert.Single(Predict(space, "series.csv"));
        Assert.Equal(160, line.GetProperty("row").GetInt64());
        var forecast = line.GetProperty("forecast").EnumerateObject().ToDictionary(column => column.Name, column => column.Value.EnumerateArray().Select(value => value.GetDouble()).ToArray());
        Assert.Equal(["b", "a"], forecast.Keys);
        for (var step = 0; step < 3; step++)
        {
            Assert.Equal((160 + step) % 6, forecast["a"][step], 0.5);
            Assert.Equal((160 + step) * 7 % 6 + 0.1 * ((160 + step) % 5), forecast["b"][step], 0.5);
        }
    }

    [Fact]
    public void Evaluate_OfAFile_SaysWhatThePartOfTheSameFileSays()
    {
        using var space = new Workspace();
        var summary = space.Train(space.Job(Workspace.LanguageModel), "run");
        using var model = SavedModel.Open(space.PathOf("run"), threads: 1);
        Assert.Equal(summary.Test, model.Evaluate(space.PathOf("test.txt"), SilentProgress.Instance).Metrics);
    }

    [Fact]
    public void Open_OfACheckpoint_HasTheParametersOfItsStep()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.LanguageModel);
        ResumeTests.Interrupt(space, job, "run", 4);
        using var model = SavedModel.Open(space.PathOf("run"), "step-4", threads: 1);
        Assert.Equal(4, model.Step);
        var error = Assert.Throws<InvalidInputException>(() => SavedModel.Open(space.PathOf("run"), "5"));
        Assert.Contains("2, 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfSomethingElse_IsRefused()
    {
        using var space = new Workspace();
        Assert.Contains("not a run directory", Assert.Throws<InvalidInputException>(() => SavedModel.Open(space.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_FromAnotherRunsModel_StartsFromItsParameters()
    {
        using var space = new Workspace();
        var first = space.Train(space.Job(Workspace.Tagging, "training.epochs=20"), "first");
        var fresh = space.Train(space.Job(Workspace.Tagging, "training.epochs=1"), "fresh");
        var second = space.Train(space.Job(Workspace.Tagging, "training.epochs=1", $"model.from={space.PathOf("first")}"), "second");
        var embedded = space.Train(space.Job(Workspace.Tagging, "training.epochs=1", $"model.embedding-from={space.PathOf("first")}"), "embedded");
        Assert.True(second.Train["loss"] < fresh.Train["loss"] / 2, $"{second.Train["loss"]} after {first.Train["loss"]}, afresh {fresh.Train["loss"]}");
        Assert.Equal(4, new[] { first, fresh, second, embedded }.Select(run => run.Fingerprint).Distinct().Count());
        var error = Assert.Throws<InvalidInputException>(() => space.Train(space.Job(Workspace.Tagging, "model.hidden=5", $"model.from={space.PathOf("first")}"), "third"));
        Assert.Contains("rnn.weight_ih_l0", error.Message, StringComparison.Ordinal);
    }

    private static JsonElement[] Predict(Workspace space, string file)
    {
        var lines = new List<JsonElement>();
        using var model = SavedModel.Open(space.PathOf("run"), threads: 1);
        model.Predict(space.PathOf(file), SilentProgress.Instance, line => lines.Add(JsonDocument.Parse(line).RootElement.Clone()));
        return [.. lines];
    }
}
