using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// One execution of a job: steps, evaluations, checkpoints and reports in their order, from the beginning or from a checkpoint to the summary. After
/// every step: is an evaluation due, then the step's row in the log, then a checkpoint where one is due, then the reasons to end.
/// </summary>
internal sealed class RunExecution : IDisposable
{
    private const string NonFiniteFault = "non-finite";
    private const string CheckpointFault = "checkpoint-not-written";

    private readonly TrainingSetup _setup;
    private readonly RunDirectory _directory;
    private readonly TrainingRunOptions _options;
    private readonly ITrainingProgress _progress;
    private readonly long _started;
    private readonly Trainer _trainer;
    private readonly CheckpointKeeper _keeper;
    private readonly KeptModel _kept;
    private readonly BestTracker _best;
    private readonly StepClock _clock;
    private MetricsLog? _log;
    private long _resumedFrom;
    private long _savedStep = -1;
    private int _checkpointFaults;
    private bool _stoppedByNonFinite;
    private string? _reason;

    /// <summary>Takes a job that is ready.</summary>
    /// <param name="setup">The job; stays the caller's.</param>
    /// <param name="directory">Where the run goes.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="started">When the whole began, by the options' clock.</param>
    public RunExecution(TrainingSetup setup, RunDirectory directory, TrainingRunOptions options, ITrainingProgress progress, long started)
    {
        (_setup, _directory, _options, _progress, _started) = (setup, directory, options, progress, started);
        _trainer = new Trainer(setup.Trainer, setup.Network, setup.Computer, setup.Plan, setup.Team);
        _keeper = new CheckpointKeeper(directory, setup, options.Files);
        _kept = new KeptModel(setup.Network);
        _best = new BestTracker(setup.Criterion);
        _clock = new StepClock(options.Clock);
    }

    private JobOptions Job => _setup.Job;

    private bool KeepsBest => _setup.Keep == KeepKind.Best;

    private bool IsLastStep => _trainer.Step >= _setup.Steps;

    private bool IsEvaluationDue => _setup.HasValid && _trainer.Step > 0 && _best.EvaluatedStep != _trainer.Step
        && (Job.Training.EvaluateEvery is { } steps ? _trainer.Step % steps == 0 : _trainer.IsEpochDone);

    private bool IsPatienceOver => Job.Training.Patience is { } patience && _best.EvaluationsSinceBest >= patience;

    /// <summary>Trains to the end, or to where it is ended.</summary>
    /// <param name="cancellation">Ends it after the step in work.</param>
    public RunSummary Run(CancellationToken cancellation)
    {
        _directory.Create();
        Begin();
        _progress.Started(_setup.Outline(_trainer.StateBytes, _directory.Path, _resumedFrom));
        var rowIsOpen = IsEvaluationDue;
        RunStatus status;
        using (_log = MetricsLog.Open(_directory.MetricsFile, rowIsOpen ? _trainer.Step - 1 : _trainer.Step))
            status = Train(rowIsOpen, cancellation);
        return Finish(status, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer.Dispose();
        _kept.Dispose();
    }

    private void Begin()
    {
        var position = _options.Resume ? _keeper.Resume(_trainer, _progress) : null;
        if (position is null)
        {
            _setup.Network.Initialize(Job.Seed, _trainer.Parameters);
            StartingModel.Apply(_setup, _trainer.Parameters, _progress);
        }
        else
        {
            _resumedFrom = _savedStep = position.Step;
            _trainer.TakeFrom(position);
            _best.TakeFrom(position);
        }
        _trainer.ParametersChanged();
        var job = JobData.WithDigests(Job, _setup.Data.Files);
        AtomicFile.WriteText(_directory.JobFile, JobFile.Write(job));
        _directory.WriteNodes(null);
        ModelFiles.WriteDescription(_directory.Model, job, _setup.Data, _setup.Network);
    }

    private RunStatus Train(bool rowIsOpen, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                MetricSet? valid = null;
                var isBest = false;
                if (IsEvaluationDue)
                    (valid, isBest) = EvaluateValid(cancellation);
                if (rowIsOpen)
                    WriteRow(valid);
                if (isBest || IsLastStep || IsPatienceOver || (_trainer.Step > 0 && _trainer.Step % Job.Checkpoint.EverySteps == 0))
                    Save(isBest);
                if (IsLastStep)
                    return RunStatus.Completed;
                if (IsPatienceOver)
                    return PatienceOver();
                cancellation.ThrowIfCancellationRequested();
                if (!DoStep())
                    return NonFiniteStop();
                rowIsOpen = true;
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Interrupted();
        }
        catch (CheckpointException error)
        {
            _reason = error.Message;
            return RunStatus.Stopped;
        }
    }

    private bool DoStep()
    {
        _clock.BeginStep();
        var outcome = _trainer.DoStep();
        _clock.EndStep(_trainer.LastSums.Tokens);
        if (outcome == StepOutcome.Stopped)
            return false;
        _progress.StepDone(Report());
        return true;
    }

    private StepReport Report()
    {
        var last = _trainer.LastStep;
        var evaluations = !_setup.HasValid ? 0
            : Job.Training.EvaluateEvery is { } steps ? _setup.Steps / steps - _trainer.Step / steps
            : _setup.Epochs - _trainer.Epoch - (_trainer.IsEpochDone ? 1 : 0);
        return new StepReport(
            _trainer.Step, _setup.Steps, _trainer.Epoch + 1, _setup.Epochs, last.Loss, last.LearningRate, last.GradientNorm,
            _clock.TokensPerSecond, _clock.SecondsLeft(_setup.Steps - _trainer.Step, evaluations), last.Applied);
    }

