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
/// workers and parameter servers that are members when their turn comes.
/// </summary>
internal sealed class RunQueue : ICoordinatorRuns, IDisposable
{
    private const int RunsMax = 256;
    private const int LookAgainMs = 250;
    private const int LooksMax = 20;

    private readonly NodeOptions _options;
    private readonly NodeParts _parts;
    private readonly ClusterLink _link;
    private readonly BlobExchange _blobs;
    private readonly Action<string> _report;
    private readonly CancellationTokenSource _ending = new();
    private readonly BlockingCollection<QueuedRun> _queue = new(RunsMax);
    private readonly ConcurrentDictionary<string, QueuedRun> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<NodeId, System.Collections.Immutable.ImmutableArray<PartitionHolding>> _holdings = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private ICoordinatorDesk? _desk;
    private volatile ICoordinatorRuns? _current;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="options">The node's options.</param>
    /// <param name="parts">The node's life.</param>
    /// <param name="link">Its link.</param>
    /// <param name="blobs">Its blobs.</param>
    /// <param name="report">Told, in sentences, what a person who watches the node should know.</param>
    public RunQueue(NodeOptions options, NodeParts parts, ClusterLink link, BlobExchange blobs, Action<string> report)
    {
        (_options, _parts, _link, _blobs, _report) = (options, parts, link, blobs, report);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _ending.Cancel();
        foreach (var run in _runs.Values)
            run.Cancel();
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
            var layout = await PackageReading.LayOutAsync(_blobs, endpoint.Name, sha256, Folder("jobs"), _ending.Token).ConfigureAwait(false);
            if (layout.Job is not { } job)
            {
                answer(new ClusterAnswer(layout.Refusal!, ""));
                return;
            }
            var run = Named(sha256, job);
            if (!_queue.TryAdd(run))
                answer(new ClusterAnswer($"{RunsMax} runs are waiting, and no more are taken.", ""));
            else
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
            if (_runs.TryAdd(name, run))
                return run;
            run.Dispose();
        }
    }

    private string Folder(string name) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_options.BlobDirectory))!, name);

    private void Work()
    {
        var earlier = new List<QueuedRun>();
        try
        {
            earlier = Discover();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            _report($"The runs of an earlier coordinator cannot be taken over: {exception.Message}");
        }
        _ready.TrySetResult();
        foreach (var run in earlier)
            Do(run);
        foreach (var run in _queue.GetConsumingEnumerable())
            Do(run);
    }

    /// <summary>The runs that an earlier coordinator left: the parameter servers hold them, and with them what they are read from.</summary>
    private List<QueuedRun> Discover()
    {
        for (var look = 0; look < LooksMax && !_ending.IsCancellationRequested; look++)
        {
            var servers = _parts.Directory.Members.Where(member => member.Roles.HasFlag(NodeRoles.ParameterServer)).ToArray();
            foreach (var server in servers.Where(server => !_holdings.ContainsKey(server.Id)))
                _desk!.Send(server.Id, NodeRoles.ParameterServer, new PromiseRequest(new RunKey("", 0), 0));
            if (look > 0 && servers.All(server => _holdings.ContainsKey(server.Id)))
                break;
            _ending.Token.WaitHandle.WaitOne(LookAgainMs);
        }
        var runs = new List<QueuedRun>();
        foreach (var held in _holdings.Values.SelectMany(holdings => holdings).Where(holding => holding.IsWhole).GroupBy(holding => holding.Key.Run.Run, StringComparer.Ordinal).OrderBy(held => held.Key, StringComparer.Ordinal))
        {
            var newest = held.MaxBy(holding => (holding.Key.Run.Incarnation, holding.Version))!;
            if (!RunDescription.TryRead(newest.Description, out var description) || description.Package.Length == 0)
                continue;
            if (LayOut(description) is not { } job)
            {
                _report($"The run {held.Key} cannot be taken over: no member has its job any more.");
                continue;
            }
            var run = new QueuedRun(held.Key, description.Package, job, Path.Combine(Folder("runs"), held.Key)) { TakenOver = new TakenOverRun(description, newest.Version) };
            if (!_runs.TryAdd(run.Name, run))
                continue;
            _report($"The run {run.Name} is taken over at version {newest.Version}.");
            runs.Add(run);
        }
        return runs;
    }

    /// <summary>The job of a run, from this node's blobs or from those of a worker, which has read it too.</summary>
    private JobOptions? LayOut(RunDescription description)
    {
        foreach (var member in _parts.Directory.Members.Where(member => member.Roles.HasFlag(NodeRoles.Worker)))
        {
            _link.Meet(member.Data, member.Host);
            if (PackageReading.LayOutAsync(_blobs, member.Data.Name, description.Package, Folder("jobs"), _ending.Token).GetAwaiter().GetResult().Job is { } job)
                return job;
        }
        return null;
    }

    private void Do(QueuedRun run)
    {
        try
        {
            if (!run.Stop.IsCancellationRequested)
                Train(run);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            run.Fail(exception.Message);
            _report($"The run {run.Name} could not go on: {exception.Message}");
        }
        _current = null;
    }

    private void Train(QueuedRun run)
    {
        if (!Gather(run, out var workers, out var servers))
        {
            run.Status = "cancelled";
            return;
        }
        var earlier = run.TakenOver;
        if (earlier is not null)
            (workers, servers) = (earlier.Description.Workers, earlier.Description.Partitions);
        var job = run.Job with { Cluster = run.Job.Cluster with { Workers = workers, ParameterServers = servers } };
        var hosting = new HostedRunOptions
        {
            Threads = Environment.ProcessorCount,
            Replicas = servers > 1 ? Math.Min(1, job.Cluster.Replicas) : 0,
            Package = run.Package,
            Holder = Here,
            StopStatus = "cancelled",
            AdoptedVersion = earlier?.Version,
        };
        using var hosted = new HostedRun(job, new TrainingRunOptions { OutputDirectory = run.Directory, Resume = earlier is not null, Threads = Environment.ProcessorCount }, run, hosting, run.Stop);
        _report($"The run {run.Name} begins with {workers} workers and {servers} parameter servers.");
        _desk!.Renew();
        _current = hosted.Runs;
        hosted.Runs.Begin(_desk);
        run.End(hosted.Run(() => new JournalEnding("", "", workers, servers, null)));
        _report($"The run {run.Name} ended: {run.Status}.");
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
        while (!run.Stop.WaitHandle.WaitOne(LookAgainMs));
        return false;
    }

    private async Task EndAsync()
    {
        Dispose();
        while (_thread.IsAlive && _current is not null)
            await Task.Delay(LookAgainMs).ConfigureAwait(false);
    }
}
