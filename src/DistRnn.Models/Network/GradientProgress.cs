namespace DistRnn.Models;

/// <summary>Hears, while a gradient is being computed, how much of it is final: the backward pass ends with the first layers, which stand first in the vector.</summary>
/// <param name="first">The flat index from which on, to the vector's end, the gradient will not change any more.</param>
/// <param name="results">Each shard's loss and counts, final as well; valid during the call.</param>
public delegate void GradientProgress(long first, ReadOnlySpan<ShardResult> results);
