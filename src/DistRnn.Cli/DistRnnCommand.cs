using System.CommandLine;
using System.CommandLine.Parsing;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>The whole command line: its commands, and what becomes of usage errors, bad input, signals and failures.</summary>
internal static class DistRnnCommand
{
    private static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Show where in the program an error arose",
        Recursive = true,
    };

    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="terminal">Where it reads and writes.</param>
    /// <param name="signals">What may ask it to stop.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(IReadOnlyList<string> arguments, Terminal terminal, TerminationSignals signals)
    {
        RootCommand root = Create(terminal, signals);
        ParseResult parsed = root.Parse(RepeatedValues.Expand(arguments), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
            return ReportUsage(parsed, root, terminal);

        var configuration = new InvocationConfiguration
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return parsed.Invoke(configuration);
        }
        catch (OperationCanceledException) when (signals.ExitCode != 0)
        {
            return signals.ExitCode;
        }
        catch (Exception exception)
        {
            bool isInput = exception is InvalidInputException;
            terminal.Error.WriteLine("distrnn: " + exception.Message);
            if (parsed.GetValue(Verbose))
                terminal.Error.WriteLine(exception);
            else if (!isInput)
                terminal.Error.WriteLine($"({exception.GetType().Name}; --verbose shows where it arose)");
            return isInput ? ExitCodes.InvalidInput : ExitCodes.Failed;
        }
    }

    private static RootCommand Create(Terminal terminal, TerminationSignals signals)
    {
        var root = new RootCommand("Trains recurrent networks on CPUs, to the same bits on every machine.")
        {
            HelpName = "distrnn",
        };
        root.Options.Add(Verbose);
        root.Subcommands.Add(JobsCommand.Create(terminal));
        root.Subcommands.Add(InitCommand.Create(terminal));
        root.Subcommands.Add(TrainCommand.Create(terminal, signals));
        root.Subcommands.Add(EvaluateCommand.Create(terminal, signals));
        root.Subcommands.Add(GenerateCommand.Create(terminal, signals));
        root.Subcommands.Add(PredictCommand.Create(terminal, signals));
        root.Subcommands.Add(NeighborsCommand.Create(terminal));
        root.Subcommands.Add(TranslateCommand.Create(terminal, signals));
        root.Subcommands.Add(GradientFlowCommand.Create(terminal));
        root.Subcommands.Add(ImportCommand.Create(terminal));
        root.Subcommands.Add(ExportCommand.Create(terminal));
        root.Subcommands.Add(NodeCommand.Create(terminal, signals));
        root.Subcommands.Add(SubmitCommand.Create(terminal, signals));
        foreach (Command command in ClusterCommands.Create(terminal, signals))
            root.Subcommands.Add(command);
        root.Subcommands.Add(AuditCommand.Create(terminal));
        root.Subcommands.Add(SimulateCommand.Create(terminal, signals, Verbose));
        root.Subcommands.Add(BenchCommand.Create(terminal));
        return root;
    }

    private static int ReportUsage(ParseResult parsed, RootCommand root, Terminal terminal)
    {
        Command command = parsed.CommandResult.Command;
        if (command == root)
        {
            string found = parsed.UnmatchedTokens.Count > 0 ? $"There is no command '{parsed.UnmatchedTokens[0]}'." : "A command is missing.";
            terminal.Error.WriteLine($"distrnn: {found} Commands: {string.Join(", ", root.Subcommands.Select(subcommand => subcommand.Name))}.");
            terminal.Error.WriteLine("'distrnn --help' says what they do.");
            return ExitCodes.InvalidInput;
        }

        foreach (ParseError error in parsed.Errors)
            terminal.Error.WriteLine("distrnn: " + error.Message);
        terminal.Error.WriteLine($"'distrnn {command.Name} --help' says what is allowed.");
        return ExitCodes.InvalidInput;
    }
}
