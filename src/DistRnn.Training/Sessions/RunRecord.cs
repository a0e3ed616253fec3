using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Formats;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>What is known at a run's end, beside what the record itself has seen.</summary>
internal sealed record RunEnding
{
    /// <summary>How it ended.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>Why it ended before all its steps were done, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>The last position.</summary>
    public required RunPosition Position { get; init; }

    /// <summary>The parameters at that position.</summary>
    public required FloatBuffer Parameters { get; init; }

    /// <summary>Faults that were noticed, by kind.</summary>
    public IReadOnlyDictionary<string, int> Faults { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>What was put right, and how long that took in seconds.</summary>
    public ImmutableArray<(string What, double Seconds)> Recoveries { get; init; } = [];

    /// <summary>Workers that computed.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Parameter servers that took part.</summary>
    public int ParameterServers { get; init; } = 1;

    /// <summary>How often the run was rolled back.</summary>
    public int Incarnation { get; init; }

    /// <summary>Whether a run of the same job gives the same bits.</summary>
    public bool Reproducible { get; init; } = true;

    /// <summary>Bytes that crossed between processes a step.</summary>
    public long BytesPerStep { get; init; }
}

/// <summary>
/// What a run leaves behind, whoever computes it: the run directory with its job, rows, checkpoints, kept model and summary. It decides nothing.
/// </summary>
internal sealed class RunRecord : IDisposable
{
    private const string NonFiniteFault = "non-finite";
    private const string CheckpointFault = "checkpoint-not-written";

    private readonly TrainingSetup _setup;
    private readonly RunDirectory _directory;
    private readonly TrainingRunOptions _options;
    private readonly ITrainingProgress _progress;
    private readonly long _started;
    private readonly KeptModel _kept;
    private MetricsLog? _log;
    private RunLock? _lock;
    private double _secondsBefore;
    private long _resumedFrom;
    private int _checkpointFaults;

    /// <summary>Takes a job that is ready.</summary>
    /// <param name="setup">The job; stays the caller's.</param>
    /// <param name="directory">Where the run goes.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="started">When the whole began, by the options' clock.</param>
    public RunRecord(TrainingSetup setup, RunDirectory directory, TrainingRunOptions options, ITrainingProgress progress, long started)
    {
        (_setup, _directory, _options, _progress, _started) = (setup, directory, options, progress, started);
        Keeper = new CheckpointKeeper(directory, setup, options.Files);
        _kept = new KeptModel(setup.Network);
        Best = new BestTracker(setup.Criterion);
        Clock = new StepClock(options.Clock);
    }

    /// <summary>The checkpoints.</summary>
    public CheckpointKeeper Keeper { get; }

    /// <summary>The evaluations.</summary>
    public BestTracker Best { get; }

    /// <summary>How long steps take.</summary>
    public StepClock Clock { get; }

    private JobOptions Job => _setup.Job;

    private bool KeepsBest => _setup.Keep == KeepKind.Best;

    /// <summary>Makes the directory, and fills a state with the newest checkpoint's content or the beginning.</summary>
    /// <param name="state">Receives parameters, optimiser and lane state.</param>
    /// <returns>The checkpoint's position, or null at the beginning.</returns>
    /// <exception cref="InvalidInputException">What is to be resumed belongs to another job.</exception>
    public RunPosition? Open(RunState state)
    {
        _directory.Create();
        _lock = _options.Lock is null ? RunLock.Take(_directory.Path, "", TimeSpan.Zero) : null;
        var position = _options.Resume ? Keeper.Resume(state, _progress) : null;
        if (position is null)
        {
            _setup.Network.Initialize(Job.Seed, state.Parameters);
            StartingModel.Apply(_setup, state.Parameters, _progress);
        }
        else
        {
            _resumedFrom = position.Step;
            Best.TakeFrom(position);
        }
        var job = JobData.WithDigests(Job, _setup.Data.Files);
        AtomicFile.WriteText(_directory.JobFile, JobFile.Write(job));
        _directory.WriteNodes(null);
        ModelFiles.WriteDescription(_directory.Model, job, _setup.Data, _setup.Network);
        return position;
    }

