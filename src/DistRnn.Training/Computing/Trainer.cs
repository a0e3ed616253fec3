using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>What became of a step.</summary>
internal enum StepOutcome
{
    /// <summary>The parameters were updated.</summary>
    Applied,

    /// <summary>The gradient was not finite: the step is done and changed nothing.</summary>
    PassedOver,

    /// <summary>The gradient was not finite and the job says stop: the step is not done.</summary>
    Stopped,
}

/// <summary>
/// The optimiser steps of a run in one process: shards to a gradient, its norm to a factor, the update of every range by the team's threads. It holds
/// everything that a step changes; it reads no clock, no file and no validation result, so the same job gives the same bits.
/// </summary>
/// <remarks>After the largest shards have been seen once, a step allocates nothing. One caller at a time.</remarks>
internal sealed class Trainer : IDisposable
{
    private readonly TrainerOptions _options;
    private readonly ITrainingPlan _plan;
    private readonly ComputeTeam _team;
    private readonly ShardComputer _shards;
    private readonly Gradient _gradient;
    private readonly GradientNorm _norm;
    private readonly Action<int> _update;
    private UpdateStep _updateStep;
    private LaneState? _spareLanes;
    private int _epoch;
    private long _stepInEpoch;

    /// <summary>Makes a trainer whose parameters are +0; set them, then call <see cref="ParametersChanged"/>.</summary>
    /// <param name="options">How it trains.</param>
    /// <param name="network">The network.</param>
    /// <param name="computer">What computes; stays the caller's.</param>
    /// <param name="plan">Which sequences a shard holds.</param>
    /// <param name="team">The threads; stay the caller's.</param>
    public Trainer(TrainerOptions options, INetwork network, INetworkComputer computer, ITrainingPlan plan, ComputeTeam team)
    {
        (_options, Network, Computer, _plan, _team) = (options, network, computer, plan, team);
        Parameters = new FloatBuffer(network.Parameters.Count);
        Optimizer = new OptimizerState(options.Rule, network.Parameters.Count);
        _gradient = new Gradient(network.Parameters);
        _norm = new GradientNorm(network.Parameters, team);
        _shards = new ShardComputer(computer, plan, options.RoundsNodes);
        _update = options.Rule.IsIdleOnZeroGradient ? UpdateTouchedPart : UpdatePart;
        if (plan.Lanes > 0)
        {
            Lanes = network.CreateLanes(plan.Lanes);
            _spareLanes = network.CreateLanes(plan.Lanes);
        }
    }

    /// <summary>The network.</summary>
    public INetwork Network { get; }

    /// <summary>What computes.</summary>
    public INetworkComputer Computer { get; }

    /// <summary>The parameters after the last step.</summary>
    public FloatBuffer Parameters { get; }

    /// <summary>The optimiser's state after the last step.</summary>
    public OptimizerState Optimizer { get; }

    /// <summary>The state that lanes carry into the next step, or null where sequences are independent.</summary>
    public LaneState? Lanes { get; private set; }

    /// <summary>Everything that a step changes, as a checkpoint holds it.</summary>
    public RunState State => new(Parameters, Optimizer, Lanes);

    /// <summary>Steps done.</summary>
    public long Step { get; private set; }

    /// <summary>The epoch of the last step, from 0.</summary>
    public int Epoch => _epoch;

    /// <summary>Whether the last step ended its epoch.</summary>
    public bool IsEpochDone => _stepInEpoch == _plan.StepsIn(_epoch);

    /// <summary>Sums over the epoch's steps so far.</summary>
    public StepSums EpochSums { get; private set; }

    /// <summary>The last step's sums.</summary>
    public StepSums LastSums { get; private set; }

    /// <summary>The last step's mean loss, rate and gradient norm, and whether it was applied.</summary>
    public (double Loss, double LearningRate, double GradientNorm, bool Applied) LastStep { get; private set; }

    /// <summary>What the plateau schedule knows; set after an evaluation.</summary>
    public PlateauState Plateau { get; set; } = PlateauState.Initial;

    /// <summary>What halvings have left of the learning rate.</summary>
    public double RateFactor { get; private set; } = 1;

    /// <summary>Steps that were passed over because their gradient was not finite.</summary>
    public int NonFiniteSteps { get; private set; }

    /// <summary>Bytes of parameters, gradient, optimiser state and lane state.</summary>
    public long StateBytes =>
        sizeof(float) * (Parameters.Count * (2 + Optimizer.Vectors.Length + _shards.Gradients) + 2 * (Lanes?.Values.Count ?? 0));

    /// <summary>Tells the computer that the parameters have other values.</summary>
    public void ParametersChanged() => Computer.SetParameters(Parameters);

