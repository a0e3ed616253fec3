using DistRnn.Training;
using Spectre.Console;

namespace DistRnn.Cli;

/// <summary>What a run came to, for people, on standard output.</summary>
/// <param name="terminal">Where it goes.</param>
internal sealed class RunReport(Terminal terminal)
{
    private readonly IAnsiConsole _console = Consoles.Of(terminal.Output, terminal.IsOutputLive);

    /// <summary>Writes a run's metrics, speed and where everything is.</summary>
    /// <param name="summary">The run.</param>
    /// <param name="goal">What the job should reach, or null where nothing is known.</param>
    internal void Write(RunSummary summary, BuiltInGoal? goal)
    {
        WriteMetrics(summary);
        var facts = new List<(string, string)>
        {
            ("status", summary.Reason is null ? SummaryJson.NameOf(summary.Status) : $"{SummaryJson.NameOf(summary.Status)}. {summary.Reason}"),
        };
        if (goal is not null && summary.Test.TryGet(goal.Metric, out var value))
            facts.Add(("goal", $"test {goal}: {(goal.IsReachedBy(value) ? "reached" : "not reached")}"));
        facts.Add(("kept model", $"of step {Figures.Count(summary.ModelStep)}, after {Figures.Count(summary.Steps)} steps; {Figures.Count(summary.Parameters)} parameters"));
        facts.Add(("speed", $"{Figures.Rate(summary.TokensPerSecond)} tokens/s; {Figures.Seconds(summary.Seconds)} in all, {Figures.Bytes(summary.PeakMemoryBytes)} of memory"));
        facts.Add(("fingerprint", summary.Fingerprint));
        facts.Add(("run directory", summary.Directory));
        WriteFacts([.. facts]);
    }

    /// <summary>Writes means and deviations over seeds.</summary>
    /// <param name="summary">The runs.</param>
    internal void Write(SeedsSummary summary)
    {
        if (!summary.Valid.IsEmpty)
            _console.Write(MetricTables.OfSpread("valid", summary.Valid));
        if (!summary.Test.IsEmpty)
            _console.Write(MetricTables.OfSpread("test", summary.Test));
        WriteFacts([.. summary.Runs.Select(run => (SummaryJson.NameOf(run.Status), run.Directory))]);
    }

    /// <summary>Writes what a run would be made of.</summary>
    /// <param name="outline">The run.</param>
    internal void Write(RunOutline outline)
    {
        var tensors = new Table().Border(TableBorder.Simple).AddColumn("tensor").AddColumn("shape");
        foreach (var tensor in outline.Tensors)
            tensors.AddRow(Markup.Escape(tensor.Name), string.Join(" x ", tensor.Shape));
        _console.Write(tensors);
        var facts = outline.Data.Select(part => ("data", part)).Append(("task", outline.Task)).Append(("parameters", Figures.Count(outline.Parameters)))
            .Append(("steps", FormattableString.Invariant($"{Figures.Count(outline.Steps)} in {outline.Epochs} epochs, {Figures.Count(outline.StepsPerEpoch)} in the first")))
            .Append(("shards", FormattableString.Invariant($"{outline.Shards} a batch, on {outline.Threads} threads")))
            .Append(("memory", $"{Figures.Bytes(outline.StateBytes)} of parameters, gradient and optimiser, {Figures.Bytes(outline.WorkingBytes)} of a step's own"))
            .Append(("traffic", $"{Figures.Bytes(outline.BytesPerStep)} a step, where workers and parameter servers are processes"));
        WriteFacts([.. facts]);
    }

    // Not a table of Spectre's, which would break a fingerprint or a path in two on a narrow terminal.
    private void WriteFacts(IReadOnlyList<(string Name, string Value)> facts)
    {
        var width = facts.Max(fact => fact.Name.Length) + 1;
        foreach (var (name, value) in facts)
            terminal.Output.WriteLine(name.PadRight(width) + value);
    }

    private void WriteMetrics(RunSummary summary)
    {
        if (summary.Test.TryGet("naive-mse", out _))
            _console.Write(MetricTables.OfPart("test", summary.Test));
        else if (summary.Test.Count == 0 && summary.Valid.TryGet("naive-mse", out _))
            _console.Write(MetricTables.OfPart("valid", summary.Valid));
        else if (summary.Train.Count + summary.Valid.Count + summary.Test.Count > 0)
            _console.Write(MetricTables.OfParts([("train", summary.Train), ("valid", summary.Valid), ("test", summary.Test)]));
    }
}
