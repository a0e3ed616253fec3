using System.CommandLine;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary><c>distrnn generate RUN</c>: text from a language model, the prompt first. The same seed gives the same text on every machine.</summary>
internal sealed class GenerateCommand(Terminal terminal, TerminationSignals signals)
{
    private static readonly GenerationOptions Defaults = new();

    private readonly RunArguments _run = new();
    private readonly Option<string> _prompt = new("--prompt") { Description = "What the text begins with", HelpName = "TEXT", DefaultValueFactory = _ => Defaults.Prompt };
    private readonly Option<int> _length = new("--length") { Description = "Tokens to generate", HelpName = "N", DefaultValueFactory = _ => Defaults.Length };
    private readonly Option<ulong> _seed = new("--seed") { Description = "The seed", HelpName = "N", DefaultValueFactory = _ => Defaults.Seed };
    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = "0 takes the most probable token, 1 draws as the model says, more is more daring",
        HelpName = "X",
        DefaultValueFactory = _ => Defaults.Temperature,
    };

    internal static Command Create(Terminal terminal, TerminationSignals signals)
    {
        var generate = new GenerateCommand(terminal, signals);
        var command = new Command("generate", "Write text with a language model") { generate._prompt, generate._length, generate._temperature, generate._seed };
        generate._run.AddTo(command);
        command.SetAction(generate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using var model = _run.Open(parsed);
        var prompt = parsed.GetValue(_prompt) ?? "";
        var options = new GenerationOptions
        {
            Prompt = prompt,
            Length = parsed.GetValue(_length),
            Temperature = parsed.GetValue(_temperature),
            Seed = parsed.GetValue(_seed),
        };
        var pieces = model.Generate(options);
        terminal.Output.Write(prompt);
        foreach (var piece in pieces)
        {
            terminal.Output.Write(piece);
            signals.Token.ThrowIfCancellationRequested();
        }

        terminal.Output.WriteLine();
        return ExitCodes.Done;
    }
}
