namespace DistRnn.Cli;

/// <summary>What the process returns.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    internal const int Done = 0;

    /// <summary>Failed, or differences were found.</summary>
    internal const int Failed = 1;

    /// <summary>Wrong usage, an invalid job, unreadable or malformed data, a directory that is not empty.</summary>
    internal const int InvalidInput = 2;

    /// <summary>Stopped by a fault; <c>--resume</c> goes on.</summary>
    internal const int Resumable = 3;

    /// <summary>Interrupted (SIGINT), after a checkpoint.</summary>
    internal const int Interrupted = 130;

    /// <summary>Terminated (SIGTERM), after a checkpoint.</summary>
    internal const int Terminated = 143;
}
