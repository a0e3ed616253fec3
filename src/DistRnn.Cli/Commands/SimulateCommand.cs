using System.CommandLine;
using System.Diagnostics;
using DistRnn.Simulation;

namespace DistRnn.Cli;

/// <summary><c>distrnn simulate JOB --seeds A..B</c>: runs the whole protocol in virtual time with seeded faults, and checks what must always hold.</summary>
internal sealed class SimulateCommand
{
    private readonly Argument<string> _job = new("JOB") { Description = $"A job file, the name of a built-in job, or '{Simulator.Swarm}' for the built-in set of tiny jobs" };
    private readonly Option<string> _seeds = new("--seeds") { Description = "The seeds, both ends included", HelpName = "A..B", Required = true };
    private readonly Option<string?> _faults = new("--faults") { Description = "A JSON file that says from what faults are drawn", HelpName = "FILE" };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly Option<bool> _verbose;
    private readonly Terminal _terminal;
    private readonly TerminationSignals _signals;

    private SimulateCommand(Terminal terminal, TerminationSignals signals, Option<bool> verbose) => (_terminal, _signals, _verbose) = (terminal, signals, verbose);

    internal static Command Create(Terminal terminal, TerminationSignals signals, Option<bool> verbose)
    {
        var simulate = new SimulateCommand(terminal, signals, verbose);
        var command = new Command("simulate", "Run the whole protocol in virtual time, with seeded faults") { simulate._job, simulate._seeds, simulate._faults, simulate._json };
        command.SetAction(simulate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(_job);
        var seeds = SeedRange.Parse(parsed.GetRequiredValue(_seeds));
        var file = parsed.GetValue(_faults);
        var faults = file is null ? new FaultOptions() : FaultOptions.Read(file);
        var log = parsed.GetValue(_verbose) && seeds.Count == 1 ? WriteLine : (Action<LogLine>?)null;
        using var simulator = name == Simulator.Swarm ? Simulator.OfSwarm() : Simulator.Of(JobSource.Find(name).Read([]));
        var report = new SimulationReport(seed => FormattableString.Invariant($"distrnn simulate {name} --seeds {seed}..{seed}{(file is null ? "" : $" --faults {file}")} --verbose"));
        var begun = Stopwatch.GetTimestamp();
        foreach (var seed in seeds.Seeds)
        {
            _signals.Token.ThrowIfCancellationRequested();
            var result = simulator.Run(seed, faults, log);
            foreach (var violation in result.Violations)
                _terminal.Output.WriteLine($"seed {seed} ({result.Job}): {violation.Checker}: {violation.Reason}\n  {report.ReplayOf(seed)}");
            report.Add(result);
        }
        report.Seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        foreach (var line in report.Lines())
            _terminal.Output.WriteLine(line);
        if (parsed.GetValue(_json))
            _terminal.Output.WriteLine(report.ToJson());
        return report.HasViolations ? ExitCodes.Failed : ExitCodes.Done;
    }

    private void WriteLine(LogLine line) =>
        _terminal.Output.WriteLine(FormattableString.Invariant($"{line.At.TotalSeconds,10:0.0000}  {line.Node,-10} {line.What}{(line.Reason.Length == 0 ? "" : ": " + line.Reason)}"));
}
