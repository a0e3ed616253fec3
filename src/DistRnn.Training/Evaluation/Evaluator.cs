using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Runs a network over a part of the data and makes the task's metrics of it. The computer's parameters are whoever's set them last.</summary>
internal sealed class Evaluator
{
    private readonly SequenceBatch _batch = new();
    private readonly Predictions _values = new();
    private readonly Predictions _classes = new() { WantsValues = false };
    private readonly INetwork _network;
    private readonly INetworkComputer _computer;

    /// <summary>Makes an evaluator.</summary>
    /// <param name="network">The network.</param>
    /// <param name="computer">What computes; stays the caller's.</param>
    public Evaluator(INetwork network, INetworkComputer computer) => (_network, _computer) = (network, computer);

    /// <summary>Evaluates a part.</summary>
    /// <param name="data">The data.</param>
    /// <param name="part">One of its parts.</param>
    /// <param name="batch">Sequences of a shard.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public MetricSet Evaluate(TaskData data, PartKind part, int batch, ITrainingProgress progress, CancellationToken cancellation)
    {
        var figures = EvaluationFigures.Of(data, part);
        var name = part.ToString().ToLowerInvariant();
        var plan = data.CreateEvaluationPlan(part, batch);
        Run(plan, figures.WantsValues ? _values : _classes, Use, cancellation);
        return figures.Finish();

        void Use(int shard, SequenceBatch sequences, Predictions predictions)
        {
            figures.Add(sequences, predictions);
            progress.Evaluating(name, shard + 1, plan.Shards);
        }
    }

    /// <summary>Runs over all shards of a plan, in order, with the values of all outputs.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="use">Takes a shard's number, its sequences and what the network says; both are reused for the next shard.</param>
    /// <param name="cancellation">Ends it early.</param>
    public void Predict(IEvaluationPlan plan, Action<int, SequenceBatch, Predictions> use, CancellationToken cancellation) =>
        Run(plan, _values, use, cancellation);

    private void Run(IEvaluationPlan plan, Predictions predictions, Action<int, SequenceBatch, Predictions> use, CancellationToken cancellation)
    {
        using var first = plan.Lanes > 0 ? _network.CreateLanes(plan.Lanes) : null;
        using var second = plan.Lanes > 0 ? _network.CreateLanes(plan.Lanes) : null;
        var (from, to) = (first, second);
        for (var shard = 0; shard < plan.Shards; shard++)
        {
            cancellation.ThrowIfCancellationRequested();
            plan.Fill(shard, _batch);
            _computer.Predict(_batch, from, to, predictions);
            use(shard, _batch, predictions);
            (from, to) = (to, from);
        }
    }
}
