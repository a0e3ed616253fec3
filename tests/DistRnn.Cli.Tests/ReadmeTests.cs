using System.Diagnostics;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>
/// Runs README.md: its <c>yaml</c>, <c>csv</c> and <c>text</c> blocks that name a file are written, its <c>console</c> blocks are run in order in one
/// directory. What a block shows after a command must be what the command prints, where an ellipsis stands for anything. In blocks marked
/// <c>console short</c> training ends after a few steps and the output is not compared, since its numbers depend on the machine's speed.
/// </summary>
public sealed class ReadmeTests
{
    private const string CheckoutCommand = "dotnet run -c Release --project src/DistRnn.Cli -- ";
    private const string ToolCommand = "distrnn ";

    [Fact]
    public void EveryExample_RunInOrder_DoesWhatItShows()
    {
        using var directory = new TemporaryDirectory();
        var commands = 0;
        foreach (var block in Blocks(File.ReadAllLines(Path.Combine(Checkout(), "README.md"))))
        {
            if (block.FileName is { } name)
                directory.Write(name, string.Concat(block.Lines.Select(line => line + "\n")));
            else if (block.Kind == "console")
                commands += Run(block, directory.Path);
        }

        Assert.InRange(commands, 8, 100);
    }

    private static int Run(Block block, string directory)
    {
        var starts = Enumerable.Range(0, block.Lines.Length).Where(i => block.Lines[i].StartsWith("$ ", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(starts);
        for (var i = 0; i < starts.Length; i++)
        {
            var command = block.Lines[starts[i]][2..];
            var shown = block.Lines[(starts[i] + 1)..(i + 1 < starts.Length ? starts[i + 1] : block.Lines.Length)];
            var (exitCode, output, error) = Execute(command, directory, block.IsShort);
            Assert.True(exitCode == 0, $"'{command}' exited with {exitCode}: {error}");
            if (!block.IsShort)
                AssertShown(command, shown, output.TrimEnd('\n').Split('\n'));
        }

        return starts.Length;
    }

    private static (int ExitCode, string Output, string Error) Execute(string command, string directory, bool isShort)
    {
        var prefix = command.StartsWith(ToolCommand, StringComparison.Ordinal) ? ToolCommand : CheckoutCommand;
        Assert.StartsWith(prefix, command, StringComparison.Ordinal);
        var start = new ProcessStartInfo("dotnet", [CommandLine.Path, .. Words(command[prefix.Length..])])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (isShort)
            start.Environment["DISTRNN_TRAINING__STEPS"] = "3";
        using var child = Process.Start(start)!;
        var error = child.StandardError.ReadToEndAsync();
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, output, error.Result);
    }

    private static void AssertShown(string command, string[] shown, string[] printed)
    {
        var next = 0;
        foreach (var line in shown.Select(line => line.TrimEnd()))
        {
            var found = Array.FindIndex(printed, next, candidate => Matches(line, candidate.TrimEnd()));
            Assert.True(found >= 0, $"'{command}' does not print '{line}' where README.md shows it, but:\n{string.Join('\n', printed)}");
            next = found + 1;
        }
    }

    private static bool Matches(string shown, string printed)
    {
        var parts = shown.Split("...");
        if (!printed.StartsWith(parts[0], StringComparison.Ordinal) || !printed.EndsWith(parts[^1], StringComparison.Ordinal))
            return false;
        return parts.Length > 1 || shown == printed;
    }

    private static string[] Words(string text) =>
        [.. text.Split('"').SelectMany((part, i) => i % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    private static IEnumerable<Block> Blocks(string[] lines)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal))
                continue;
            var end = Array.IndexOf(lines, "```", i + 1);
            Assert.True(end > 0, $"README.md: the block of line {i + 1} does not end.");
            var words = lines[i][3..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            yield return new Block(words.FirstOrDefault() ?? "", words.Skip(1).FirstOrDefault(), lines[(i + 1)..end]);
            i = end;
        }
    }

    private static string Checkout()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "DistRnn.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The test does not run inside a checkout.");
    }

    private sealed record Block(string Kind, string? Mark, string[] Lines)
    {
        public bool IsShort => Mark == "short";

        public string? FileName => Kind != "console" ? Mark : null;
    }
}
