using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// The runs of a cluster, one after another, where its coordinator is in charge: jobs come as packages of blobs, are laid out here, and are trained by all
/// workers and parameter servers that are members when their turn comes. The list of runs is kept on other hosts, so that the next coordinator goes on with it.
/// </summary>
internal sealed partial class RunQueue : ICoordinatorRuns, IDisposable
{
    private const int RunsMax = 256;
    private const int LookAgainMs = 250;
    private const int LooksMax = 20;
    private const int ListMs = 10_000;
    private const int StepDownMs = 2_000;

    private readonly NodeOptions _options;
    private readonly NodeParts _parts;
    private readonly ClusterLink _link;
    private readonly JobCache _jobs;
    private readonly CopyPeers _peers;
    private readonly QueueCopies _list;
    private readonly Action<string> _report;
    private readonly CancellationTokenSource _ending = new();
    private readonly BlockingCollection<QueuedRun> _queue = new(RunsMax);
    private readonly ConcurrentDictionary<string, QueuedRun> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<NodeId, System.Collections.Immutable.ImmutableArray<PartitionHolding>> _holdings = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private ICoordinatorDesk? _desk;
    private volatile ICoordinatorRuns? _current;
    private volatile HostedRun? _hosted;
    private long _numbers;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="options">The node's options.</param>
    /// <param name="parts">The node's life.</param>
    /// <param name="link">Its link.</param>
    /// <param name="copies">Its blobs, and what it holds for others.</param>
    /// <param name="report">Told, in sentences, what a person who watches the node should know.</param>
    public RunQueue(NodeOptions options, NodeParts parts, ClusterLink link, CopyDirectory copies, Action<string> report)
    {
        (_options, _parts, _link, _jobs, _report) = (options, parts, link, copies.Jobs, report);
        _peers = new CopyPeers(parts, link, copies, options.HostName, report);
        _list = new QueueCopies(_peers);
        _thread = new Thread(Work) { IsBackground = true, Name = "runs" };
    }

    /// <inheritdoc/>
    public void Begin(ICoordinatorDesk desk)
    {
        _desk = desk;
        _parts.BeforeLeaving("end-the-run", EndAsync);
        _thread.Start();
    }

    /// <inheritdoc/>
    public void CarryOut(Effect effect) => _current?.CarryOut(effect);

    /// <inheritdoc/>
    public void TakeSnapshot(PartitionKey key, PartitionContent content) => _current?.TakeSnapshot(key, content);

    /// <inheritdoc/>
    public void Answer(ClusterQuery query, Action<ClusterAnswer> answer)
    {
        // What there is to say is known once the runs of an earlier coordinator are.
        if (!_ready.Task.IsCompleted)
            _ready.Task.ContinueWith(_ => AnswerNow(query, answer), TaskScheduler.Default);
        else
            AnswerNow(query, answer);
    }

    private void AnswerNow(ClusterQuery query, Action<ClusterAnswer> answer)
    {
        try
        {
            using var arguments = JsonDocument.Parse(query.Json.Length > 0 ? query.Json : "{}");
            switch (query.Kind)
            {
                case "where": answer(Said(json => json.WriteString("data", Here))); break;
                case "submit": Submit(Argument(arguments, "package"), Argument(arguments, "data"), answer); break;
                case "run": answer(RunOf(Argument(arguments, "run")) is { } run ? Said(json => Put(json, run)) : Unknown(Argument(arguments, "run"))); break;
                case "runs": answer(Said(WriteRuns)); break;
                case "nodes": answer(Said(WriteNodes)); break;
                case "cancel": Cancel(Argument(arguments, "run"), answer); break;
                default: answer(new ClusterAnswer($"'{query.Kind}' is nothing that this version of the cluster answers.", "")); break;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidInputException)
        {
            answer(new ClusterAnswer($"The question cannot be read: {exception.Message}", ""));
        }
    }

    /// <inheritdoc/>
    public void TakeHoldings(NodeId server, System.Collections.Immutable.ImmutableArray<PartitionHolding> holdings) => _holdings[server] = holdings;

    /// <summary>Takes no more runs, and lets go of the one in work: whoever is the coordinator next goes on with it.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _ending.Cancel();
        _list.Dispose();
        _hosted?.Abandon();
    }

    private string Here => _link.Endpoint.On(_options.HostName);

    private static string Argument(JsonDocument arguments, string name) =>
        arguments.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new InvalidInputException($"'{name}' is missing.");

    private static ClusterAnswer Said(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return new ClusterAnswer("", Encoding.UTF8.GetString(bytes.ToArray()));
    }

    private static void Put(Utf8JsonWriter json, QueuedRun run)
    {
        json.WritePropertyName("run");
        run.Write(json);
    }

    private QueuedRun? RunOf(string name) => _runs.GetValueOrDefault(name);

