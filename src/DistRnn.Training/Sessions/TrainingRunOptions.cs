using DistRnn.Formats;

namespace DistRnn.Training;

/// <summary>How a job is executed, beside what the job itself says; none of it changes a bit of the result.</summary>
public sealed record TrainingRunOptions
{
    /// <summary>The run directory; null for <c>runs/[job]-[time]</c> under the working directory.</summary>
    public string? OutputDirectory { get; init; }

    /// <summary>Whether to go on from the newest complete checkpoint of the directory; starts afresh where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>Threads that compute; 0 for the job's own setting.</summary>
    public int Threads { get; init; }

    /// <summary>The right to write the run directory, where the caller has it; stays the caller's. Null: the run takes it.</summary>
    public RunLock? Lock { get; init; }

    /// <summary>Whether another process may take this one's place at any time: then what it needs is written as it happens.</summary>
    public bool MayBeTakenOver { get; init; }

    /// <summary>Whether this process takes the place of one that began the same execution.</summary>
    public bool IsTakenOver { get; init; }

    /// <summary>Where times come from; they reach reports and names of directories, never a parameter.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The file system of checkpoints; null for this machine's. Tests let it fail.</summary>
    internal IFileStore? Files { get; init; }
}
