using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace DistRnn.Cluster;

/// <summary>
/// A node in a process of its own on this machine. It holds the other end of its standard input: when this process ends, however it ends, the input is at its end and the
/// node stops.
/// </summary>
internal sealed class ChildNode : IAsyncDisposable
{
    private readonly Process _process;

    private ChildNode(Process process) => _process = process;

    /// <summary>The number of the process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts a node that listens on loopback.</summary>
    /// <param name="program">How this program is started again; its command <c>node</c> is run.</param>
    /// <param name="roles">What the node does, with commas.</param>
    /// <param name="settings">Its options beside those that all nodes of this machine have.</param>
    /// <param name="hear">Told each line that it writes to standard output, and null at its end; called from a thread of its own.</param>
    /// <param name="report">Told what it writes to standard error; called from several threads.</param>
    public static ChildNode Start(ChildProgram program, string roles, IReadOnlyList<string> settings, Action<string?> hear, Action<string> report)
    {
        var start = new ProcessStartInfo(program.File) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        string[] arguments =
        [
            .. program.Arguments, "node", "--child", "--roles", roles, "--set", "host-name=127.0.0.1", .. settings.SelectMany(setting => (string[])["--set", setting]),
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program.File} could not be started.");
        process.ErrorDataReceived += (_, line) =>
        {
            if (!string.IsNullOrWhiteSpace(line.Data))
                report(line.Data);
        };
        process.BeginErrorReadLine();
        new Thread(() => Hear(process.StandardOutput, hear)) { IsBackground = true, Name = string.Create(CultureInfo.InvariantCulture, $"hears {process.Id}") }.Start();
        return new ChildNode(process);
    }

    /// <summary>Writes a line to the node's standard input; a node that is gone does not hear it.</summary>
    /// <param name="line">The line.</param>
    public void Tell(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // Whoever reads its output learns that it is gone.
        }
    }

    /// <summary>Waits for the end of a process that has closed its output.</summary>
    /// <returns>Its exit status.</returns>
    public int WaitForExit()
    {
        // One that closes its output and goes on is of no use any more.
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
            Kill();
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Ends the process at once.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private static void Hear(StreamReader output, Action<string?> hear)
    {
        try
        {
            while (output.ReadLine() is { } line)
                hear(line);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process is gone, as at the end of its output.
        }
        hear(null);
    }
}
