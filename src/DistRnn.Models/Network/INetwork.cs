using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A network that can be trained: a parameter table, how it begins, and what computes with it. What it is made of is its own affair.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public interface INetwork
{
    /// <summary>The tensors, in PyTorch's order and with PyTorch's names.</summary>
    ParameterTable Parameters { get; }

    /// <summary>Sets the parameters to their beginning, drawn from the seed in PyTorch's order.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="parameters">The flat vector, <see cref="ParameterTable.Count"/> floats; the gaps between tensors become +0.</param>
    /// <exception cref="ArgumentException">The vector has another size.</exception>
    void Initialize(ulong seed, FloatBuffer parameters);

    /// <summary>Makes the state that lanes of a stateful stream carry, all +0.</summary>
    /// <param name="lanes">Lanes, at least 1.</param>
    /// <exception cref="NotSupportedException">The network reads independent sequences only.</exception>
    LaneState CreateLanes(int lanes);

    /// <summary>Collects the rows of a tensor with sparse rows that training some shards may read; more rows than needed do no harm.</summary>
    /// <param name="tensor">The tensor's index in the table.</param>
    /// <param name="firstShard">The number of the first shard in the batch.</param>
    /// <param name="shards">The shards, in order.</param>
    /// <param name="key">The seed and the step.</param>
    /// <param name="rows">Where they go.</param>
    /// <returns>Whether it is known; where not, all rows are to be taken.</returns>
    bool TryCollectRows(int tensor, int firstShard, ReadOnlySpan<SequenceBatch> shards, StepKey key, ISet<int> rows) => false;

    /// <summary>Makes what computes with it; to be disposed by the caller.</summary>
    /// <param name="team">The threads to compute on; the caller is its thread 0. Stays the caller's.</param>
    /// <param name="width">The vector width, or null for <see cref="SimdWidths.Current"/>; every width gives the same bits.</param>
    INetworkComputer CreateComputer(ComputeTeam team, SimdWidth? width = null);
}