    private (MetricSet Metrics, bool IsBest) EvaluateValid(CancellationToken cancellation)
    {
        var begun = _options.Clock.GetTimestamp();
        var metrics = new Evaluator(_setup.Network, _setup.Computer).Evaluate(_setup.Data, PartKind.Valid, Job.Training.Batch, _progress, cancellation);
        var seconds = _options.Clock.GetElapsedTime(begun).TotalSeconds;
        _clock.EvaluationTook(seconds);
        if (!metrics.TryGet(_setup.Criterion.Metric, out var value))
            throw new InvalidInputException($"training.best is '{_setup.Criterion.Metric}', which this task does not measure; allowed are {string.Join(", ", metrics.Select(metric => metric.Key))}.");
        var isBest = _best.Add(_trainer.Step, value, metrics);
        _trainer.Plateau = _setup.Trainer.Schedule.After(_trainer.Plateau, value, _setup.Criterion.HigherIsBetter);
        _progress.Evaluated(new EvaluationReport(_trainer.Step, "valid", metrics, isBest, seconds));
        return (metrics, isBest && KeepsBest);
    }

    private void WriteRow(MetricSet? valid)
    {
        try
        {
            _log!.Write(Report(), valid);
            if (valid is not null || _clock.IsFlushDue())
                _log.Flush();
        }
        catch (IOException error)
        {
            _progress.Note($"{_directory.MetricsFile} cannot be written: {error.Message} The run goes on without its rows.");
        }
    }

    private void Save(bool isBest)
    {
        if (_savedStep == _trainer.Step)
            return;
        try
        {
            _log!.Flush();
            _keeper.Save(_trainer, _best.PutInto(_trainer.PutInto(new RunPosition())));
            _savedStep = _trainer.Step;
            if (isBest)
                _kept.Forget();
            _progress.CheckpointWritten(_trainer.Step);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _checkpointFaults++;
            if (isBest)
                _kept.Remember(_trainer.Step, _trainer.Parameters);
            var what = FormattableString.Invariant($"The checkpoint of step {_trainer.Step} cannot be written: {error.Message}");
            if (Job.Checkpoint.Required)
                throw new CheckpointException($"{what} {_keeper.NewestInWords()} Make room and go on with --resume, or set checkpoint.required to false.", error);
            _progress.Note($"{what} The run goes on, since checkpoint.required is false. {_keeper.NewestInWords()}");
        }
    }

    private RunStatus Interrupted()
    {
        try
        {
            Save(false);
            _reason = FormattableString.Invariant($"The run was told to end and stands at step {_trainer.Step} of {_setup.Steps}; --resume goes on from there.");
        }
        catch (CheckpointException error)
        {
            _reason = error.Message;
        }
        return RunStatus.Interrupted;
    }

    private RunStatus PatienceOver()
    {
        _reason = FormattableString.Invariant(
            $"There was no better {_setup.Criterion.Metric} on the validation part in {_best.EvaluationsSinceBest} evaluations, as training.patience says; the best was made at step {_best.Best?.Step ?? 0}.");
        return RunStatus.Completed;
    }

    private RunStatus NonFiniteStop()
    {
        _stoppedByNonFinite = true;
        var last = _trainer.LastStep;
        _reason = FormattableString.Invariant(
            $"The gradient of step {_trainer.Step + 1} is not finite (loss {last.Loss}, learning rate {last.LearningRate}), and cluster.non-finite is stop. A smaller training.learning-rate or training.clip-norm helps; skip and halve-rate pass over such steps.");
        Save(false);
        return RunStatus.Stopped;
    }

    private RunSummary Finish(RunStatus status, CancellationToken cancellation)
    {
        var (modelStep, model) = _kept.Choose(KeepsBest ? _best.Best?.Step : null, _trainer, _keeper);
        var (valid, test) = (_best.MetricsAt(modelStep) ?? MetricSet.Empty, MetricSet.Empty);
        var table = _setup.Network.Parameters;
        var faults = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        var nonFinite = _trainer.NonFiniteSteps + (_stoppedByNonFinite ? 1 : 0);
        if (nonFinite > 0)
            faults[NonFiniteFault] = nonFinite;
        if (_checkpointFaults > 0)
            faults[CheckpointFault] = _checkpointFaults;
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
            (status, _reason) = (RunStatus.Interrupted, "The run was told to end while the kept model was evaluated; --resume evaluates it again.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            (status, _reason) = (RunStatus.Stopped, $"The kept model cannot be written to {_directory.Model}: {error.Message} {_keeper.NewestInWords()}");
        }
        var summary = new RunSummary
        {
            Status = status,
            Reason = _reason,
            Task = JobNames.Of(Job.Task),
            Directory = _directory.Path,
            Steps = _trainer.Step,
            Epochs = _trainer.Step == 0 ? 0 : _trainer.Epoch + (_trainer.IsEpochDone ? 1 : 0),
            Parameters = table.ParameterCount,
            Train = EvaluationFigures.OfTraining(Job.Task, _trainer.EpochSums),
            Valid = valid,
            Test = test,
            Fingerprint = Fingerprint.Of(table, _trainer.Parameters),
            ModelFingerprint = Fingerprint.Of(table, model),
            ModelStep = modelStep,
            Seconds = _options.Clock.GetElapsedTime(_started).TotalSeconds,
            TokensPerSecond = _clock.TokensPerSecond,
            PeakMemoryBytes = MachineFacts.PeakMemoryBytes,
            Faults = faults.ToImmutable(),
            ResumedFrom = _resumedFrom,
            Software = MachineFacts.Software,
            Processor = MachineFacts.Processor,
        };
        return Write(summary);
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