    /// <summary>The step that this execution went on from, and the seconds that it has taken.</summary>
    public (long ResumedFrom, double Seconds) Course => (_resumedFrom, _secondsBefore + _options.Clock.GetElapsedTime(_started).TotalSeconds);

    /// <summary>Takes an earlier process's place in the same execution.</summary>
    /// <param name="resumedFrom">The step that the execution went on from.</param>
    /// <param name="seconds">How long it had taken when this process began.</param>
    public void Continue(long resumedFrom, double seconds) => (_resumedFrom, _secondsBefore) = (resumedFrom, seconds);

    /// <summary>Tells that training begins, and opens the log.</summary>
    /// <param name="stateBytes">Bytes of everything that a step changes.</param>
    /// <param name="lastRow">The last step whose row stays.</param>
    public void Begin(long stateBytes, long lastRow)
    {
        _progress.Started(_setup.Outline(stateBytes, _directory.Path, _resumedFrom));
        _log = MetricsLog.Open(_directory.MetricsFile, lastRow);
    }

    /// <summary>A step's figures.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="epoch">Its epoch, from 0.</param>
    /// <param name="isEpochDone">Whether it ended the epoch.</param>
    /// <param name="last">Loss, rate, norm, and whether it was applied.</param>
    public StepReport ReportOf(long step, int epoch, bool isEpochDone, (double Loss, double LearningRate, double GradientNorm, bool Applied) last)
    {
        var evaluations = !_setup.HasValid ? 0
            : Job.Training.EvaluateEvery is { } steps ? _setup.Steps / steps - step / steps
            : _setup.Epochs - epoch - (isEpochDone ? 1 : 0);
        return new StepReport(
            step, _setup.Steps, epoch + 1, _setup.Epochs, last.Loss, last.LearningRate, last.GradientNorm,
            Clock.TokensPerSecond, Clock.SecondsLeft(_setup.Steps - step, evaluations), last.Applied);
    }

    /// <summary>Writes a step's row.</summary>
    /// <param name="report">The step.</param>
    /// <param name="valid">What the validation part said after it, or null where it was not asked.</param>
    public void WriteRow(in StepReport report, MetricSet? valid)
    {
        try
        {
            // Where a process took another's place, its first step may be the last one of the other, whose row stands.
            if (report.Step <= _log!.LastStep)
                return;
            _log.Write(report, valid);
            if (valid is not null || _options.MayBeTakenOver || Clock.IsFlushDue())
                _log.Flush();
        }
        catch (IOException error)
        {
            _progress.Note($"{_directory.MetricsFile} cannot be written: {error.Message} The run goes on without its rows.");
        }
    }

    /// <summary>Marks the rows after a step as superseded: they are about to be computed again.</summary>
    /// <param name="lastStep">The last step whose row stands.</param>
    public void SupersedeRows(long lastStep)
    {
        _log?.Dispose();
        _log = MetricsLog.OpenSuperseding(_directory.MetricsFile, lastStep);
    }

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="state">The state.</param>
    /// <param name="position">Its position.</param>
    /// <returns>The fingerprint, or null where it could not be written and the job does not require it.</returns>
    /// <exception cref="CheckpointException">It could not be written, and the job requires it.</exception>
    public string? Save(RunState state, RunPosition position)
    {
        var isBest = KeepsBest && position.Best?.Step == position.Step;
        try
        {
            _log?.Flush();
            var fingerprint = Keeper.Save(state, position);
            if (isBest)
                _kept.Forget();
            _progress.CheckpointWritten(position.Step);
            return fingerprint;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _checkpointFaults++;
            if (isBest)
                _kept.Remember(position.Step, state.Parameters);
            var what = FormattableString.Invariant($"The checkpoint of step {position.Step} cannot be written: {error.Message}");
            if (Job.Checkpoint.Required)
                throw new CheckpointException($"{what} {Keeper.NewestInWords()} Make room and go on with --resume, or set checkpoint.required to false.", error);
            _progress.Note($"{what} The run goes on, since checkpoint.required is false. {Keeper.NewestInWords()}");
            return null;
        }
    }

