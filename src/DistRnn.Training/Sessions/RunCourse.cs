using DistRnn.Data;
using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>What a position and a step's gradient come to.</summary>
/// <param name="Outcome">What becomes of the step.</param>
/// <param name="Factor">What each element of the gradient is multiplied by.</param>
/// <param name="LearningRate">The rate.</param>
/// <param name="Next">The position after it; the one before it where the run stops.</param>
/// <param name="Norm">The gradient's norm after division and before clipping.</param>
/// <param name="Loss">The mean loss a target.</param>
internal sealed record StepResult(StepOutcome Outcome, float Factor, double LearningRate, RunPosition Next, double Norm, double Loss);

/// <summary>
/// How a job goes on from a position: pure functions of the position and of what was computed, so that whoever decides, a trainer in one process or a
/// coordinator that has just taken over, decides the same.
/// </summary>
internal sealed class RunCourse
{
    private readonly TrainerOptions _options;
    private readonly ITrainingPlan _plan;
    private readonly bool _hasValid;
    private readonly bool _keepsBest;
    private readonly Criterion _criterion;
    private readonly TrainingSection _training;
    private readonly long _checkpointEvery;

    /// <summary>Takes a job that is ready.</summary>
    /// <param name="setup">The job.</param>
    public RunCourse(TrainingSetup setup)
    {
        (_options, _plan, _hasValid, _criterion) = (setup.Trainer, setup.Plan, setup.HasValid, setup.Criterion);
        (_keepsBest, _training, _checkpointEvery) = (setup.Keep == KeepKind.Best, setup.Job.Training, setup.Job.Checkpoint.EverySteps);
    }

    /// <summary>The criterion's name.</summary>
    public string Metric => _criterion.Metric;

    /// <summary>The step that follows a position.</summary>
    /// <param name="position">The position.</param>
    public StepPosition NextOf(RunPosition position) =>
        IsEpochDone(position) ? new StepPosition(position.Epoch + 1, 0, position.Step) : new StepPosition(position.Epoch, position.StepInEpoch, position.Step);

    /// <summary>Whether the epoch of a position's last step is done.</summary>
    /// <param name="position">The position.</param>
    public bool IsEpochDone(RunPosition position) => position.StepInEpoch == _plan.StepsIn(position.Epoch);

    /// <summary>Whether the parameters are to be evaluated before the next step.</summary>
    /// <param name="position">The position.</param>
    public bool IsEvaluationDue(RunPosition position) =>
        _hasValid && position.EvaluatedStep != position.Step && IsEvaluationStep(position.Step, IsEpochDone(position));

    /// <summary>Whether a checkpoint is to be written, evaluations that are due having been made.</summary>
    /// <param name="position">The position.</param>
    public bool IsCheckpointDue(RunPosition position) =>
        (_keepsBest && position.EvaluatedStep == position.Step && position.Best?.Step == position.Step)
        || IsLastStep(position) || IsPatienceOver(position) || IsCheckpointStep(position.Step);

    /// <summary>Whether all steps are done.</summary>
    /// <param name="position">The position.</param>
    public bool IsLastStep(RunPosition position) => position.Step >= _options.TotalSteps;

    /// <summary>Whether there were so many evaluations without a better one that the run ends.</summary>
    /// <param name="position">The position.</param>
    public bool IsPatienceOver(RunPosition position) => _training.Patience is { } patience && position.EvaluationsSinceBest >= patience;

    /// <summary>Why a run ends at a position, in words; null where all its steps are done.</summary>
    /// <param name="position">The position.</param>
    public string? ReasonOfEnd(RunPosition position) => !IsPatienceOver(position) ? null : FormattableString.Invariant(
        $"There was no better {_criterion.Metric} on the validation part in {position.EvaluationsSinceBest} evaluations, as training.patience says; the best was made at step {position.Best?.Step ?? 0}.");

    /// <summary>Why a run stops before a step whose gradient is not finite, in words.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="loss">The step's mean loss.</param>
    /// <param name="rate">Its rate.</param>
    public static string ReasonOfStop(long step, double loss, double rate) => FormattableString.Invariant(
        $"The gradient of step {step + 1} is not finite (loss {loss}, learning rate {rate}), and cluster.non-finite is stop. A smaller training.learning-rate or training.clip-norm helps; skip and halve-rate pass over such steps.");

    /// <summary>Decides a step.</summary>
    /// <param name="position">The position before it.</param>
    /// <param name="sums">Sums over all its shards.</param>
    /// <param name="squaredNorm">The squared norm of the summed gradient.</param>
    public StepResult Settle(RunPosition position, StepSums sums, double squaredNorm)
    {
        var step = NextOf(position);
        var rate = RateOf(position, step);
        var factor = GradientFactor.Of(squaredNorm, CountOf(sums), _options.ClipNorm);
        var finite = factor.IsFinite && double.IsFinite(sums.Loss);
        var loss = sums.Targets == 0 ? 0 : sums.Loss / sums.Targets;
        if (!finite && _options.NonFinite == NonFinitePolicy.Stop)
            return new StepResult(StepOutcome.Stopped, 0, rate, position, factor.Norm, loss);
        var next = Advance(position, step, finite ? sums : default) with
        {
            LastStep = (loss, rate, factor.Norm, finite),
            NonFiniteSteps = position.NonFiniteSteps + (finite ? 0 : 1),
            RateFactor = !finite && _options.NonFinite == NonFinitePolicy.HalveRate ? position.RateFactor / 2 : position.RateFactor,
            Optimizer = finite ? _options.Rule.StepAfter(position.Optimizer, rate, factor.Value).After : position.Optimizer,
        };
        return new StepResult(finite ? StepOutcome.Applied : StepOutcome.PassedOver, factor.Value, rate, next, factor.Norm, loss);
    }

