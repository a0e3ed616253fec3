namespace DistRnn.Models;

/// <summary>What chance in a step depends on, beside the logical position: dropout of step s of a run is the same whoever computes it.</summary>
/// <param name="Seed">The job's seed.</param>
/// <param name="Step">The optimiser step, from 0, counted over the whole run.</param>
public readonly record struct StepKey(ulong Seed, long Step);
