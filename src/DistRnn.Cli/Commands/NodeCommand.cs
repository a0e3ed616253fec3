using System.CommandLine;
using DistRnn.Cluster;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Cli;

/// <summary><c>distrnn node</c>: joins a cluster, works and serves parameters until it is told to end, and leaves in good order.</summary>
internal sealed class NodeCommand
{
    private readonly Option<string?> _roles = new("--roles") { Description = "What the node does, with commas: coordinator, worker, parameter-server", HelpName = "R,..." };
    private readonly Option<string?> _config = new("--config") { Description = "A file of options, such as those under cluster-config", HelpName = "FILE" };
    private readonly Option<string?> _seeds = new("--seed-nodes") { Description = "Nodes to ask for the cluster, as host:port with commas; names are looked up until they resolve", HelpName = "A,..." };
    private readonly Option<string[]> _set = new("--set") { Description = "Set an option, such as port=4053; may be repeated", HelpName = "key=value" };
    private readonly Option<bool> _child = new("--child") { Description = "Ends with its standard input", Hidden = true };
    private readonly Terminal _terminal;
    private readonly TerminationSignals _signals;

    private NodeCommand(Terminal terminal, TerminationSignals signals) => (_terminal, _signals) = (terminal, signals);

    /// <summary>How this program is started again.</summary>
    internal static ChildProgram ThisProgram
    {
        get
        {
            var file = Environment.ProcessPath ?? throw new InvalidOperationException("This process has no executable to start again.");
            var assembly = typeof(NodeCommand).Assembly.Location;
            return Path.GetFileNameWithoutExtension(file) == "dotnet" && assembly.Length > 0 ? new ChildProgram(file, ["exec", assembly])
                : new ChildProgram(file, []);
        }
    }

    internal static Command Create(Terminal terminal, TerminationSignals signals)
    {
        var node = new NodeCommand(terminal, signals);
        var command = new Command("node", "Join a cluster as a coordinator, worker or parameter server") { node._roles, node._config, node._seeds, node._set, node._child };
        command.SetAction(node.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var values = ValuesOf(parsed).ToArray();
        var options = parsed.GetValue(_config) is { } file ? NodeOptionsReader.Read(file, values) : NodeOptionsReader.Of(values);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_signals.Token);
        var isChild = parsed.GetValue(_child);
        // Ctrl+C reaches every process of a terminal; the command that started a child says what it is to do.
        _signals.IgnoresInterrupts = isChild;
        if (isChild && options.Has(NodeRoles.Coordinator))
        {
            CoordinatorNode.RunAsync(options, _terminal.Input, _terminal.Output, _terminal.Error.WriteLine, EndAlone, ending.Token).GetAwaiter().GetResult();
            return _signals.ExitCode;
        }
        if (isChild)
            EndWithInput();
        RunAsync(options, isChild, ending.Token).GetAwaiter().GetResult();
        return _signals.ExitCode;
    }

    private async Task RunAsync(NodeOptions options, bool isChild, CancellationToken ending)
    {
        // What a child works with is on this machine, and it needs no store.
        if (!isChild)
            OpenStore(options);
        var node = await RunningNode.StartAsync(options, _terminal.Error.WriteLine, ending).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            if (!isChild)
                _terminal.Error.WriteLine($"This node is {node.Node.Parts.Id.Address} ({string.Join(", ", NodeRoleNames.Of(options.Roles))}). SIGTERM or Ctrl+C leaves the cluster in good order.");
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = ending.Register(() => told.TrySetResult());
            var first = await Task.WhenAny(node.Ended, told.Task).ConfigureAwait(false);
            await first.ConfigureAwait(false);
        }
    }

    private static void OpenStore(NodeOptions options)
    {
        options.Validate();
        try
        {
            BlobStore.Probe(options.BlobDirectory);
        }
        catch (StorageException exception)
        {
            throw new InvalidInputException($"{exception.Message.TrimEnd('.')}. Give another one as blob-directory.", exception);
        }
    }

    private IEnumerable<KeyValuePair<string, string>> ValuesOf(ParseResult parsed)
    {
        if (parsed.GetValue(_roles) is { } roles)
            yield return new("roles", roles);
        if (parsed.GetValue(_seeds) is { } seeds)
            yield return new("seed-nodes", seeds);
        foreach (var set in parsed.GetValue(_set) ?? [])
        {
            var at = set.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
                throw new InvalidInputException($"--set {set} is not of the form key=value; the keys are {string.Join(", ", NodeOptionsReader.Keys)}.");
            yield return new(set[..at], set[(at + 1)..]);
        }
    }

    /// <summary>Ends the process when its standard input is at its end: whoever started it is gone.</summary>
    private static void EndWithInput()
    {
        var thread = new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            var buffer = new byte[256];
            while (input.Read(buffer) > 0)
            {
                // Nothing is said here; the end is what counts.
            }
            EndAlone();
        })
        { IsBackground = true, Name = "waits for its parent" };
        thread.Start();
    }

    private static void EndAlone() => Environment.Exit(ExitCodes.Terminated);
}
