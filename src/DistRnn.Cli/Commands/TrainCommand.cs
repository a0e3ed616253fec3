using System.CommandLine;
using DistRnn.Cluster;
using DistRnn.Numerics;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary><c>distrnn train JOB</c>: trains a job file or a built-in job, and shows what the kept model is worth.</summary>
internal sealed class TrainCommand
{
    private readonly Argument<string> _job = new("JOB") { Description = "A job file, or the name of a built-in job" };
    private readonly Option<int?> _workers = new("--workers") { Description = "Workers that share the shards of each step; any number gives the same bits", HelpName = "N" };
    private readonly Option<int?> _servers = new("--parameter-servers") { Description = "Parameter servers that share the parameters; any number gives the same bits", HelpName = "P" };
    private readonly Option<string?> _local = new("--local") { Description = "Whether coordinators, workers and parameter servers are threads of this process (the default) or processes; the bits are the same", HelpName = "threads|processes" };
    private readonly Option<string[]> _set = new("--set") { Description = "Set a key of the job, such as model.hidden=64; may be repeated", HelpName = "key=value" };
    private readonly Option<string?> _output = new("--output") { Description = "The run directory (default: runs/JOB-TIME)", HelpName = "DIR" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on from the newest checkpoint of the run directory; starts afresh if there is none" };
    private readonly Option<string?> _seeds = new("--seeds") { Description = "Train once for each seed, and show means and deviations", HelpName = "A..B" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show shapes, parameters, memory and steps, and train nothing" };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly Terminal _terminal;
    private readonly TerminationSignals _signals;
    private Func<JobOptions, TrainingRunOptions, ITrainingProgress, CancellationToken, RunSummary> _train = LocalTraining.Run;

    private TrainCommand(Terminal terminal, TerminationSignals signals)
    {
        (_terminal, _signals) = (terminal, signals);
        _local.AcceptOnlyFromAmong("threads", "processes");
    }

    internal static Command Create(Terminal terminal, TerminationSignals signals)
    {
        var train = new TrainCommand(terminal, signals);
        var command = new Command("train", "Train a job: a job file or a built-in one")
        {
            train._job, train._workers, train._servers, train._local, train._set, train._output, train._resume, train._seeds, train._dryRun, train._json,
        };
        command.SetAction(train.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var source = JobSource.Find(parsed.GetRequiredValue(_job));
        var job = source.Read(SettingsOf(parsed));
        _train = parsed.GetValue(_local) == "processes" ? TrainInProcesses : LocalTraining.Run;
        var options = new TrainingRunOptions { OutputDirectory = parsed.GetValue(_output), Resume = parsed.GetValue(_resume) };
        if (options.Resume && options.OutputDirectory is null)
            throw new InvalidInputException("--resume needs --output DIR: the run directory to go on from.");
        var isJson = parsed.GetValue(_json);
        if (parsed.GetValue(_dryRun))
            return DryRun(job, options, isJson);
        return parsed.GetValue(_seeds) is { } seeds
            ? RunSeeds(job, SeedRange.Parse(seeds), options, isJson)
            : RunOnce(job, source.BuiltIn, options, isJson);
    }

    private List<string> SettingsOf(ParseResult parsed)
    {
        var settings = new List<string>(parsed.GetValue(_set) ?? []);
        if (parsed.GetValue(_workers) is { } workers)
            settings.Add(FormattableString.Invariant($"cluster.workers={workers}"));
        if (parsed.GetValue(_servers) is { } servers)
            settings.Add(FormattableString.Invariant($"cluster.parameter-servers={servers}"));
        return settings;
    }

    private int RunOnce(JobOptions job, BuiltInJob? builtIn, TrainingRunOptions options, bool isJson)
    {
        var summary = ProgressDisplay.Show(_terminal, progress => _train(job, options, progress, _signals.Token));
        new RunReport(_terminal).Write(summary, builtIn?.Goal);
        if (isJson)
            _terminal.Output.WriteLine(SummaryJson.Of(summary));
        return ExitCodeOf(summary.Status);
    }

    private int RunSeeds(JobOptions job, SeedRange seeds, TrainingRunOptions options, bool isJson)
    {
        var summary = ProgressDisplay.Show(_terminal, progress => TrainingSession.RunSeeds(job, seeds.First, seeds.Last, options, progress, _train, _signals.Token));
        new RunReport(_terminal).Write(summary);
        if (isJson)
            _terminal.Output.WriteLine(SeedsJson.Of(summary));
        return ExitCodeOf(summary.Runs[^1].Status);
    }

    private static RunSummary TrainInProcesses(JobOptions job, TrainingRunOptions options, ITrainingProgress progress, CancellationToken cancellation) =>
        ClusterTraining.Run(job, options, progress, NodeCommand.ThisProgram, cancellation);

    private int DryRun(JobOptions job, TrainingRunOptions options, bool isJson)
    {
        var outline = ProgressDisplay.Show(_terminal, progress => LoadedJob.Outline(job, options, progress));
        new RunReport(_terminal).Write(outline);
        if (isJson)
            _terminal.Output.WriteLine(OutlineJson.Of(outline));
        return ExitCodes.Done;
    }

    private int ExitCodeOf(RunStatus status) => status switch
    {
        RunStatus.Completed => ExitCodes.Done,
        RunStatus.Stopped => ExitCodes.Resumable,
        RunStatus.Interrupted => _signals.ExitCode,
        _ => ExitCodes.Failed,
    };
}
