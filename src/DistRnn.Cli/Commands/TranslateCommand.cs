using System.CommandLine;
using System.Text;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary><c>distrnn translate RUN</c>: lines of standard input, or of a file, become lines of standard output.</summary>
internal sealed class TranslateCommand(Terminal terminal, TerminationSignals signals)
{
    private const int LinesAtOnce = 512;

    private readonly RunArguments _run = new();
    private readonly Option<string?> _data = new("--data") { Description = "Sources to translate, a line each, instead of standard input", HelpName = "FILE" };
    private readonly Option<int?> _beam = new("--beam") { Description = "Hypotheses that go on at a time, instead of what the job says; 1 is greedy", HelpName = "N" };
    private readonly Option<string?> _attention = new("--attention")
    {
        Description = "Where the weights of attention go: a JSON object a line; .png or .svg: a picture of the first line's",
        HelpName = "FILE",
    };
    private readonly Option<bool> _json = JsonOption.Create();

    internal static Command Create(Terminal terminal, TerminationSignals signals)
    {
        var translate = new TranslateCommand(terminal, signals);
        var command = new Command("translate", "Translate lines") { translate._data, translate._beam, translate._attention, translate._json };
        translate._run.AddTo(command);
        command.SetAction(translate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using var model = _run.Open(parsed);
        var (file, path) = (parsed.GetValue(_data), parsed.GetValue(_attention));
        if (path is not null && model.Job.Model.Attention == AttentionKind.None)
            throw new InvalidInputException($"--attention {path}: the model has no attention (model.attention is none), so there are no weights to write.");
        using var input = file is null ? terminal.Input : Open(file);
        using var attention = path is null ? null : AttentionOutput.Create(path);
        var lines = new List<string>(LinesAtOnce);
        while (Read(input, lines))
        {
            signals.Token.ThrowIfCancellationRequested();
            foreach (var translation in model.Translate(lines, parsed.GetValue(_beam)))
            {
                terminal.Output.WriteLine(parsed.GetValue(_json) ? AttentionOutput.LineOf(translation) : translation.Text);
                attention?.Add(translation);
            }
        }
        if (attention is { IsMissing: true })
            terminal.Error.WriteLine($"distrnn: no line became a token, so there is nothing to draw and {path} was not written.");
        return ExitCodes.Done;
    }

    private static bool Read(TextReader input, List<string> lines)
    {
        lines.Clear();
        while (lines.Count < LinesAtOnce && input.ReadLine() is { } line)
            lines.Add(line);
        return lines.Count > 0;
    }

    private static StreamReader Open(string file)
    {
        try
        {
            return new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file} cannot be read: {error.Message}", error);
        }
    }
}
