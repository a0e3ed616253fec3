using System.CommandLine;

namespace DistRnn.Cli;

/// <summary><c>distrnn export RUN OUT</c>: a model's parameters as a file that other programs read.</summary>
internal sealed class ExportCommand(Terminal terminal)
{
    private const string Safetensors = "safetensors";
    private const string Word2Vec = "word2vec";

    private readonly RunArguments _run = new();
    private readonly Argument<string> _out = new("OUT") { Description = "The file to write; one that exists is replaced" };
    private readonly Option<string> _format = new("--format") { Description = "The file's format: PyTorch's names and layouts in safetensors, or the vectors of words as word2vec has them (binary where OUT ends in .bin)", HelpName = $"{Safetensors}|{Word2Vec}", DefaultValueFactory = _ => Safetensors };

    internal static Command Create(Terminal terminal)
    {
        var export = new ExportCommand(terminal);
        export._format.AcceptOnlyFromAmong(Safetensors, Word2Vec);
        var command = new Command("export", "Write a model's parameters for other programs");
        export._run.AddTo(command);
        command.Arguments.Add(export._out);
        command.Options.Add(export._format);
        command.SetAction(export.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using var model = _run.Open(parsed);
        var file = parsed.GetRequiredValue(_out);
        if (parsed.GetValue(_format) == Word2Vec)
        {
            terminal.Output.WriteLine($"{file}: vectors of {Figures.Count(model.ExportWord2Vec(file))} words of step {Figures.Count(model.Step)}");
            return ExitCodes.Done;
        }
        model.Export(file);
        terminal.Output.WriteLine($"{file}: {Figures.Count(model.Network.Parameters.ParameterCount)} parameters of step {Figures.Count(model.Step)}, fingerprint {model.Fingerprint}");
        return ExitCodes.Done;
    }
}
