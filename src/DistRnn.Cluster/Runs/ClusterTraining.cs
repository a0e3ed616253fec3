using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// Trains a job with a coordinator in this process and workers and parameter servers in others, over loopback sockets: what <c>train --local processes</c>
/// does. The result is that of one process, bit for bit, for synchronous jobs whose codec has one right answer.
/// </summary>
public static class ClusterTraining
{
    // The nodes are being started: on a busy machine they come late, but they come.
    private static readonly CoordinatorOptions s_coordinator = new() { StartPatience = TimeSpan.FromMinutes(1) };

    /// <summary>Trains a job into a run directory.</summary>
    /// <param name="job">The job; its section cluster says how many nodes to wait for.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches; called on this thread.</param>
    /// <param name="startNodes">
    /// Starts the other nodes, which join at the seed node that it is given, and report to the other; called from any thread, that reaches the observer in its turn.
    /// Disposed of at the end.
    /// </param>
    /// <param name="cancellation">Ends the run after the step in work and a checkpoint.</param>
    /// <returns>What the run came to; it also stands in the run directory.</returns>
    /// <exception cref="InvalidInputException">The job, its data or the directory are not usable, or what is to be resumed belongs to another job.</exception>
    public static RunSummary Run(
        JobOptions job, TrainingRunOptions options, ITrainingProgress progress, Func<SeedNode, Action<string>, IAsyncDisposable> startNodes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        ArgumentNullException.ThrowIfNull(startNodes);
        var cores = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var hosting = new HostedRunOptions { Threads = cores, Replicas = Math.Min(job.Cluster.Replicas, Math.Min(1, job.Cluster.ParameterServers - 1)), SendsJob = true };
        using var run = new HostedRun(job, options, progress, hosting, cancellation);
        return RunAsync(run, job, startNodes, sentence => run.Post(() => progress.Note(sentence)), options.Clock, cancellation).GetAwaiter().GetResult();
    }

    private static async Task<RunSummary> RunAsync(HostedRun run, JobOptions job, Func<SeedNode, Action<string>, IAsyncDisposable> startNodes, Action<string> report, TimeProvider clock, CancellationToken cancellation)
    {
        var node = new NodeOptions { Roles = NodeRoles.Coordinator, HostName = "127.0.0.1", Failover = FailoverProfile.Fast };
        var coordinator = await RunningNode.StartAsync(node, _ => new NodeMachinesOptions { CoordinatorRuns = _ => run.Runs, Coordinator = s_coordinator }, report, cancellation).ConfigureAwait(false);
        await using (coordinator.ConfigureAwait(false))
        {
            var file = new NodesFile(run.NodesFile, clock);
            foreach (var member in coordinator.Node.Parts.Directory.Members)
                file.Take(member, MemberStatus.Up);
            coordinator.Node.Parts.Directory.Changed += file.Take;
            _ = coordinator.Ended.ContinueWith(ended => run.Fail(ended.Exception!.GetBaseException()), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            var nodes = startNodes(SeedOf(coordinator.Node.Parts.Id), report);
            await using (nodes.ConfigureAwait(false))
            {
                try
                {
                    return await Task.Factory.StartNew(
                        () => run.Run(() => new JournalEnding("", "", job.Cluster.Workers, job.Cluster.ParameterServers, null)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
                }
                finally
                {
                    coordinator.Node.Parts.Directory.Changed -= file.Take;
                    file.End();
                    await coordinator.StopAsync().ConfigureAwait(false);
                }
            }
        }
    }

    private static SeedNode SeedOf(NodeId node) => SeedNode.Parse(node.Address[(node.Address.IndexOf('@', StringComparison.Ordinal) + 1)..]);
}
