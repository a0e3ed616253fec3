using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Computes with a <see cref="Network"/>: gradients of shards in training, outputs in use. It owns the working memory and runs on a
/// <see cref="ComputeTeam"/>; the parameters belong to the caller.
/// </summary>
/// <remarks>One caller at a time. After the largest shards have been seen once, computing allocates nothing.</remarks>
public sealed class NetworkComputer : IDisposable
{
    /// <summary>Makes a computer.</summary>
    /// <param name="network">The network.</param>
    /// <param name="team">The threads to compute on; the caller is its thread 0. Stays the caller's.</param>
    /// <param name="width">The vector width, or null for <see cref="SimdWidths.Current"/>; every width gives the same bits.</param>
    public NetworkComputer(Network network, ComputeTeam team, SimdWidth? width = null)
    {
        throw new NotImplementedException();
    }

    /// <summary>Bytes of working memory held outside the managed heap.</summary>
    public long AllocatedBytes => throw new NotImplementedException();

    /// <summary>Sets the parameters to compute with; to be called again after every change to their values (it prepares the transposes of the backward pass).</summary>
    /// <param name="parameters">The flat vector; kept, not copied.</param>
    public void SetParameters(FloatBuffer parameters) => throw new NotImplementedException();

    /// <summary>
    /// The gradient of some neighbouring shards of a step's batch, summed by the gradient tree. All shards of a step at once, an aligned subtree of
    /// them, or one after another combined with <see cref="Gradient.AddRight"/> give the same bits.
    /// </summary>
    /// <param name="key">The seed and the step.</param>
    /// <param name="firstShard">The number of the first shard in the batch: dropout depends on it.</param>
    /// <param name="shards">The shards, in order.</param>
    /// <param name="from">The state that lanes carry into the step, or null where sequences are independent.</param>
    /// <param name="to">Where the lanes' state after the step goes; null with <paramref name="from"/>, otherwise another object.</param>
    /// <param name="gradient">Where the sum goes; its earlier content is lost.</param>
    /// <param name="results">Each shard's loss and counts.</param>
    public void ComputeGradient(StepKey key, int firstShard, ReadOnlySpan<SequenceBatch> shards, LaneState? from, LaneState? to, Gradient gradient, Span<ShardResult> results) =>
        throw new NotImplementedException();

    /// <summary>The outputs, and losses where the batch has targets; without dropout, in float32 and the same order of sums as training.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="from">The state that lanes carry into it, or null.</param>
    /// <param name="to">Where the lanes' state afterwards goes, or null.</param>
    /// <param name="predictions">Where outputs go.</param>
    public void Predict(SequenceBatch batch, LaneState? from, LaneState? to, Predictions predictions) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
