using System.CommandLine;

namespace DistRnn.Cli;

/// <summary><c>distrnn predict RUN --data FILE</c>: classes, tags or forecasts, a JSON object a line.</summary>
internal sealed class PredictCommand(Terminal terminal, TerminationSignals signals)
{
    private readonly RunArguments _run = new();
    private readonly Option<string> _data = new("--data") { Description = "What to predict from, in the form of the job's training data, with labels or without", HelpName = "FILE", Required = true };

    internal static Command Create(Terminal terminal, TerminationSignals signals)
    {
        var predict = new PredictCommand(terminal, signals);
        var command = new Command("predict", "Print classes with probabilities, tags or forecasts, as JSON lines") { predict._data };
        predict._run.AddTo(command);
        command.SetAction(predict.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using var model = _run.Open(parsed);
        var progress = new PlainProgress(terminal.Error, TimeProvider.System);
        model.Predict(parsed.GetRequiredValue(_data), progress, terminal.Output.WriteLine, signals.Token);
        return ExitCodes.Done;
    }
}
