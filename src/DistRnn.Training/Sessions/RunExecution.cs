using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// One execution of a job in one process: steps, evaluations, checkpoints and reports in their order, from the beginning or from a checkpoint to the summary.
/// After every step: is an evaluation due, then the step's row in the log, then a checkpoint where one is due, then the reasons to end.
/// </summary>
internal sealed class RunExecution : IDisposable
{
    private readonly TrainingSetup _setup;
    private readonly TrainingRunOptions _options;
    private readonly ITrainingProgress _progress;
    private readonly Trainer _trainer;
    private readonly RunRecord _record;
    private readonly RunCourse _course;
    private long _savedStep = -1;
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
        (_setup, _options, _progress) = (setup, options, progress);
        _trainer = new Trainer(setup.Trainer, setup.Network, setup.Computer, setup.Plan, setup.Team);
        _record = new RunRecord(setup, directory, options, progress, started);
        _course = new RunCourse(setup);
    }

    private BestTracker Best => _record.Best;

    private bool IsEvaluationDue => _setup.HasValid && _trainer.Step > 0 && Best.EvaluatedStep != _trainer.Step
        && (_setup.Job.Training.EvaluateEvery is { } steps ? _trainer.Step % steps == 0 : _trainer.IsEpochDone);

    private RunPosition Position => Best.PutInto(_trainer.PutInto(new RunPosition()));

    /// <summary>Trains to the end, or to where it is ended.</summary>
    /// <param name="cancellation">Ends it after the step in work.</param>
    public RunSummary Run(CancellationToken cancellation)
    {
        if (_record.Open(_trainer.State) is { } position)
        {
            _savedStep = position.Step;
            _trainer.TakeFrom(position);
        }
        _trainer.ParametersChanged();
        var rowIsOpen = IsEvaluationDue;
        _record.Begin(_trainer.StateBytes, rowIsOpen ? _trainer.Step - 1 : _trainer.Step);
        var status = Train(rowIsOpen, cancellation);
        return _record.Finish(
            new RunEnding
            {
                Status = status,
                Reason = _reason,
                Position = Position,
                Parameters = _trainer.Parameters,
                Faults = _stoppedByNonFinite ? ImmutableSortedDictionary<string, int>.Empty.Add("non-finite", 1) : ImmutableSortedDictionary<string, int>.Empty,
            },
            cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer.Dispose();
        _record.Dispose();
    }

    private RunStatus Train(bool rowIsOpen, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                MetricSet? valid = null;
                if (IsEvaluationDue)
                    valid = EvaluateValid(cancellation);
                if (rowIsOpen)
                    _record.WriteRow(Report(), valid);
                var position = valid is not null || IsAtRest ? Position : null;
                if (position is not null && _course.IsCheckpointDue(position))
                    Save(position);
                if (position is not null && _course.IsLastStep(position))
                    return RunStatus.Completed;
                if (position is not null && _course.IsPatienceOver(position))
                {
                    _reason = _course.ReasonOfEnd(position);
                    return RunStatus.Completed;
                }
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

    /// <summary>Whether the course is to be asked at all: a position is an object, and a step between these allocates nothing.</summary>
    private bool IsAtRest => _trainer.Step >= _setup.Steps || _trainer.Step % _setup.Job.Checkpoint.EverySteps == 0 || Best.EvaluatedStep == _trainer.Step;

    private bool DoStep()
    {
        _record.Clock.BeginStep();
        var outcome = _trainer.DoStep();
        _record.Clock.EndStep(_trainer.LastSums.Tokens);
        if (outcome == StepOutcome.Stopped)
            return false;
        _progress.StepDone(Report());
        return true;
    }

    private StepReport Report() => _record.ReportOf(_trainer.Step, _trainer.Epoch, _trainer.IsEpochDone, _trainer.LastStep);

    private MetricSet EvaluateValid(CancellationToken cancellation)
    {
        var begun = _options.Clock.GetTimestamp();
        var metrics = new Evaluator(_setup.Network, _setup.Computer).Evaluate(_setup.Data, PartKind.Valid, _setup.Job.Training.Batch, _progress, cancellation);
        var seconds = _options.Clock.GetElapsedTime(begun).TotalSeconds;
        _record.Clock.EvaluationTook(seconds);
        var (position, value, _) = _course.Evaluated(Position, metrics);
        var isBest = Best.Add(_trainer.Step, value, metrics);
        _trainer.Plateau = position.Plateau;
        _progress.Evaluated(new EvaluationReport(_trainer.Step, "valid", metrics, isBest, seconds));
        return metrics;
    }

    private void Save(RunPosition position)
    {
        if (_savedStep != position.Step && _record.Save(_trainer.State, position) is not null)
            _savedStep = position.Step;
    }

    private RunStatus Interrupted()
    {
        try
        {
            Save(Position);
            _reason = FormattableString.Invariant($"The run was told to end and stands at step {_trainer.Step} of {_setup.Steps}; --resume goes on from there.");
        }
        catch (CheckpointException error)
        {
            _reason = error.Message;
        }
        return RunStatus.Interrupted;
    }

    private RunStatus NonFiniteStop()
    {
        _stoppedByNonFinite = true;
        _reason = RunCourse.ReasonOfStop(_trainer.Step, _trainer.LastStep.Loss, _trainer.LastStep.LearningRate);
        Save(Position);
        return RunStatus.Stopped;
    }
}
