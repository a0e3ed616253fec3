using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>Real processes that are told to end in the middle of a run.</summary>
public sealed class SignalTests
{
    private const int Steps = 800;

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    public async Task Train_Signalled_EndsAfterACheckpointAndCanBeResumed(string signal, int exitCode)
    {
        using var job = TinyJob.Create("language-model");
        string[] settings = ["--json", "--set", FormattableString.Invariant($"training.steps={Steps}"), "model.hidden=64", "cluster.threads-per-worker=1"];
        using var child = CommandLine.StartChild(job.Directory, ["train", job.JobFile, "--output", job.Run, .. settings]);
        var output = child.StandardOutput.ReadToEndAsync();
        await WaitForLine(child.StandardError, "step ");
        var rest = child.StandardError.ReadToEndAsync();
        using (var kill = Process.Start("kill", ["-" + signal, child.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await child.WaitForExitAsync();
        Assert.True(exitCode == child.ExitCode, $"exit code {child.ExitCode}: {await rest}");

        using var summary = JsonDocument.Parse((await output).TrimEnd('\n').Split('\n')[^1]);
        var step = summary.RootElement.GetProperty("steps").GetInt64();
        Assert.Equal("interrupted", summary.RootElement.GetProperty("status").GetString());
        Assert.InRange(step, 1, Steps - 1);

        var resumed = CommandLine.Run(["train", job.JobFile, "--output", job.Run, "--resume", .. settings]);
        Assert.Equal(0, resumed.ExitCode);
        Assert.Equal(step, resumed.LastLineAsJson().GetProperty("resumed_from").GetInt64());
        var straight = CommandLine.Run(["train", job.JobFile, "--output", job["straight"], .. settings]);
        Assert.Equal(straight.LastLineAsJson().GetProperty("fingerprint").GetString(), resumed.LastLineAsJson().GetProperty("fingerprint").GetString());
    }

    private static async Task WaitForLine(StreamReader reader, string beginning)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
                return;
        }

        Assert.Fail($"The process ended before it wrote a line beginning with '{beginning}'.");
    }
}
