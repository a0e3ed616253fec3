using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Runtime;

/// <summary>
/// A worker's memory and arithmetic for one job: the parameter vector that pulls are stored in, and what computes leases with it. What a lease comes to depends on
/// the parameters, the shards' data, their lanes' carried state and the seed, and on nothing else.
/// </summary>
/// <remarks>One caller at a time. Gradients are handed out as views of a few buffers, which are used again once all partitions have released them.</remarks>
public sealed unsafe class ShardWorkspace : IDisposable
{
    private readonly LoadedJob _job;
    private readonly PartitionMap _partitions;
    private readonly FloatBuffer _parameters;
    private readonly ShardComputer _shards;
    private readonly LaneState? _from;
    private readonly LaneState? _to;
    private readonly List<PooledGradient> _gradients = [];
    private readonly LossyGradient? _lossy;
    private bool _parametersChanged = true;

    internal ShardWorkspace(LoadedJob job, PartitionMap partitions)
    {
        (_job, _partitions) = (job, partitions);
        var setup = job.Setup;
        _parameters = new FloatBuffer(setup.Network.Parameters.Count);
        _shards = new ShardComputer(setup.Computer, setup.Plan, setup.Trainer.RoundsNodes);
        var codec = Codec.Parse(setup.Job.Cluster.Codec);
        if (codec.HasErrorFeedback)
            _lossy = new LossyGradient(codec, setup.Network.Parameters, setup.Plan.Shards);
        if (setup.Plan.Lanes > 0)
            (_from, _to) = (setup.Network.CreateLanes(setup.Plan.Lanes), setup.Network.CreateLanes(setup.Plan.Lanes));
    }

    /// <summary>The parameter vector, for data planes that receive straight into it.</summary>
    public FloatBuffer Parameters => _parameters;

    /// <summary>Writes pulled parameters to their places and releases them.</summary>
    /// <param name="reply">What an owner sent.</param>
    public void Store(ParameterReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        var part = reply.Parameters;
        if (reply.HasDense)
            foreach (var section in part.Layout.Dense)
                Copy(part, section.First, section.Count);
        for (var i = 0; i < part.Rows.Length; i++)
        {
            foreach (var row in part.Rows[i])
            {
                var (first, count) = part.Layout.Sparse[i].RowRange(row);
                Copy(part, first, count);
            }
        }
        _parametersChanged = true;
        reply.Release();
    }

    /// <summary>Computes a lease's gradient.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="lanes">The carried state of its shards' lanes.</param>
    /// <param name="ahead">
    /// Given, on this thread, each partition whose gradient is final while the rest is still being computed, the last one first; what is given is the receiver's to release. Partitions
    /// of a gradient that a codec or a policy has to see as a whole are not given ahead.
    /// </param>
    public Computed Compute(Lease lease, ImmutableArray<LanePart> lanes, Action<PartComputed>? ahead = null)
    {
        ArgumentNullException.ThrowIfNull(lease);
        var setup = _job.Setup;
        var started = Environment.TickCount64;
        TakeParameters();
        _from?.Clear();
        foreach (var part in lanes)
            if (_from is null || !_job.Lanes.TryPut(part, _from))
                throw new InvalidOperationException($"The lanes' state of shard {part.Shard} does not fit the network.");
        var gradient = Free();
        try
        {
            var position = new StepPosition(lease.Address.Epoch, lease.Address.StepInEpoch, lease.Address.Step);
            var progress = ahead is null || _lossy is not null || lease.LearningRate is not null || _partitions.Count == 1 ? null : new PartsAhead(this, lease, gradient, ahead);
            var sums = _shards.Compute(setup.Job.Seed, position, lease.Node.First, lease.Node.Count, _from, _to, gradient.Gradient, progress is null ? null : progress.Take);
            if (lease.Node.Count == 1)
                _lossy?.Apply(lease.Node.First, gradient.Gradient);
            var factor = lease.LearningRate is null ? 0 : _job.RunCourse.FactorOf(sums, Reductions.SquaredNorm(gradient.Gradient.Values));
            ImmutableArray<GradientPart> parts = [.. _partitions.Layouts.Select(gradient.HandOut)];
            return new Computed(lease.Run, lease.Attempt, JobCourse.SumsOf(sums), parts, LanesAfter(lease.Node, _ => true), factor, Environment.TickCount64 - started);
        }
        finally
        {
            gradient.Release();
        }
    }

    /// <summary>Evaluates a piece of the validation part.</summary>
    /// <param name="lease">The lease.</param>
    public EvaluationComputed Evaluate(EvaluationLease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        var setup = _job.Setup;
        var ranges = Evaluator.Divide(setup.Data, PartKind.Valid, setup.Job.Training.Batch, LoadedJob.EvaluationPiecesMax);
        var range = ranges[lease.Piece];
        var piece = new Evaluator(setup.Network, setup.Computer).EvaluatePiece(setup.Data, PartKind.Valid, setup.Job.Training.Batch, range.First, range.Shards, _parameters);
        _job.Computing = null;
        return new EvaluationComputed(lease.Run, lease.Attempt, piece.ToBytes());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parameters.Dispose();
        _shards.Dispose();
        _lossy?.Dispose();
        _from?.Dispose();
        _to?.Dispose();
        foreach (var gradient in _gradients)
            gradient.Retire();
    }

    private ImmutableArray<LanePart> LanesAfter(TreeNode node, Predicate<int> wanted) => _to is null
        ? []
        : [.. Enumerable.Range(node.First, node.Count).Where(shard => wanted(shard) && _job.Lanes.Count(shard) > 0).Select(shard => _job.Lanes.Take(shard, _to))];

    private void TakeParameters()
    {
        if (_parametersChanged || _job.Computing != this)
            _job.Setup.Computer.SetParameters(_parameters);
        (_parametersChanged, _job.Computing) = (false, this);
    }

    private void Copy(GradientPart part, long first, long count)
    {
        if (part.At(first) != _parameters.Pointer + first)
            Buffer.MemoryCopy(part.At(first), _parameters.Pointer + first, count * sizeof(float), count * sizeof(float));
    }

    private PooledGradient Free()
    {
        foreach (var gradient in _gradients)
            if (gradient.TryTake())
                return gradient;
        var fresh = new PooledGradient(_job.Setup.Network.Parameters);
        fresh.TryTake();
        _gradients.Add(fresh);
        return fresh;
    }

    /// <summary>Gives partitions away while the backward pass still goes on.</summary>
    private sealed class PartsAhead(ShardWorkspace workspace, Lease lease, PooledGradient gradient, Action<PartComputed> ahead)
    {
        private int _next = workspace._partitions.Count - 1;

        public void Take(long first, StepSums sums)
        {
            for (; _next >= 0 && workspace._partitions.Layouts[_next].First >= first; _next--)
            {
                var (partition, lanesOf) = (_next, workspace._partitions);
                ahead(new PartComputed(
                    lease.Run, lease.Attempt, partition, JobCourse.SumsOf(sums), gradient.HandOut(lanesOf.Layouts[partition]),
                    workspace.LanesAfter(lease.Node, shard => lanesOf.LanePartitionOf(shard) == partition)));
            }
        }
    }
}
