namespace DistRnn.Models;

/// <summary>What one shard adds to the report of a step; sums, never means.</summary>
/// <param name="Loss">
/// The sum of the losses (nats for classes; for real values the squared errors' mean over a row's values, summed over rows), class weights included.
/// </param>
/// <param name="Targets">Targets that entered the loss: steps with a class, or sequences.</param>
/// <param name="Sequences">Rows of the shard; 0 for an empty one.</param>
/// <param name="Correct">Targets whose most probable class (the first where several are equal) was right; 0 for real values.</param>
public readonly record struct ShardResult(double Loss, long Targets, long Sequences, long Correct);