    /// <summary>Writes the kept model and the summary, and evaluates what the summary names.</summary>
    /// <param name="ending">What is known.</param>
    /// <param name="cancellation">Ends the evaluation.</param>
    public RunSummary Finish(RunEnding ending, CancellationToken cancellation)
    {
        _log?.Dispose();
        _log = null;
        var position = ending.Position;
        var (status, reason) = (ending.Status, ending.Reason);
        var (modelStep, model) = _kept.Choose(KeepsBest ? position.Best?.Step : null, position.Step, ending.Parameters, Keeper);
        var (valid, test) = (Best.MetricsAt(modelStep) ?? MetricSet.Empty, MetricSet.Empty);
        var table = _setup.Network.Parameters;
        try
        {
            ModelFiles.WriteParameters(_directory.Model, table, model, modelStep);
            if (status == RunStatus.Completed)
            {
                _setup.Computer.SetParameters(model);
                if (valid.Count == 0 && _setup.HasValid)
                    valid = EvaluateKept(PartKind.Valid, modelStep, cancellation);
                if (_setup.Data.Has(PartKind.Test))
                    test = EvaluateKept(PartKind.Test, modelStep, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            (status, reason) = (RunStatus.Interrupted, "The run was told to end while the kept model was evaluated; --resume evaluates it again.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            (status, reason) = (RunStatus.Stopped, $"The kept model cannot be written to {_directory.Model}: {error.Message} {Keeper.NewestInWords()}");
        }
        var isEpochDone = position.StepInEpoch == _setup.Plan.StepsIn(position.Epoch);
        return Write(new RunSummary
        {
            Status = status,
            Reason = reason,
            Task = JobNames.Of(Job.Task),
            Directory = _directory.Path,
            Steps = position.Step,
            Epochs = position.Step == 0 ? 0 : position.Epoch + (isEpochDone ? 1 : 0),
            Parameters = table.ParameterCount,
            Train = EvaluationFigures.OfTraining(Job.Task, position.EpochSums),
            Valid = valid,
            Test = test,
            Fingerprint = Fingerprint.Of(table, ending.Parameters),
            ModelFingerprint = Fingerprint.Of(table, model),
            ModelStep = modelStep,
            Seconds = Course.Seconds,
            TokensPerSecond = Clock.TokensPerSecond,
            PeakMemoryBytes = MachineFacts.PeakMemoryBytes,
            Workers = ending.Workers,
            ParameterServers = ending.ParameterServers,
            Faults = FaultsOf(ending),
            Recoveries = ending.Recoveries,
            ResumedFrom = _resumedFrom,
            Incarnation = ending.Incarnation,
            Reproducible = ending.Reproducible,
            BytesPerStep = ending.BytesPerStep,
            Software = MachineFacts.Software,
            Processor = MachineFacts.Processor,
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _log?.Dispose();
        _kept.Dispose();
        _lock?.Dispose();
    }

    private ImmutableSortedDictionary<string, int> FaultsOf(RunEnding ending)
    {
        var faults = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        faults.AddRange(ending.Faults);
        var nonFinite = ending.Position.NonFiniteSteps + (ending.Faults.ContainsKey(NonFiniteFault) && ending.Status == RunStatus.Stopped ? 1 : 0);
        if (nonFinite > 0)
            faults[NonFiniteFault] = nonFinite;
        if (_checkpointFaults > 0)
            faults[CheckpointFault] = _checkpointFaults;
        return faults.ToImmutable();
    }

    private MetricSet EvaluateKept(PartKind part, long step, CancellationToken cancellation)
    {
        var begun = _options.Clock.GetTimestamp();
        var metrics = new Evaluator(_setup.Network, _setup.Computer).Evaluate(_setup.Data, part, Job.Training.Batch, _progress, cancellation);
        _progress.Evaluated(new EvaluationReport(step, part.ToString().ToLowerInvariant(), metrics, false, _options.Clock.GetElapsedTime(begun).TotalSeconds));
        return metrics;
    }

    private RunSummary Write(RunSummary summary)
    {
        try
        {
            _directory.WriteNodes(_options.Clock.GetUtcNow());
            _directory.WriteSummary(summary);
            return summary;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var reason = $"{_directory.SummaryFile} cannot be written: {error.Message}";
            return summary with { Status = RunStatus.Stopped, Reason = summary.Reason is null ? reason : $"{summary.Reason} {reason}" };
        }
    }
}
