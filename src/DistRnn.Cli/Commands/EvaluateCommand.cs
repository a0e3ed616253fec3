using System.CommandLine;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary><c>distrnn evaluate RUN</c>: a model's metrics on the job's own parts, or on other files.</summary>
internal sealed class EvaluateCommand(Terminal terminal, TerminationSignals signals)
{
    private readonly RunArguments _run = new();
    private readonly Option<string[]> _data = new("--data")
    {
        Description = "Files to measure it on, in the form of the job's training data, instead of the job's own parts",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _json = JsonOption.Create();

    internal static Command Create(Terminal terminal, TerminationSignals signals)
    {
        var evaluate = new EvaluateCommand(terminal, signals);
        var command = new Command("evaluate", "Measure a trained model") { evaluate._data, evaluate._json };
        evaluate._run.AddTo(command);
        command.SetAction(evaluate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using var model = _run.Open(parsed);
        var files = parsed.GetValue(_data) ?? [];
        var parts = ProgressDisplay.Show(
            terminal,
            progress => files.Length == 0 ? model.Evaluate(progress, signals.Token) : [.. files.Select(file => model.Evaluate(file, progress, signals.Token))]);
        var console = Consoles.Of(terminal.Output, terminal.IsOutputLive);
        foreach (var part in parts)
            console.Write(MetricTables.OfPart(part.Part, part.Metrics));
        if (parsed.GetValue(_json))
            terminal.Output.WriteLine(JsonOf(model, parts, files.Length > 0));
        return ExitCodes.Done;
    }

    private static string JsonOf(SavedModel model, IReadOnlyList<PartMetrics> parts, bool areFiles) => JsonLine.Of(json =>
    {
        json.WriteNumber("step", model.Step);
        json.WriteString("fingerprint", model.Fingerprint);
        if (!areFiles)
        {
            foreach (var part in parts)
                JsonLine.WriteMetrics(json, part.Part, part.Metrics);
            return;
        }

        json.WriteStartArray("data");
        foreach (var part in parts)
        {
            json.WriteStartObject();
            json.WriteString("file", part.Part);
            JsonLine.WriteMetrics(json, "metrics", part.Metrics);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
