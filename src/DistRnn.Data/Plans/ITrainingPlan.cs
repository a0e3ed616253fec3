using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// What the training part says about every step: a pure function of (seed, epoch, step, shard), the same on every machine, so that any worker can
/// compute any shard. The seed, the batch size, the shard count and the window are given when the plan is made.
/// </summary>
/// <remarks>Thread-safe: several threads may fill different batches at once.</remarks>
public interface ITrainingPlan
{
    /// <summary>Shards of every batch, at least 1. Their sizes differ by one at most; with fewer rows than shards the last ones are empty.</summary>
    int Shards { get; }

    /// <summary>
    /// Lanes of a stateful stream (language models), 0 for independent sequences. The recurrent state of lane i at the end of a step is its initial
    /// state in the next step of the same epoch, and +0 in an epoch's first step. A lane belongs to the same shard in every step, and
    /// <see cref="SequenceBatch.RowIds"/> holds its number, 0 to Lanes - 1.
    /// </summary>
    int Lanes { get; }

    /// <summary>Steps of an epoch, at least 1.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    long StepsIn(int epoch);

    /// <summary>Writes one shard of one step. A shard without sequences gets 0 rows.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="step">The step inside the epoch, from 0.</param>
    /// <param name="shard">The shard, from 0.</param>
    /// <param name="batch">Where to; its earlier content is lost. Allocates nothing once it has seen its largest shard.</param>
    void Fill(int epoch, long step, int shard, SequenceBatch batch);
}

/// <summary>What evaluation and prediction read of one part: fixed shards, each sequence exactly once.</summary>
/// <remarks>Thread-safe as <see cref="ITrainingPlan"/>.</remarks>
public interface IEvaluationPlan
{
    /// <summary>How many shards there are, at least 1.</summary>
    int Shards { get; }

    /// <summary>
    /// 1 for a language model: one stream, one lane, read shard after shard with carried state, from +0. 0 for independent sequences, whose index in
    /// the part stands in <see cref="SequenceBatch.RowIds"/>, whatever order bucketing by length gave them.
    /// </summary>
    int Lanes { get; }

    /// <summary>Sequences in all (1 for a stream).</summary>
    long Sequences { get; }

    /// <summary>Writes one shard.</summary>
    /// <param name="shard">The shard, from 0.</param>
    /// <param name="batch">Where to; its earlier content is lost.</param>
    void Fill(int shard, SequenceBatch batch);
}
