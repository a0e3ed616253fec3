using System.Text.Json;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>Lines in, lines out, and where a translator looked.</summary>
public sealed class TranslateTests
{
    [Fact]
    public void Translate_LinesOfAFile_GivesAsManyLines()
    {
        using var job = TinyJob.Create("translation");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var sources = job.Write("sources.txt", "one two\n\nthree\n");
        var result = CommandLine.Run("translate", job.Run, "--data", sources, "--beam", "2", "--attention", job["attention.jsonl"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(4, result.Output.Split('\n').Length);
        var rows = File.ReadAllLines(job["attention.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(3, rows.Length);
        Assert.Equal(["one", "two"], rows[0].GetProperty("source").EnumerateArray().Select(token => token.GetString()!));
        Assert.Equal(rows[0].GetProperty("target").GetArrayLength(), rows[0].GetProperty("weights").GetArrayLength());
        Assert.Equal(result.Output.Split('\n')[0], rows[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("map.png", new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' })]
    [InlineData("map.svg", new byte[] { (byte)'<' })]
    public void Translate_AttentionAsAPicture_IsOne(string name, byte[] begins)
    {
        using var job = TinyJob.Create("translation");
        CommandLine.Run("train", job.JobFile, "--output", job.Run, "--set", "training.steps=60", "--set", "training.learning-rate=0.05");
        var result = CommandLine.Run("translate", job.Run, "--data", job.Write("sources.txt", "one two\none\n"), "--attention", job[name]);
        Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
        Assert.Equal(begins, File.ReadAllBytes(job[name])[..begins.Length]);
    }

    [Fact]
    public void Translate_WithoutAttention_SaysThatThereIsNone()
    {
        using var job = TinyJob.Create("translation");
        CommandLine.Run("train", job.JobFile, "--output", job.Run, "--set", "model.attention=none");
        var result = CommandLine.Run("translate", job.Run, "--data", job.Write("sources.txt", "one two\n"), "--attention", job["a.json"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("model.attention is none", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1001")]
    public void Translate_BeamOutOfItsRange_IsRefused(string beam)
    {
        using var job = TinyJob.Create("translation");
        CommandLine.Run("train", job.JobFile, "--output", job.Run);
        var result = CommandLine.Run("translate", job.Run, "--data", job.Write("sources.txt", "one two\n"), "--beam", beam);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(beam, result.Error, StringComparison.Ordinal);
    }
}
