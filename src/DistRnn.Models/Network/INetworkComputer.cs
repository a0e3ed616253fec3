using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Computes with a network: gradients of shards in training, outputs in use. It owns the working memory; the parameters belong to the caller.
/// </summary>
/// <remarks>One caller at a time.</remarks>
public interface INetworkComputer : IDisposable
{
    /// <summary>Bytes of working memory held outside the managed heap.</summary>
    long AllocatedBytes { get; }

    /// <summary>
    /// Told during <see cref="ComputeGradient"/>, on the caller's thread, each time that a layer's backward pass is done, with ever smaller indices; the lanes' state after the
    /// step is final by then. Never told where nothing is final before all is. Null for nobody.
    /// </summary>
    GradientProgress? Progress { get; set; }

    /// <summary>Sets the parameters to compute with; to be called again after every change to their values.</summary>
    /// <param name="parameters">The flat vector; kept, not copied.</param>
    /// <exception cref="ArgumentException">The vector is of another size than the network's.</exception>
    void SetParameters(FloatBuffer parameters);

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
    /// <exception cref="InvalidOperationException"><see cref="SetParameters"/> was not called.</exception>
    /// <exception cref="ArgumentException">The shards do not fit the network, or the states are of another network.</exception>
    void ComputeGradient(StepKey key, int firstShard, ReadOnlySpan<SequenceBatch> shards, LaneState? from, LaneState? to, Gradient gradient, Span<ShardResult> results);

    /// <summary>The outputs, and losses where the batch has targets; without dropout, in float32 and the same order of sums as training.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="from">The state that lanes carry into it, or null.</param>
    /// <param name="to">Where the lanes' state afterwards goes, or null.</param>
    /// <param name="predictions">Where outputs go.</param>
    /// <exception cref="InvalidOperationException"><see cref="SetParameters"/> was not called.</exception>
    /// <exception cref="ArgumentException">The sequences do not fit the network, or the states are of another network.</exception>
    void Predict(SequenceBatch batch, LaneState? from, LaneState? to, Predictions predictions);
}