    private ClusterAnswer Unknown(string name) =>
        new(_runs.IsEmpty ? $"There is no run '{name}'; the cluster has none." : $"There is no run '{name}'; there are {string.Join(", ", _runs.Keys.Order(StringComparer.Ordinal))}.", "");

    private void WriteRuns(Utf8JsonWriter json)
    {
        json.WriteStartArray("runs");
        foreach (var run in _runs.Values.OrderBy(run => run.Name, StringComparer.Ordinal))
            run.Write(json);
        json.WriteEndArray();
    }

    private void WriteNodes(Utf8JsonWriter json)
    {
        json.WriteStartArray("nodes");
        foreach (var member in _parts.Directory.Members)
        {
            json.WriteStartObject();
            json.WriteString("address", SeedNode.Format(member.Host, member.Address.Port ?? 0));
            json.WriteStartArray("roles");
            foreach (var role in NodeRoleNames.Of(member.Roles))
                json.WriteStringValue(role);
            json.WriteEndArray();
            json.WriteNumber("pid", member.ProcessId);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private void Cancel(string name, Action<ClusterAnswer> answer)
    {
        if (RunOf(name) is not { } run)
        {
            answer(Unknown(name));
            return;
        }
        run.Cancel();
        _ = ListAsync();
        answer(Said(json => Put(json, run)));
    }

    private void Submit(string package, string data, Action<ClusterAnswer> answer)
    {
        if (!BlobName.IsValid(package) || !DataEndpoint.TryParse(data, out var endpoint, out var host))
            answer(new ClusterAnswer("What was submitted names no package, or not where it is.", ""));
        else
            _ = TakeAsync(package, endpoint, host, answer);
    }

    private async Task TakeAsync(string sha256, DataEndpoint endpoint, string host, Action<ClusterAnswer> answer)
    {
        try
        {
            _link.Meet(endpoint, host);
            var (layout, use) = await _jobs.LayOutAsync(endpoint.Name, sha256, _ending.Token).ConfigureAwait(false);
            if (layout.Job is not { } job)
            {
                use.Dispose();
                answer(new ClusterAnswer(layout.Refusal!, ""));
                return;
            }
            var run = Named(sha256, job);
            run.Use = use;
            if (!_queue.TryAdd(run))
            {
                _runs.TryRemove(run.Name, out _);
                use.Dispose();
                answer(new ClusterAnswer($"{RunsMax} runs are waiting, and no more are taken.", ""));
                return;
            }
            // Whoever is told that a run is queued may rely on it: it is on other hosts by then, unless they are slow.
            await Task.WhenAny(ListAsync(), Task.Delay(ListMs, _ending.Token)).ConfigureAwait(false);
            answer(Said(json => Put(json, run)));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            answer(new ClusterAnswer($"The job cannot be taken: {exception.Message}", ""));
        }
    }

    private QueuedRun Named(string package, JobOptions job)
    {
        var time = DateTimeOffset.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        for (var number = 1; ; number++)
        {
            var name = number == 1 ? $"{job.Name}-{time}" : string.Create(CultureInfo.InvariantCulture, $"{job.Name}-{time}-{number}");
            var run = new QueuedRun(name, package, job, Path.Combine(Folder("runs"), name));
            run.Number = Interlocked.Increment(ref _numbers);
            if (_runs.TryAdd(name, run))
                return run;
            run.Dispose();
        }
    }

    private string Folder(string name) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_options.BlobDirectory))!, name);

    private void Work()
    {
        var earlier = new List<QueuedRun>();
        if (!_parts.Directory.WaitForMostCoordinators(_options.Coordinators, _ending.Token))
            return;
        try
        {
            earlier = Discover();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            _report($"The runs of an earlier coordinator cannot be taken over: {exception.Message}");
        }
        _ready.TrySetResult();
        _ = ListAsync();
        foreach (var run in earlier.Concat(_queue.GetConsumingEnumerable()))
        {
            if (_ending.IsCancellationRequested)
                return;
            Do(run);
        }
    }

    /// <summary>Has the list of runs, as it is now, kept on other hosts.</summary>
    private Task ListAsync() => _list.KeepAsync(() =>
    {
        var runs = _runs.Values.OrderBy(run => run.Number).ToArray();
        return (RunList.ToJson(runs.Select(run => new ListedRun(run.Name, run.Package, run.Status, run.Remark, run.Summary))), [.. runs.Where(run => !run.HasEnded).Select(run => run.Package).Distinct(StringComparer.Ordinal)]);
    });

    private void Do(QueuedRun run)
    {
        try
        {
            while (!run.Stop.IsCancellationRequested && !Train(run))
            {
                // Another coordinator took the run: it goes on with it, unless this one still is the cluster's, and then looks again what there is.
                if (_ending.Token.WaitHandle.WaitOne(StepDownMs))
                    return;
                LookAgain(run);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (_ending.IsCancellationRequested)
                return;
            run.Fail(exception.Message);
            _report($"The run {run.Name} could not go on: {exception.Message}");
        }
        finally
        {
            (_current, _hosted) = (null, null);
        }
        if (run.HasEnded)
            run.Use?.Dispose();
        _ = ListAsync();
    }

    /// <summary>Trains a run to its end.</summary>
    /// <returns>Whether it has come to its end; false where another coordinator is in charge of it.</returns>
    private bool Train(QueuedRun run)
    {
        if (!Gather(run, out var workers, out var servers))
        {
            if (!_ending.IsCancellationRequested)
                run.Status = "cancelled";
            return true;
        }
        var earlier = run.TakenOver;
        if (earlier is not null)
            (workers, servers) = (earlier.Description.Workers, earlier.Description.ParameterServers);
        if (run.IsBegun)
            LayDown(run);
        var job = run.Job with { Cluster = run.Job.Cluster with { Workers = workers, ParameterServers = servers } };
        var hosting = new HostedRunOptions
        {
            Threads = Environment.ProcessorCount,
            Replicas = job.Cluster.Replicas,
            Package = run.Package,
            Holder = Here,
            StopStatus = "cancelled",
            Partitions = earlier?.Description.Partitions,
            AdoptedVersion = earlier?.Version,
            AdoptedPosition = earlier?.Position ?? default,
            Peers = _peers,
            EndsOnStepDown = true,
        };
        using var hosted = new HostedRun(job, new TrainingRunOptions { OutputDirectory = run.Directory, Resume = run.IsBegun, Threads = Environment.ProcessorCount, MayBeTakenOver = true, IsTakenOver = run.IsBegun }, run, hosting, run.Stop);
        if (LostCoordinatorOf(run) is { } lost)
            hosted.Runs.CarryOut(new FaultNoticed("coordinator-lost", $"The coordinator {lost} was lost; this one goes on with the run."));
        _report($"The run {run.Name} begins with {workers} workers and {servers} parameter servers.");
        run.IsBegun = true;
        _desk!.Renew();
        (_current, _hosted) = (hosted.Runs, hosted);
        if (_ending.IsCancellationRequested)
            return true;
        _ = ListAsync();
        var summary = Train(hosted, _desk, new JournalEnding("", "", workers, servers, null));
        _current = null;
        if (summary is null)
        {
            _report($"The run {run.Name} is another coordinator's now.");
            return false;
        }
        run.End(summary);
        _report($"The run {run.Name} ended: {run.Status}.");
        return true;
    }

    /// <summary>The coordinator that was in charge of a run before, where it is gone without having left; null otherwise.</summary>
    private string? LostCoordinatorOf(QueuedRun run)
    {
        var path = Path.Combine(run.Directory, Audit.LedgerName);
        if (!run.IsBegun || !File.Exists(path))
            return null;
        using var ledger = LedgerReader.Open(path);
        var before = ledger.EventsOf<TermBegan>().LastOrDefault()?.Coordinator;
        return before is null || _parts.Directory.IsOrLeft(before) ? null : before;
    }

    /// <summary>Trains a run that is ready, and lists the cluster's nodes beside it as they come and go.</summary>
    private RunSummary? Train(HostedRun hosted, ICoordinatorDesk desk, JournalEnding facts)
    {
        var nodes = new NodesFile(TimeProvider.System);
        _parts.Directory.Changed += nodes.Take;
        foreach (var member in _parts.Directory.Members)
            nodes.Take(member, MemberStatus.Up);
        nodes.WriteTo(hosted.NodesFile, _parts.Id);
        try
        {
            hosted.Runs.Begin(desk);
            var summary = hosted.TryRun(() => facts);
            if (summary is not null)
                nodes.End();
            return summary;
        }
        finally
        {
            _parts.Directory.Changed -= nodes.Take;
            nodes.StopWriting();
        }
    }

    /// <summary>Waits for a worker and a parameter server.</summary>
    private bool Gather(QueuedRun run, out int workers, out int servers)
    {
        run.Status = "waiting";
        do
        {
            var members = _parts.Directory.Members;
            (workers, servers) = (members.Count(member => member.Roles.HasFlag(NodeRoles.Worker)), members.Count(member => member.Roles.HasFlag(NodeRoles.ParameterServer)));
            if (workers > 0 && servers > 0)
                return true;
        }
        while (WaitHandle.WaitAny([run.Stop.WaitHandle, _ending.Token.WaitHandle], LookAgainMs) == WaitHandle.WaitTimeout);
        return false;
    }

    /// <summary>
    /// The node is about to leave. Where there are other coordinators the next one goes on with the runs; where this is the only one they end here, each with a checkpoint.
    /// </summary>
    private async Task EndAsync()
    {
        if (_options.Coordinators > 1)
            return;
        _queue.CompleteAdding();
        foreach (var run in _runs.Values.Where(run => !run.HasEnded))
            run.Cancel();
        while (_thread.IsAlive && _current is not null)
            await Task.Delay(LookAgainMs).ConfigureAwait(false);
    }
}
