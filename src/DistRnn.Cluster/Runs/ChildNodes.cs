using System.Diagnostics;
using System.Globalization;

namespace DistRnn.Cluster;

/// <summary>How this program is started again.</summary>
/// <param name="File">The executable.</param>
/// <param name="Arguments">What comes before the command.</param>
public sealed record ChildProgram(string File, IReadOnlyList<string> Arguments);

/// <summary>
/// Nodes in processes of their own on this machine. Each holds the other end of its standard input: when this process ends, however it ends, the input is at
/// its end and the node stops.
/// </summary>
public sealed class ChildNodes : IAsyncDisposable
{
    private readonly List<Process> _processes = [];

    private ChildNodes()
    {
    }

    /// <summary>The numbers of the processes, in the order in which they were started.</summary>
    public IReadOnlyList<int> ProcessIds => [.. _processes.Select(process => process.Id)];

    /// <summary>Starts nodes: each of the first ones works and serves parameters, up to both counts; what is left over stands alone.</summary>
    /// <param name="program">How this program is started again; its command <c>node</c> is run.</param>
    /// <param name="seed">Where they join.</param>
    /// <param name="workers">Workers.</param>
    /// <param name="servers">Parameter servers.</param>
    /// <param name="threads">Threads of each.</param>
    /// <param name="report">Told what they write to standard error; called from several threads.</param>
    public static ChildNodes Start(ChildProgram program, SeedNode seed, int workers, int servers, int threads, Action<string> report)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentNullException.ThrowIfNull(report);
        var nodes = new ChildNodes();
        for (var i = 0; i < Math.Max(workers, servers); i++)
        {
            var roles = string.Join(",", (string[])[.. i < workers ? ["worker"] : Array.Empty<string>(), .. i < servers ? ["parameter-server"] : Array.Empty<string>()]);
            nodes._processes.Add(StartOne(program, seed, roles, threads, report));
        }
        return nodes;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Where(process => !process.HasExited))
            process.Kill();
        foreach (var process in _processes)
        {
            await process.WaitForExitAsync().ConfigureAwait(false);
            process.Dispose();
        }
    }

    private static Process StartOne(ChildProgram program, SeedNode seed, string roles, int threads, Action<string> report)
    {
        var start = new ProcessStartInfo(program.File) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        string[] arguments =
        [
            .. program.Arguments, "node", "--child", "--roles", roles, "--seed-nodes", seed.ToString(),
            "--set", "host-name=127.0.0.1", "--set", "failover=fast", "--set", string.Create(CultureInfo.InvariantCulture, $"threads={threads}"),
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program.File} could not be started.");
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            if (!string.IsNullOrWhiteSpace(line.Data))
                report(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
