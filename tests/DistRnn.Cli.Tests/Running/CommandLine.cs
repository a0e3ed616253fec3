using System.Diagnostics;

namespace DistRnn.Cli.Tests;

/// <summary>Runs <c>distrnn</c>, in this process or in one of its own.</summary>
internal static class CommandLine
{
    /// <summary>The built command.</summary>
    public static string Path { get; } = typeof(ExitCodes).Assembly.Location;

    private static readonly Lazy<bool> s_canRestoreSignals = new(() =>
    {
        if (!OperatingSystem.IsLinux())
            return false;
        using var probe = Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", "true"]) { RedirectStandardError = true });
        probe?.WaitForExit();
        return probe?.ExitCode == 0;
    });

    /// <summary>Runs a command line in this process. Paths in it have to be absolute.</summary>
    public static CommandResult Run(params string[] arguments) => RunWithInput("", arguments);

    /// <summary>Runs a command line in this process with something on standard input.</summary>
    public static CommandResult RunWithInput(string input, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var signals = TerminationSignals.Listen();
        using var terminal = new Terminal(new StringReader(input), output, error);
        var exitCode = DistRnnCommand.Run(arguments, terminal, signals);
        return new CommandResult(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command line in a process of its own until it ends.</summary>
    public static CommandResult RunChild(string directory, params string[] arguments)
    {
        using var child = StartChild(directory, arguments);
        var error = child.StandardError.ReadToEndAsync();
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return new CommandResult(child.ExitCode, output, error.Result);
    }

    /// <summary>Starts a process of its own.</summary>
    public static Process StartChild(string directory, params string[] arguments)
    {
        // A process that a script started in the background ignores SIGINT, and so do its children, unless env says otherwise.
        string[] command = s_canRestoreSignals.Value ? ["env", "--default-signal=INT", "dotnet"] : ["dotnet"];
        var start = new ProcessStartInfo(command[0], [.. command[1..], Path, .. arguments])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var child = Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
        child.StandardInput.Close();
        return child;
    }
}
