using System.Globalization;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>What can be done with vectors of words alone: neighbours, analogies, word2vec's files.</summary>
public sealed class NeighborsTests
{
    [Fact]
    public void Neighbors_WordsAndASum_AreShownAndInTheJson()
    {
        using var job = Trained();

        var result = CommandLine.Run("neighbors", job.Run, "cat", "dog", "-", "mat", "+", "log", "--count", "3", "--json");

        Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
        var answers = result.LastLineAsJson().GetProperty("neighbors").EnumerateArray().ToArray();
        Assert.Equal(["cat", "dog - mat + log"], answers.Select(answer => answer.GetProperty("question").GetString()));
        foreach (var answer in answers)
        {
            var words = answer.GetProperty("words").EnumerateArray().ToArray();
            Assert.Equal(3, words.Length);
            Assert.DoesNotContain(words, word => answer.GetProperty("question").GetString()!.Split(' ').Contains(word.GetProperty("word").GetString()));
            Assert.Equal(words.Select(word => word.GetProperty("similarity").GetDouble()).OrderDescending(), words.Select(word => word.GetProperty("similarity").GetDouble()));
            Assert.Contains(words[0].GetProperty("word").GetString()!, result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Neighbors_ASumInOneArgument_IsTheSameQuestion()
    {
        using var job = Trained();

        var one = CommandLine.Run("neighbors", job.Run, "dog - mat + log", "--json");
        var several = CommandLine.Run("neighbors", job.Run, "dog", "-", "mat", "+", "log", "--json");

        Assert.Equal(0, one.ExitCode);
        Assert.Equal(several.Output, one.Output);
    }

    [Theory]
    [InlineData("'zebra'", "zebra")]
    [InlineData("ends in a sign", "dog", "-")]
    [InlineData("--count is 0", "dog", "--count", "0")]
    public void Neighbors_WhatCannotBe_IsRefused(string message, params string[] arguments)
    {
        using var job = Trained();

        var result = CommandLine.Run(["neighbors", job.Run, .. arguments]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Neighbors_OfALanguageModel_AreThoseOfItsEmbedding()
    {
        using var job = TinyJob.Create("language-model");
        CommandLine.Run("train", job.JobFile, "--output", job.Run, "--set", "data.tokens=word");

        Assert.Equal(0, CommandLine.Run("neighbors", job.Run, "cat").ExitCode);
    }

    [Theory]
    [InlineData("vectors.txt")]
    [InlineData("vectors.bin")]
    public void Export_Word2Vec_ComesBackThroughImport(string file)
    {
        using var job = Trained();
        var exported = CommandLine.Run("export", job.Run, "--format", "word2vec", job[file]);
        Assert.Equal("", exported.ExitCode == 0 ? "" : exported.Error);

        var imported = CommandLine.Run("import", job[file], "--job", job.JobFile, "--output", job["imported"]);

        Assert.Equal("", imported.ExitCode == 0 ? "" : imported.Error);
        Assert.Equal(
            CommandLine.Run("neighbors", job.Run, "cat", "--json").Output,
            CommandLine.Run("neighbors", job["imported"], "cat", "--json").Output);
        var again = CommandLine.Run("export", job["imported"], "--format", "word2vec", job["again-" + file]);
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(File.ReadAllBytes(job[file]), File.ReadAllBytes(job["again-" + file]));
    }

    [Fact]
    public void Export_Word2VecOfAForecaster_IsRefused()
    {
        using var job = TinyJob.Create("forecasting");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);

        var result = CommandLine.Run("export", job.Run, "--format", "word2vec", job["vectors.txt"]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("no vectors of words", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(job["vectors.txt"]));
    }

    [Fact]
    public void Bench_WordVectors_SaysWordsPerSecond()
    {
        var result = CommandLine.Run("bench", "--quick", "--only", "word-vectors", "--threads", "1", "--json");

        Assert.Equal(0, result.ExitCode);
        var row = Assert.Single(result.LastLineAsJson().GetProperty("word_vectors").EnumerateArray());
        Assert.Equal((100, 1), (row.GetProperty("dimensions").GetInt32(), row.GetProperty("threads").GetInt32()));
        Assert.True(row.GetProperty("words_per_second").GetDouble() > 100, row.GetRawText());
        Assert.Contains("words/s", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", result.Output.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    [Fact]
    public void Train_OnOneWorkerOrThreeOrOneAfterTheOther_GivesTheSameFingerprint()
    {
        using var job = TinyJob.Create("word-vectors");
        string FingerprintOf(string run, params string[] arguments)
        {
            var result = CommandLine.Run(["train", job.JobFile, "--output", job[run], "--json", .. arguments]);
            Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
            return result.LastLineAsJson().GetProperty("fingerprint").GetString()!;
        }

        var alone = FingerprintOf("alone");

        Assert.Equal(alone, FingerprintOf("together", "--workers", "3", "--parameter-servers", "2"));
        FingerprintOf("resumed", "--set", "training.steps=3", "training.schedule=none");
        Assert.Equal(
            FingerprintOf("whole", "--set", "training.schedule=none"),
            FingerprintOf("resumed", "--resume", "--workers", "2", "--set", "training.schedule=none"));
    }

    private static TinyJob Trained()
    {
        var job = TinyJob.Create("word-vectors");
        Assert.Equal(0, CommandLine.Run("train", job.JobFile, "--output", job.Run).ExitCode);
        return job;
    }
}
