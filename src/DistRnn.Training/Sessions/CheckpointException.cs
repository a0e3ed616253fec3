namespace DistRnn.Training;

/// <summary>A checkpoint that the job requires could not be written; the message says why, and what the newest complete one is.</summary>
internal sealed class CheckpointException : Exception
{
    public CheckpointException()
    {
    }

    public CheckpointException(string message)
        : base(message)
    {
    }

    public CheckpointException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
