using System.CommandLine;
using DistRnn.Numerics;
using DistRnn.Training;
using Spectre.Console;

namespace DistRnn.Cli;

/// <summary><c>distrnn gradient-flow JOB</c>: how far an error reaches back through each kind of cell, as a table, JSON and a picture.</summary>
internal sealed class GradientFlowCommand(Terminal terminal)
{
    private const int RowsMax = 24;
    private const int StepsMax = 1_000_000;

    private readonly Argument<string> _job = new("JOB") { Description = "A job file, or the name of a built-in job" };
    private readonly Option<string[]> _set = new("--set") { Description = "Set a key of the job, such as model.forget-bias=1; may be repeated", HelpName = "key=value" };
    private readonly Option<int> _steps = new("--steps") { Description = "Train each cell this many steps first (default: 0, as they begin)", HelpName = "N" };
    private readonly Option<string?> _output = new("--output") { Description = "A picture of it, FILE.png or FILE.svg", HelpName = "FILE" };
    private readonly Option<bool> _json = JsonOption.Create();

    internal static Command Create(Terminal terminal)
    {
        var flow = new GradientFlowCommand(terminal);
        var command = new Command("gradient-flow", "Show how far errors reach back: the norm of dE/dz_t against t for the plain network, LSTM and GRU, and the constant error carousel alone")
        {
            flow._job, flow._set, flow._steps, flow._output, flow._json,
        };
        command.SetAction(flow.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var steps = parsed.GetValue(_steps);
        if (steps is < 0 or > StepsMax)
            throw new InvalidInputException($"--steps is {steps}; allowed is 0 to {StepsMax}.");
        var picture = parsed.GetValue(_output);
        if (picture is not null && !FlowPicture.CanBe(picture))
            throw new InvalidInputException($"--output {picture} is neither FILE.png nor FILE.svg.");
        var report = FlowReport.Measure(JobSource.Find(parsed.GetRequiredValue(_job)).Read(parsed.GetValue(_set) ?? []), steps);
        if (picture is not null)
            FlowPicture.Save(report, picture);
        Consoles.Of(terminal.Output, terminal.IsOutputLive).Write(TableOf(report));
        if (parsed.GetValue(_json))
            terminal.Output.WriteLine(JsonOf(report));
        return ExitCodes.Done;
    }

    private static Table TableOf(FlowReport report)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("t").RightAligned());
        foreach (var line in report.Lines)
            table.AddColumn(new TableColumn(Markup.Escape(line.Name)).RightAligned().NoWrap());
        foreach (var t in StepsShown(report.Steps))
            table.AddRow([Figures.Count(t), .. report.Lines.Select(line => Figures.Metric(line.Norms[t - 1]))]);
        return table;
    }

    /// <summary>All steps of a short sequence, otherwise evenly spaced ones that end with the first and the last.</summary>
    private static IEnumerable<int> StepsShown(int steps)
    {
        var rows = Math.Min(steps, RowsMax);
        for (var row = 0; row < rows; row++)
            yield return 1 + (rows == 1 ? 0 : (int)((long)row * (steps - 1) / (rows - 1)));
    }

    private static string JsonOf(FlowReport report) => JsonLine.Of(json =>
    {
        json.WriteString("job", report.Job);
        json.WriteString("task", report.Task);
        json.WriteNumber("hidden", report.Hidden);
        json.WriteNumber("sequences", report.Sequences);
        json.WriteNumber("steps", report.Steps);
        json.WriteNumber("trained_steps", report.TrainedSteps);
        json.WriteStartArray("cells");
        foreach (var line in report.Lines)
        {
            json.WriteStartObject();
            json.WriteString("cell", line.Name);
            json.WriteStartArray("norms");
            foreach (var norm in line.Norms)
                json.WriteNumberValue(norm);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
