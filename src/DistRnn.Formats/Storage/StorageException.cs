namespace DistRnn.Formats;

/// <summary>Something could not be made durable: the disk is full, the directory is not writable or is gone. What was there before is untouched.</summary>
public sealed class StorageException : IOException
{
    /// <summary>Creates the exception without a message; there is rarely a reason to.</summary>
    public StorageException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What could not be written, and why.</param>
    public StorageException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">What could not be written, and why.</param>
    /// <param name="innerException">The error underneath.</param>
    public StorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
