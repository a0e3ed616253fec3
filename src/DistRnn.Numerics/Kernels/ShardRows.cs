namespace DistRnn.Numerics;

/// <summary>
/// Which rows of two matrices enter a sum of outer products, shard by shard: entry k of shard s pairs row <c>Left[Offsets[s] + k]</c> of the one
/// with row <c>Right[Offsets[s] + k]</c> of the other. The order inside a shard is (t, plan row), wherever the rows lie.
/// </summary>
/// <param name="left">Rows of the left matrix.</param>
/// <param name="right">Rows of the right matrix.</param>
/// <param name="offsets">Where each shard begins, and behind the last one where it ends: Shards + 1 entries.</param>
/// <param name="present">Whether each shard has sequences at all; an absent one is not added.</param>
/// <param name="shards">How many shards there are.</param>
public readonly unsafe struct ShardRows(int* left, int* right, int* offsets, bool* present, int shards)
{
    /// <summary>Rows of the left matrix.</summary>
    public int* Left => left;

    /// <summary>Rows of the right matrix.</summary>
    public int* Right => right;

    /// <summary>Where each shard begins, and where the last one ends.</summary>
    public int* Offsets => offsets;

    /// <summary>Whether each shard has sequences at all.</summary>
    public bool* Present => present;

    /// <summary>How many shards there are.</summary>
    public int Shards => shards;
}
