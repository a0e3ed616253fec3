using System.Runtime.InteropServices;

namespace DistRnn.Cli;

/// <summary>
/// SIGINT and SIGTERM as a cancellation: the first one asks the work to stop, which writes a checkpoint on its way out; a second one ends the
/// process at once.
/// </summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>130 after SIGINT, 143 after SIGTERM, 0 before either.</summary>
    internal int ExitCode { get; private set; }

    /// <summary>Whether SIGINT means nothing to this process.</summary>
    internal bool IgnoresInterrupts { get; set; }

    /// <summary>Signals of this process, until disposed.</summary>
    internal static TerminationSignals Listen()
    {
        var signals = new TerminationSignals();
        signals._registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = signals.Raise(ExitCodes.Interrupted)));
        signals._registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = signals.Raise(ExitCodes.Terminated)));
        return signals;
    }

    /// <summary>Acts as a signal would.</summary>
    /// <param name="exitCode">130 or 143.</param>
    /// <returns>Whether this was the first one, so that the process goes on to its orderly end.</returns>
    internal bool Raise(int exitCode)
    {
        if (exitCode == ExitCodes.Interrupted && IgnoresInterrupts)
            return true;
        if (ExitCode != 0)
            return false;
        ExitCode = exitCode;
        _source.Cancel();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }
}
