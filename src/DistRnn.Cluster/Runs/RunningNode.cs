using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>A node that works and serves parameters: it joins a cluster, takes the part that coordinators give it, and leaves in good order.</summary>
public sealed class RunningNode : IAsyncDisposable
{
    private readonly ClusterLink _link;
    private readonly ClusterNode _node;
    private readonly Lazy<CopyDirectory>? _copies;
    private readonly TaskCompletionSource _broken;

    private RunningNode(ClusterLink link, ClusterNode node, Lazy<CopyDirectory>? copies, TaskCompletionSource broken) => (_link, _node, _copies, _broken) = (link, node, copies, broken);

    /// <summary>The node's place in the cluster.</summary>
    public ClusterNode Node => _node;

    /// <summary>Completes when the node has left for good; fails when it cannot go on.</summary>
    public Task Ended => Task.WhenAny(_node.Ended, _broken.Task).Unwrap();

    /// <summary>Starts a node.</summary>
    /// <param name="options">What it has to know to join.</param>
    /// <param name="report">Told, in sentences, what a person who watches the node should know; called from several threads.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="InvalidInputException">The options are invalid, or a port is taken.</exception>
    public static Task<RunningNode> StartAsync(NodeOptions options, Action<string> report, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        return StartAsync(options, link => MachinesOf(options, threads, link, report), report, cancellation);
    }

    /// <summary>Ends the node at once, without leaving: for when all of a cluster ends together.</summary>
    public Task StopAsync() => _node.StopAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync().ConfigureAwait(false);
        if (_copies is { IsValueCreated: true })
            _copies.Value.Dispose();
        _link.Dispose();
    }

    internal static async Task<RunningNode> StartAsync(NodeOptions options, Func<ClusterLink, NodeMachinesOptions> machines, Action<string> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(report);
        options.Validate();
        var link = LinkOf(options, report);
        try
        {
            var broken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var working = machines(link);
            var furnisher = new NodeMachines(options, working, link, exception => broken.TrySetException(exception));
            var node = await ClusterNode.StartAsync(options, link.Endpoint, furnisher.Furnish, report, cancellation).ConfigureAwait(false);
            return new RunningNode(link, node, working.Copies, broken);
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of tensors that the node has sent to others.</summary>
    internal long SentBytes => _link.Counters.SentBytes;

    private static ClusterLink LinkOf(NodeOptions options, Action<string> report)
    {
        try
        {
            return new ClusterLink(options, report);
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            throw new InvalidInputException($"data-port {options.DataPort} cannot be listened on: {exception.Message}. Give another one, or 0 for a free one.", exception);
        }
    }

    private static NodeMachinesOptions MachinesOf(NodeOptions options, int threads, ClusterLink link, Action<string> report)
    {
        // The store is made when it is first needed: a node whose jobs are all on this machine leaves no directory behind.
        var blobs = new Lazy<BlobExchange>(() => link.Exchange(BlobStore.Open(options.BlobDirectory)));
        var directory = Path.GetDirectoryName(Path.GetFullPath(options.BlobDirectory))!;
        var copies = new Lazy<CopyDirectory>(() => new CopyDirectory(blobs.Value, directory, link.Meet, report));
        return new NodeMachinesOptions
        {
            Copies = copies,
            HasCopies = () => Directory.Exists(CopyDirectory.PathIn(directory)),
            WorkerRuns = _ => new JobWorkerRuns((_, description) => Load(description, threads, link, copies)),
            Coordinator = new CoordinatorOptions { StartPatience = FailoverTimes.Of(options.Failover).StartPatience },
            CoordinatorRuns = options.Has(NodeRoles.Coordinator) ? parts => new RunQueue(options, parts, link, copies.Value, report) : null,
            ServerThreads = threads,
        };
    }

    private static (LoadedJob Job, IDisposable? Use) Load(RunDescription description, int threads, ClusterLink link, Lazy<CopyDirectory> copies)
    {
        if (description.Job.Length == 0)
            return LoadPackage(description, threads, link, copies.Value.Jobs);
        return (LoadedJob.Load(JobFile.Parse(description.Job, $"the job of {description.Name}", description.Name, Directory.GetCurrentDirectory()), threads, SilentProgress.Instance), null);
    }

    private static (LoadedJob Job, IDisposable? Use) LoadPackage(RunDescription description, int threads, ClusterLink link, JobCache jobs)
    {
        if (!DataEndpoint.TryParse(description.Holder, out var endpoint, out var host))
            throw new InvalidInputException("The run's description does not say who has its job.");
        link.Meet(endpoint, host);
        var (layout, use) = jobs.LayOutAsync(endpoint.Name, description.Package, CancellationToken.None).GetAwaiter().GetResult();
        try
        {
            return (LoadedJob.Load(layout.Job ?? throw new InvalidInputException(layout.Refusal!), threads, SilentProgress.Instance), use);
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }
}
