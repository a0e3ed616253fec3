using System.Text.Json;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>What can be done with a trained model: evaluate, predict, generate, export, import.</summary>
public sealed class UseTests
{
    public static TheoryData<string> Tasks => [.. TinyJob.Tasks];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Evaluate_OwnParts_SaysWhatTheSummarySays(string task)
    {
        using var job = TinyJob.Create(task);
        var trained = CommandLine.Run("train", job.JobFile, "--output", job.Run, "--json").LastLineAsJson();
        var result = CommandLine.Run("evaluate", job.Run, "--json");
        Assert.Equal(0, result.ExitCode);
        var evaluated = result.LastLineAsJson();
        Assert.Equal(MetricsOf(trained), MetricsOf(evaluated));
        Assert.Equal(trained.GetProperty("model_fingerprint").GetString(), evaluated.GetProperty("fingerprint").GetString());
        Assert.Contains("test", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Evaluate_OtherFiles_MeasuresEach(string task)
    {
        using var job = TinyJob.Create(task);
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var result = CommandLine.Run("evaluate", job.Run, "--data", job.NewData(), job.NewData(), "--json");
        Assert.Equal(0, result.ExitCode);
        var files = result.LastLineAsJson().GetProperty("data").EnumerateArray().ToArray();
        Assert.Equal(2, files.Length);
        Assert.Equal(job.NewData(), files[0].GetProperty("file").GetString());
        Assert.Equal(files[0].GetProperty("metrics").GetRawText(), files[1].GetProperty("metrics").GetRawText());
    }

    [Fact]
    public void Evaluate_ACheckpoint_IsThatStep()
    {
        using var job = TinyJob.Create("tagging");
        CommandLine.Run("train", job.JobFile, "--output", job.Run, "--set", "checkpoint.every-steps=3");
        var result = CommandLine.Run("evaluate", job.Run, "--checkpoint", "3", "--json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(3, result.LastLineAsJson().GetProperty("step").GetInt32());
        var missing = CommandLine.Run("evaluate", job.Run, "--checkpoint", "5");
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("5", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_Classification_GivesAClassWithProbabilitiesALine()
    {
        using var job = TinyJob.Create("classification");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var unlabelled = job.Write("new.tsv", "a fine day\nno good\nbad\n");
        var lines = Predict(job, unlabelled);
        Assert.Equal(3, lines.Length);
        foreach (var line in lines)
        {
            var probabilities = line.GetProperty("probabilities").EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetDouble());
            Assert.Equal(["bad", "good"], probabilities.Keys.Order());
            Assert.Equal(1, probabilities.Values.Sum(), 1e-5);
            Assert.Equal(probabilities.MaxBy(pair => pair.Value).Key, line.GetProperty("class").GetString());
        }
    }

    [Fact]
    public void Predict_Tagging_GivesATagAToken()
    {
        using var job = TinyJob.Create("tagging");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var lines = Predict(job, job.Write("new.conll", "fly\nto\nParis\n\nhello\n"));
        Assert.Equal([3, 1], lines.Select(line => line.GetProperty("tags").GetArrayLength()));
    }

    [Fact]
    public void Predict_Forecasting_GoesOnFromTheLastRow()
    {
        using var job = TinyJob.Create("forecasting");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var lines = Predict(job, job["series.csv"]);
        Assert.Single(lines);
        Assert.Equal(6, lines[0].GetProperty("forecast").GetProperty("value").GetArrayLength());
    }

    [Fact]
    public void Forecasting_ColumnsApart_TrainsEvaluatesAndPredictsAllColumns()
    {
        using var job = TinyJob.Create("forecasting");
        job.Write("series.csv", "date,up,down\n" + string.Concat(Enumerable.Range(0, 120).Select(day => FormattableString.Invariant($"{new DateOnly(2024, 1, 1).AddDays(day):yyyy-MM-dd},{day % 12},{100 - day % 12}\n"))));
        var file = job.Write("apart.yaml", """
            task: forecasting
            data: {train: series.csv, time-column: date, columns-apart: true, time-features: [weekday], input-length: 12, horizon: 4, season: 12, split: {parts: {train: 0.6, valid: 0.2, test: 0.2}}}
            model: {hidden: 6, residual: seasonal}
            training: {steps: 8, batch: 10}
            cluster: {threads-per-worker: 1}
            """);
        var trained = CommandLine.Run("train", file, "--output", job.Run, "--json").LastLineAsJson();
        var many = CommandLine.Run("train", file, "--output", job["many"], "--workers", "3", "--parameter-servers", "2", "--json").LastLineAsJson();
        Assert.Equal(trained.GetProperty("fingerprint").GetString(), many.GetProperty("fingerprint").GetString());
        Assert.Equal(MetricsOf(trained), MetricsOf(CommandLine.Run("evaluate", job.Run, "--json").LastLineAsJson()));
        var forecast = Assert.Single(Predict(job, job["series.csv"])).GetProperty("forecast");
        Assert.Equal(["up", "down"], forecast.EnumerateObject().Select(column => column.Name));
        Assert.All(forecast.GetProperty("up").EnumerateArray(), value => Assert.InRange(value.GetDouble(), -20, 31));
        Assert.All(forecast.GetProperty("down").EnumerateArray(), value => Assert.InRange(value.GetDouble(), 69, 120));
        var refused = CommandLine.Run("train", file, "--output", job["refused"], "--set", "data.columns=[up]", "--set", "data.targets=[down]");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("data.targets names \"down\"", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_FromBuiltInData_NeedsNoFile()
    {
        using var directory = new TemporaryDirectory();
        CommandLine.Run("train", "sine", "--output", directory["run"], "--set", "training.steps=2");
        var result = CommandLine.Run("predict", directory["run"], "--data", "built-in:sine/sine.csv");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(10, result.LastLineAsJson().GetProperty("forecast").GetProperty("value").GetArrayLength());
    }

    [Fact]
    public void Predict_LanguageModel_IsRefused()
    {
        using var job = TinyJob.Create("language-model");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var result = CommandLine.Run("predict", job.Run, "--data", job.NewData());
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("generate", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_SameSeed_IsTheSameText()
    {
        using var job = TinyJob.Create("language-model");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        string[] options = ["generate", job.Run, "--prompt", "the ", "--length", "30", "--temperature", "0.8", "--seed"];
        var first = CommandLine.Run([.. options, "3"]);
        Assert.Equal(0, first.ExitCode);
        Assert.StartsWith("the ", first.Output, StringComparison.Ordinal);
        Assert.Equal("the ".Length + 30 + 1, first.Output.Length);
        Assert.Equal(first, CommandLine.Run([.. options, "3"]));
        Assert.NotEqual(first.Output, CommandLine.Run([.. options, "4"]).Output);
    }

    [Theory]
    [InlineData("--length", "-1")]
    [InlineData("--temperature", "-0.5")]
    [InlineData("--length", "many")]
    public void Generate_OptionOutOfRange_IsNamed(string option, string value)
    {
        using var job = TinyJob.Create("language-model");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var result = CommandLine.Run("generate", job.Run, option, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(value, result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Import_OfAnExport_IsTheSameModel(string task)
    {
        using var job = TinyJob.Create(task);
        var trained = CommandLine.Run("train", job.JobFile, "--output", job.Run, "--json").LastLineAsJson();
        var exported = CommandLine.Run("export", job.Run, "--format", "safetensors", job["model.safetensors"]);
        Assert.Equal(0, exported.ExitCode);
        var imported = CommandLine.Run("import", job["model.safetensors"], "--job", job.JobFile, "--output", job["imported"]);
        Assert.Equal("", imported.ExitCode == 0 ? "" : imported.Error);
        var evaluated = CommandLine.Run("evaluate", job["imported"], "--json").LastLineAsJson();
        Assert.Equal(trained.GetProperty("model_fingerprint").GetString(), evaluated.GetProperty("fingerprint").GetString());
        Assert.Equal(MetricsOf(trained), MetricsOf(evaluated));
    }

    [Fact]
    public void Import_OfAnotherShape_NamesTheTensor()
    {
        using var job = TinyJob.Create("tagging");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        CommandLine.Run("export", job.Run, job["model.safetensors"]);
        var other = job.Write("other.yaml", File.ReadAllText(job.JobFile).Replace("hidden: 8", "hidden: 9", StringComparison.Ordinal));
        var result = CommandLine.Run("import", job["model.safetensors"], "--job", other, "--output", job["imported"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("rnn.weight_ih_l0", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_FormatOfAnotherVersion_IsRefused()
    {
        using var job = TinyJob.Create("tagging");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var result = CommandLine.Run("export", job.Run, job["model.onnx"], "--format", "onnx");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'onnx'", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(job["model.onnx"]));
    }

    [Theory]
    [InlineData("evaluate")]
    [InlineData("generate")]
    [InlineData("predict", "--data", "x.csv")]
    [InlineData("export", "out.safetensors")]
    public void AnyUse_OfWhatIsNoRun_NamesTheDirectory(string command, params string[] rest)
    {
        using var directory = new TemporaryDirectory();
        var result = CommandLine.Run([command, directory["nothing"], .. rest]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(directory["nothing"], result.Error, StringComparison.Ordinal);
    }

    private static JsonElement[] Predict(TinyJob job, string file)
    {
        var result = CommandLine.Run("predict", job.Run, "--data", file);
        Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
        return [.. result.Output.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>The test part's metrics as they stand in JSON, but for the speed, which is a run's and not the model's.</summary>
    private static IEnumerable<string> MetricsOf(JsonElement result) =>
        result.GetProperty("test").EnumerateObject().Where(metric => metric.Name != "words-per-second").Select(metric => metric.ToString());
}
