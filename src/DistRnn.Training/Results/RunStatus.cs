namespace DistRnn.Training;

/// <summary>How a run ended.</summary>
public enum RunStatus
{
    /// <summary>It did all the steps the job asks for, or its patience ended.</summary>
    Completed,

    /// <summary>It ended by an error and cannot go on from where it was.</summary>
    Failed,

    /// <summary>A fault stopped it (a non-finite gradient, a checkpoint that could not be written); it can be resumed from its newest checkpoint.</summary>
    Stopped,

    /// <summary>It was told to end by a signal, and wrote a checkpoint first.</summary>
    Interrupted,

    /// <summary>It was cancelled on request.</summary>
    Cancelled,
}