    /// <summary>The position after a step whose shards were applied one by one.</summary>
    /// <param name="position">The position before it.</param>
    /// <param name="sums">Sums over all its shards.</param>
    /// <param name="passedOver">Shards whose gradient was not finite.</param>
    public StepResult SettleApplied(RunPosition position, StepSums sums, int passedOver)
    {
        var step = NextOf(position);
        var (rate, loss) = (RateOf(position, step), sums.Targets == 0 ? 0 : sums.Loss / sums.Targets);
        var next = Advance(position, step, sums) with { LastStep = (loss, rate, 0, passedOver == 0), NonFiniteSteps = position.NonFiniteSteps + passedOver };
        return new StepResult(StepOutcome.Applied, 0, rate, next, 0, loss);
    }

    /// <summary>A step that may be worked on while earlier ones are not over, where shards are applied one by one.</summary>
    /// <param name="position">The position.</param>
    /// <param name="ahead">How many steps after the next one, from 0.</param>
    /// <returns>The step, its rate, and whether an evaluation, a checkpoint or the end comes before it.</returns>
    public (StepPosition Step, double LearningRate, bool IsBehindBarrier) Ahead(RunPosition position, int ahead)
    {
        var (at, isBehind) = (position, false);
        for (var i = 0; i < ahead; i++)
        {
            at = Advance(at, NextOf(at), default);
            isBehind |= IsLastStep(at) || (_hasValid && IsEvaluationStep(at.Step, IsEpochDone(at))) || IsCheckpointStep(at.Step);
        }
        var step = NextOf(at);
        return (step, RateOf(position, step), isBehind || IsLastStep(at));
    }

    /// <summary>What a shard's own gradient is multiplied by, where shards are applied one by one; 0 where it is not finite.</summary>
    /// <param name="sums">The shard's sums.</param>
    /// <param name="squaredNorm">The squared norm of its gradient.</param>
    public float FactorOf(StepSums sums, double squaredNorm)
    {
        var factor = GradientFactor.Of(squaredNorm, CountOf(sums), _options.ClipNorm);
        return factor.IsFinite && double.IsFinite(sums.Loss) ? factor.Value : 0;
    }

    /// <summary>Takes an evaluation.</summary>
    /// <param name="position">The position whose parameters were evaluated.</param>
    /// <param name="metrics">All figures.</param>
    /// <returns>The position with it, the criterion's value, and whether it is the best so far.</returns>
    /// <exception cref="Numerics.InvalidInputException">The task does not measure the criterion.</exception>
    public (RunPosition Position, double Value, bool IsBest) Evaluated(RunPosition position, MetricSet metrics)
    {
        if (!metrics.TryGet(_criterion.Metric, out var value))
            throw new Numerics.InvalidInputException($"training.best is '{_criterion.Metric}', which this task does not measure; allowed are {string.Join(", ", metrics.Select(metric => metric.Key))}.");
        var isBest = _criterion.IsBetter(value, position.Best?.Value);
        return (position with
        {
            EvaluatedStep = position.Step,
            Best = isBest ? new BestEvaluation(position.Step, value) : position.Best,
            EvaluationsSinceBest = isBest ? 0 : position.EvaluationsSinceBest + 1,
            Plateau = _options.Schedule.After(position.Plateau, value, _criterion.HigherIsBetter),
        }, value, isBest);
    }

    private static RunPosition Advance(RunPosition position, StepPosition step, StepSums sums)
    {
        var sum = step.StepInEpoch == 0 ? default : position.EpochSums;
        return position with
        {
            EpochSums = new StepSums(
                sum.Loss + sums.Loss, sum.Targets + sums.Targets, sum.Sequences + sums.Sequences, sum.Correct + sums.Correct, sum.Tokens + sums.Tokens),
            Epoch = step.Epoch,
            StepInEpoch = step.StepInEpoch + 1,
            Step = position.Step + 1,
        };
    }

    private bool IsEvaluationStep(long step, bool isEpochDone) =>
        step > 0 && (_training.EvaluateEvery is { } steps ? step % steps == 0 : isEpochDone);

    private bool IsCheckpointStep(long step) => step > 0 && step % _checkpointEvery == 0;

    private double RateOf(RunPosition position, StepPosition step) =>
        _options.Schedule.RateAt(_options.LearningRate, step.Step, _options.TotalSteps, step.Epoch, position.Plateau) * position.RateFactor;

    private long CountOf(StepSums sums) => sums.CountFor(_options.LossScale);
}
