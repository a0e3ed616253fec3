using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>
/// One right answer: thirty steps of each built-in job, and of a stack with everything in it on ragged sequences, end in the same fingerprint in
/// processes with other instruction sets and other numbers of threads, and when they are stopped in between. Without multiply-add instructions a step takes ten times as
/// long, so there large jobs do fewer.
/// </summary>
public sealed class SameBitsTests
{
    private const string EverythingJob = """
        task: classification
        data: {format: tsv, train: texts.tsv}
        model: {embedding: 12, cell: lstm, peepholes: true, hidden: [20, 13], layers: 2, bidirectional: true, pooling: max, dropout: {embedding: 0.1, layers: 0.3, output: 0.2, words: 0.1}}
        training: {steps: 30, batch: 11, batch-shards: 3, clip-norm: 1, learning-rate: 0.01}
        """;

    // The variables switch instruction sets off in the runtime; on a processor without them they change nothing, and the test still compares.
    private static readonly (string Variable, string Value, int Threads, bool IsSlow)[] s_places =
    [
        ("DOTNET_EnableAVX512", "1", 2, false),
        ("DOTNET_EnableAVX512", "0", 3, false),
        ("DOTNET_EnableAVX2", "0", 1, true),
        ("DOTNET_EnableHWIntrinsic", "0", 2, true),
    ];

    private static readonly string[] s_largeJobs = ["dates", "sunspots", "adding-problem"];

    public static TheoryData<string> Jobs { get; } = [.. BuiltInJobs.All.Select(job => job.Name), "everything"];

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Fingerprint_AfterThirtySteps_IsTheSameEverywhere(string job)
    {
        using var directory = new TemporaryDirectory();
        if (job == "everything")
        {
            directory.Write("everything.yaml", EverythingJob);
            directory.Write("texts.tsv", Texts());
        }
        var name = job == "everything" ? directory["everything.yaml"] : job;
        foreach (var places in s_places.GroupBy(place => place.IsSlow && s_largeJobs.Contains(job) ? 4 : 30))
        {
            var steps = places.Key;
            var expected = Train(directory, name, $"straight-{steps}", "DISTRNN_SIMD", "", 1, steps, resume: false);
            foreach (var (variable, value, threads, _) in places)
            {
                var found = Train(directory, name, $"{variable}-{value}-{steps}", variable, value, threads, steps, resume: false);
                Assert.True(expected == found, $"{steps} steps of {job} with {variable}={value} and {threads} threads end in {found}, without in {expected}.");
            }
        }
    }

    [Fact]
    public void Fingerprint_OfARunStoppedInBetween_IsThatOfTheStraightOne()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("everything.yaml", EverythingJob);
        directory.Write("texts.tsv", Texts());
        var straight = Train(directory, directory["everything.yaml"], "straight", "DISTRNN_SIMD", "", 1, 30, resume: false);
        var short1 = Train(directory, directory["everything.yaml"], "stopped", "DISTRNN_SIMD", "", 2, 13, resume: false);
        Assert.NotEqual(straight, short1);
        Assert.Equal(straight, Train(directory, directory["everything.yaml"], "stopped", "DOTNET_EnableAVX512", "0", 1, 30, resume: true));
    }

    private static string Texts() => string.Concat(Enumerable.Range(0, 60).Select(i =>
        string.Create(CultureInfo.InvariantCulture, $"{(i % 3 == 0 ? "third" : "other")}\t{string.Join(' ', Enumerable.Range(0, 1 + i * 7 % 9).Select(j => $"w{i * j % 10}"))}\n")));

    /// <summary>Measuring a model takes longer than its thirty steps, and changes none of its bits.</summary>
    private static string[] WithoutEvaluation(string job) => job switch
    {
        "sine" => ["--set", "data.split.parts={train: 0.7}"],
        "sunspots" => ["--set", "data.split.parts={train: 0.75}"],
        _ => ["--set", "data.valid=none", "--set", "data.test=none"],
    };

    private static string Train(TemporaryDirectory directory, string job, string run, string variable, string value, int threads, int steps, bool resume)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                CommandLine.Path, "train", job, "--json", "--output", directory[run], "--set", FormattableString.Invariant($"training.steps={steps}"),
                "--set", FormattableString.Invariant($"cluster.threads-per-worker={threads}"), "--set", "training.schedule=none",
                .. WithoutEvaluation(job),
                .. resume ? ["--resume"] : Array.Empty<string>(),
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[variable] = value;
        using var child = Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
        var error = child.StandardError.ReadToEndAsync();
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.True(child.ExitCode == 0, $"{job} exited with {child.ExitCode}: {error.Result}");
        using var summary = JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]);
        return summary.RootElement.GetProperty("fingerprint").GetString()!;
    }
}
