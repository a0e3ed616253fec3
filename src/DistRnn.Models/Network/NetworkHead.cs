using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>What stands on top of the recurrent stack: outputs, losses, and the way back into the stack.</summary>
/// <remarks><see cref="Run"/> is called by every thread of the team at once; all else by one.</remarks>
internal abstract unsafe class NetworkHead : IDisposable
{
    /// <summary>Makes a head.</summary>
    /// <param name="network">The network.</param>
    /// <param name="team">The threads.</param>
    /// <param name="batch">How rows lie.</param>
    /// <param name="stack">The stack below.</param>
    /// <param name="layer">The output layer.</param>
    protected NetworkHead(Network network, ComputeTeam team, PackedBatch batch, RecurrentStack stack, OutputLayer layer) =>
        (Network, Team, Batch, Stack, Layer) = (network, team, batch, stack, layer);

    /// <summary>The output layer.</summary>
    public OutputLayer Layer { get; }

    /// <summary>Bytes held.</summary>
    public virtual long Bytes => Layer.Bytes;

    /// <summary>The network.</summary>
    protected Network Network { get; }

    /// <summary>The threads.</summary>
    protected ComputeTeam Team { get; }

    /// <summary>How rows lie.</summary>
    protected PackedBatch Batch { get; }

    /// <summary>The stack below.</summary>
    protected RecurrentStack Stack { get; }

    /// <summary>Segments of a row of the stack's top: its directions.</summary>
    protected int Segments => Network.Options.Directions;

    /// <summary>Sets the parameters.</summary>
    /// <param name="parameters">The flat vector.</param>
    public virtual void SetParameters(FloatBuffer parameters) => Layer.SetParameters(parameters);

    /// <summary>Rebuilds this thread's share of the transposes.</summary>
    /// <param name="thread">The thread.</param>
    public virtual void RebuildTransposes(int thread) => Layer.RebuildTransposes(thread);

    /// <summary>Takes targets out of the shards and makes room.</summary>
    /// <param name="shards">The shards, as the batch was built from.</param>
    /// <exception cref="ArgumentException">A target is out of range, or the shards have another kind of targets.</exception>
    public abstract void Prepare(ReadOnlySpan<SequenceBatch> shards);

    /// <summary>Outputs and losses and, with a gradient, the output layer's and the stack's.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="key">The seed and step of dropout; null outside training.</param>
    /// <param name="gradient">The flat gradient; null where only outputs are wanted.</param>
    /// <param name="values">Whether probabilities or values are wanted of the outputs.</param>
    public abstract void Run(int thread, StepKey? key, float* gradient, bool values);

    /// <summary>What the output layer has read in <see cref="Run"/>.</summary>
    /// <param name="key">The seed and step of dropout, as it was given.</param>
    public abstract LeftOperand Features(StepKey? key);

    /// <summary>The shards' sums, each in its order: (t, plan row), or plan rows.</summary>
    /// <param name="shards">The shards.</param>
    /// <param name="results">A result for each.</param>
    public abstract void Report(ReadOnlySpan<SequenceBatch> shards, Span<ShardResult> results);

    /// <summary>The outputs of a single shard, in its own order.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="predictions">Where they go.</param>
    public abstract void Report(SequenceBatch shard, Predictions predictions);

    /// <inheritdoc/>
    public virtual void Dispose() => Layer.Dispose();

    /// <summary>A target class, checked.</summary>
    protected int TargetOf(int target)
    {
        if (target >= Network.Options.Outputs)
            throw new ArgumentException($"Target {target} is not among the {Network.Options.Outputs} classes.");
        return Math.Max(target, -1);
    }
}
