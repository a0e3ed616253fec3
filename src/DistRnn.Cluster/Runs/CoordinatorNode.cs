using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// A coordinator of <c>train --local processes</c>: a node that joins, and carries out the one run that it is told of when it is in charge. Others like it stand by. The
/// command that started it writes its order to the node's input, and reads from its output how the run goes.
/// </summary>
public static class CoordinatorNode
{
    // The nodes are being started: on a busy machine they come late, but they come.
    private static readonly CoordinatorOptions s_coordinator = new() { StartPatience = TimeSpan.FromMinutes(1) };

    /// <summary>Works until the node has left.</summary>
    /// <param name="options">What the node has to know to join.</param>
    /// <param name="input">Where the order comes from, then whether the run is to end; its own end means that whoever started the node is gone.</param>
    /// <param name="output">Where it says how the run goes.</param>
    /// <param name="report">Told, in sentences, what a person who watches the node should know; called from several threads.</param>
    /// <param name="alone">Called when the input is at its end.</param>
    /// <param name="ending">Has the node leave in good order.</param>
    public static async Task RunAsync(NodeOptions options, TextReader input, TextWriter output, Action<string> report, Action alone, CancellationToken ending)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(alone);
        var voice = new CoordinatorVoice(output);
        try
        {
            var order = CoordinatorOrder.Parse(await input.ReadLineAsync(ending).ConfigureAwait(false) ?? "");
            using var stop = new CancellationTokenSource();
            new Thread(() => Listen(input, stop, alone)) { IsBackground = true, Name = "hears its parent" }.Start();
            await JoinAsync(options, order, voice, report, stop.Token, ending).ConfigureAwait(false);
        }
        catch (InvalidInputException exception)
        {
            voice.Fail(exception);
        }
    }

    private static async Task JoinAsync(NodeOptions options, CoordinatorOrder order, CoordinatorVoice voice, Action<string> report, CancellationToken stop, CancellationToken ending)
    {
        var nodes = new NodesFile(TimeProvider.System);
        var machines = new NodeMachinesOptions { CoordinatorRuns = parts => new RunInCharge(order, parts, options.Coordinators, voice, nodes, stop), Coordinator = s_coordinator, Begun = parts => parts.Directory.Changed += nodes.Take };
        var node = await RunningNode.StartAsync(options, _ => machines, report, ending).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = ending.Register(() => told.TrySetResult());
            var member = node.Node.WhenMemberAsync(ending);
            if (await Task.WhenAny(member, node.Ended, told.Task).ConfigureAwait(false) == member && member.IsCompletedSuccessfully)
                voice.Say(new CoordinatorSaying { Kind = SayingKind.Member });
            var first = await Task.WhenAny(node.Ended, told.Task).ConfigureAwait(false);
            await first.ConfigureAwait(false);
        }
    }

    private static void Listen(TextReader input, CancellationTokenSource stop, Action alone)
    {
        while (input.ReadLine() is { } line)
        {
            if (line == CoordinatorOrder.Stop)
                stop.Cancel();
        }
        alone();
    }
}
