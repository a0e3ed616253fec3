using DistRnn.Training;
using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class UsageTests
{
    [Fact]
    public void Run_WithoutACommand_NamesTheCommandsAndExits2()
    {
        var result = CommandLine.Run();
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("A command is missing. Commands: jobs, ", result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Fact]
    public void Run_UnknownCommand_NamesItAndExits2()
    {
        var result = CommandLine.Run("trian", "sunspots");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("There is no command 'trian'.", result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Fact]
    public void Run_UnknownOption_NamesItAndExits2()
    {
        var result = CommandLine.Run("jobs", "--colour");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'--colour'", result.Error, StringComparison.Ordinal);
        Assert.Contains("'distrnn jobs --help'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Help_GoesToStandardOutput()
    {
        var result = CommandLine.Run("--help");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("jobs", result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public void Jobs_Always_ListsEveryBuiltInJobWithItsGoal()
    {
        var result = CommandLine.Run("jobs");
        var lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(BuiltInJobs.All.Length, lines.Length);
        foreach (var (job, line) in BuiltInJobs.All.Zip(lines))
        {
            Assert.StartsWith(job.Name + " ", line, StringComparison.Ordinal);
            Assert.Contains(job.Goal.ToString(), line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Jobs_InAProcessOfItsOwn_IsTheSame()
    {
        using var directory = new TemporaryDirectory();
        Assert.Equal(CommandLine.Run("jobs"), CommandLine.RunChild(directory.Path, "jobs"));
    }
}
