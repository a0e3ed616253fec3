using System.Collections.Immutable;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>What becomes of the runs of an earlier coordinator: parameter servers hold the one in work, other hosts the list of all and the copies.</summary>
internal sealed partial class RunQueue
{
    /// <summary>The runs that an earlier coordinator left and that are still to be trained, in the order in which that is done.</summary>
    private List<QueuedRun> Discover()
    {
        LookAtServers();
        var held = Newest();
        var (number, json) = new RunRestoration(_peers).FindQueueAsync(_ending.Token).GetAwaiter().GetResult();
        _list.Follow(number);
        var runs = new List<QueuedRun>();
        foreach (var listed in json is null ? [] : RunList.FromJson(json))
        {
            if (IsOpen(listed.Status))
                Add(runs, listed.Run, listed.Package, listed.Status != "queued", held.GetValueOrDefault(listed.Run));
            else
                Recall(listed);
            held.Remove(listed.Run);
        }
        foreach (var (name, earlier) in held.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            Add(runs, name, earlier.Description.Package, true, earlier);
        // What servers hold is in work; the others wait for their turn.
        return [.. runs.OrderBy(run => run.TakenOver is not null ? 0 : run.IsBegun ? 1 : 2).ThenBy(run => run.Number)];
    }

    private static bool IsOpen(string status) => status is "queued" or "waiting" or "running";

    /// <summary>Asks every parameter server what it holds, until all have answered or it takes too long.</summary>
    private void LookAtServers()
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
    }

    /// <summary>The newest that servers hold of each run.</summary>
    private Dictionary<string, TakenOverRun> Newest()
    {
        var runs = new Dictionary<string, TakenOverRun>(StringComparer.Ordinal);
        foreach (var held in _holdings.Values.SelectMany(holdings => holdings).Where(holding => holding.IsWhole).GroupBy(holding => holding.Key.Run.Run, StringComparer.Ordinal))
        {
            var newest = held.MaxBy(holding => (holding.Key.Run.Incarnation, holding.Version, holding.LastDecision is null ? 0 : 1))!;
            if (CopyIndex.IsRunName(held.Key) && RunDescription.TryRead(newest.Description, out var description) && BlobName.IsValid(description.Package))
                runs[held.Key] = new TakenOverRun(description, newest.Version, newest.LastDecision?.Position ?? newest.Position);
        }
        return runs;
    }

    private void Add(List<QueuedRun> runs, string name, string package, bool isBegun, TakenOverRun? earlier)
    {
        if (LayOut(package) is not ({ } job, var use))
        {
            _report($"The run {name} cannot be taken over: no member has its job any more.");
            return;
        }
        isBegun |= earlier is not null;
        earlier = IsAdoptable(job) ? earlier : null;
        var run = new QueuedRun(name, package, job, Path.Combine(Folder("runs"), name)) { TakenOver = earlier, IsBegun = isBegun, Number = Interlocked.Increment(ref _numbers), Use = use };
        if (!_runs.TryAdd(name, run))
        {
            run.Dispose();
            return;
        }
        _report(earlier is not null ? $"The run {name} is taken over at version {earlier.Version}." : $"The run {name} is taken over: it is to be {(isBegun ? "gone on with from its newest checkpoint" : "begun")}.");
        runs.Add(run);
    }

    private void Recall(ListedRun listed)
    {
        var run = new QueuedRun(listed.Run, listed.Package, null, Path.Combine(Folder("runs"), listed.Run)) { Number = Interlocked.Increment(ref _numbers) };
        run.Recall(listed.Status, listed.Note, listed.Summary);
        _runs.TryAdd(listed.Run, run);
    }

    /// <summary>The job of a package, from this node's blobs or from those of a member, many of which have read it too.</summary>
    private (JobOptions? Job, IDisposable? Use) LayOut(string package)
    {
        foreach (var member in _parts.Directory.Members.Where(member => member.Data.Port != 0))
        {
            _link.Meet(member.Data, member.Host);
            var (layout, use) = _jobs.LayOutAsync(member.Data.Name, package, _ending.Token).GetAwaiter().GetResult();
            if (layout.Job is not null)
                return (layout.Job, use);
            use.Dispose();
        }
        return default;
    }

    /// <summary>Lays down here what other hosts hold of a run, and says in its ledger what nobody holds.</summary>
    private void LayDown(QueuedRun run)
    {
        if (new RunRestoration(_peers).RestoreAsync(run.Name, run.Directory, _ending.Token).GetAwaiter().GetResult() is { } sentence)
            _report(sentence);
        if (run.TakenOver is { } earlier && LedgerGap.Mark(Path.Combine(run.Directory, Audit.LedgerName), earlier.Version) is > 0 and var lost)
            _report($"The records of {lost} steps of {run.Name} were on a host that is gone; its audit says so.");
    }

    /// <summary>After another coordinator was in charge for a while: what servers hold now.</summary>
    private void LookAgain(QueuedRun run)
    {
        _holdings.Clear();
        LookAtServers();
        run.TakenOver = IsAdoptable(run.Job!) ? Newest().GetValueOrDefault(run.Name) : null;
    }

    /// <summary>Whether a run goes on from what parameter servers hold of it: where shards are applied one by one it goes back to a checkpoint instead.</summary>
    internal static bool IsAdoptable(JobOptions job) => !ConsistencyPolicy.Parse(job.Cluster.Consistency).AppliesShards;
}