    /// <summary>Does one step.</summary>
    public StepOutcome DoStep()
    {
        var (epoch, stepInEpoch, begins) = IsEpochDone ? (_epoch + 1, 0L, true) : (_epoch, _stepInEpoch, _stepInEpoch == 0);
        if (begins)
            Lanes?.Clear();
        var rate = _options.Schedule.RateAt(_options.LearningRate, Step, _options.TotalSteps, epoch, Plateau) * RateFactor;
        var sums = _shards.Compute(_options.Seed, new StepPosition(epoch, stepInEpoch, Step), Lanes, _spareLanes, _gradient);
        var count = sums.CountFor(_options.LossScale);
        var factor = GradientFactor.Of(_norm.SquaredNormOf(_gradient), count, _options.ClipNorm);
        var finite = factor.IsFinite && double.IsFinite(sums.Loss);
        LastSums = sums;
        LastStep = (sums.Targets == 0 ? 0 : sums.Loss / sums.Targets, rate, factor.Norm, finite);
        if (!finite)
        {
            if (_options.NonFinite == NonFinitePolicy.Stop)
                return StepOutcome.Stopped;
            NonFiniteSteps++;
            if (_options.NonFinite == NonFinitePolicy.HalveRate)
                RateFactor /= 2;
        }
        else
        {
            Update(rate, factor.Value);
            (Lanes, _spareLanes) = (_spareLanes, Lanes);
        }
        Advance(epoch, stepInEpoch, begins, finite ? sums : default);
        return finite ? StepOutcome.Applied : StepOutcome.PassedOver;
    }

    /// <summary>Writes where the trainer is into a position.</summary>
    /// <param name="position">The rest of the position.</param>
    public RunPosition PutInto(RunPosition position) => position with
    {
        Epoch = _epoch,
        StepInEpoch = _stepInEpoch,
        Step = Step,
        EpochSums = EpochSums,
        LastStep = LastStep,
        RateFactor = RateFactor,
        NonFiniteSteps = NonFiniteSteps,
        Plateau = Plateau,
        Optimizer = Optimizer.Scalars,
    };

    /// <summary>Takes up a position; parameters, optimiser vectors and lane state are the caller's to set.</summary>
    /// <param name="position">Where a run was.</param>
    public void TakeFrom(RunPosition position)
    {
        (_epoch, _stepInEpoch, Step) = (position.Epoch, position.StepInEpoch, position.Step);
        (EpochSums, LastStep) = (position.EpochSums, position.LastStep);
        (RateFactor, NonFiniteSteps, Plateau) = (position.RateFactor, position.NonFiniteSteps, position.Plateau);
        Optimizer.Scalars = position.Optimizer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        Optimizer.Dispose();
        _gradient.Dispose();
        _shards.Dispose();
        Lanes?.Dispose();
        _spareLanes?.Dispose();
    }

    private void Update(double rate, float factor)
    {
        var step = Optimizer.Prepare(rate, factor);
        _updateStep = step;
        _team.Run(_update);
        Optimizer.Commit(step);
        ParametersChanged();
    }

    private void UpdatePart(int thread)
    {
        var (first, last) = _team.PartOf(thread, Network.Parameters.Blocks);
        var start = (long)first * ParameterTable.BlockCount;
        var end = Math.Min((long)last * ParameterTable.BlockCount, Parameters.Count);
        Update(start, end);
    }

    /// <summary>This thread's part of an update that leaves rows without a gradient as they are, to the bit: those are not visited.</summary>
    private void UpdateTouchedPart(int thread)
    {
        for (var i = 0; i < Network.Parameters.Tensors.Length; i++)
        {
            var tensor = Network.Parameters.Tensors[i];
            if (!tensor.SparseRows)
            {
                var (from, to) = _team.PartOf(thread, (int)((tensor.Count + ParameterTable.BlockCount - 1) / ParameterTable.BlockCount));
                Update(tensor.Offset + (long)from * ParameterTable.BlockCount, Math.Min(tensor.Offset + (long)to * ParameterTable.BlockCount, tensor.Offset + tensor.Count));
                continue;
            }
            var rows = _gradient.TouchedSpan(i);
            var (first, last) = _team.PartOf(thread, rows.Length);
            for (int start = first, end; start < last; start = end)
            {
                end = start + 1;
                while (end < last && rows[end] == rows[end - 1] + 1)
                    end++;
                Update(tensor.Offset + (long)rows[start] * tensor.RowSize, tensor.Offset + (long)(rows[end - 1] + 1) * tensor.RowSize);
            }
        }
    }

    private void Update(long start, long end)
    {
        if (start < end)
            Optimizer.Update(_updateStep, Parameters, _gradient.Values, start, end - start);
    }

    private void Advance(int epoch, long stepInEpoch, bool begins, StepSums sums)
    {
        var sum = begins ? default : EpochSums;
        EpochSums = new StepSums(
            sum.Loss + sums.Loss, sum.Targets + sums.Targets, sum.Sequences + sums.Sequences, sum.Correct + sums.Correct, sum.Tokens + sums.Tokens);
        (_epoch, _stepInEpoch) = (epoch, stepInEpoch + 1);
        Step++;
    }
}
