using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>Real processes that are told to end in the middle of a run.</summary>
public sealed class SignalTests
{
    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    public void Train_Signalled_EndsAfterACheckpointAndCanBeResumed(string signal, int exitCode)
    {
        using var job = TinyJob.Create("language-model");
        string[] arguments = ["train", job.JobFile, "--output", job.Run, "--json", "--set", "training.steps=1000000"];
        using var child = CommandLine.StartChild(job.Directory, arguments);
        var output = child.StandardOutput.ReadToEndAsync();
        WaitForLine(child.StandardError, "step ");
        var rest = child.StandardError.ReadToEndAsync();
        using (var kill = Process.Start("kill", ["-" + signal, child.Id.ToString(CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        child.WaitForExit();
        Assert.True(exitCode == child.ExitCode, $"exit code {child.ExitCode}: {rest.Result}");

        using var summary = JsonDocument.Parse(output.Result.TrimEnd('\n').Split('\n')[^1]);
        var step = summary.RootElement.GetProperty("steps").GetInt64();
        Assert.Equal("interrupted", summary.RootElement.GetProperty("status").GetString());
        Assert.InRange(step, 1, 999_999);

        string[] resume = ["train", job.JobFile, "--output", job.Run, "--json", "--resume", "--set", FormattableString.Invariant($"training.steps={step + 2}")];
        var resumed = CommandLine.Run(resume);
        Assert.Equal(0, resumed.ExitCode);
        Assert.Equal(step, resumed.LastLineAsJson().GetProperty("resumed_from").GetInt64());
        var straight = CommandLine.Run("train", job.JobFile, "--output", job["straight"], "--json", "--set", FormattableString.Invariant($"training.steps={step + 2}"));
        Assert.Equal(straight.LastLineAsJson().GetProperty("fingerprint").GetString(), resumed.LastLineAsJson().GetProperty("fingerprint").GetString());
    }

    private static void WaitForLine(StreamReader reader, string beginning)
    {
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
                return;
        }

        Assert.Fail($"The process ended before it wrote a line beginning with '{beginning}'.");
    }
}
