namespace DistRnn.Numerics;

/// <summary>
/// Something that came from outside (a job, a data file, a checkpoint, an argument) is not usable. The message is one or more full sentences for
/// the person who gave it: it names the file, the key or line, what was found and what is allowed. The command line prints it and exits with code 2.
/// </summary>
/// <remarks>Broken callers get the BCL's <c>ThrowIf</c> exceptions; this one is for what a user can mend.</remarks>
public sealed class InvalidInputException : Exception
{
    /// <summary>Creates the exception without a message; there is rarely a reason to.</summary>
    public InvalidInputException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was found, where, and what is allowed.</param>
    public InvalidInputException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">What was found, where, and what is allowed.</param>
    /// <param name="innerException">The error underneath.</param>
    public InvalidInputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
