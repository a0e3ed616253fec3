using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>
/// What this node holds for other hosts: for each run an index whose blobs are all in its store, and the run's ledger. A new index takes the place of the old
/// one, and blobs of which no index speaks any more are dropped, so a store holds what the newest index of each of <see cref="RunsMax"/> runs names.
/// </summary>
/// <remarks>Thread-safe. One process at a time uses a directory.</remarks>
internal sealed class CopyDirectory : IDisposable
{
    /// <summary>Runs of which copies are held; that of the run whose order is the longest ago goes first. The queue is held besides.</summary>
    public const int RunsMax = 4;

    private const string IndexFile = "index.json";

    private readonly BlobExchange _blobs;
    private readonly Action<DataEndpoint, string> _meet;
    private readonly string _directory;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, HeldRun> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Run, string Index), Task<CopyState>> _taking = [];
    private readonly CancellationTokenSource _ending = new();
    private long _orders;

    /// <summary>Takes up what an earlier process held.</summary>
    /// <param name="blobs">The node's blobs.</param>
    /// <param name="directory">Where indexes and ledgers lie, in <c>copies</c>, and jobs, in <c>jobs</c>.</param>
    /// <param name="meet">Makes a data plane known.</param>
    /// <param name="report">Told, in sentences, what a person who watches the node should know.</param>
    public CopyDirectory(BlobExchange blobs, string directory, Action<DataEndpoint, string> meet, Action<string> report)
    {
        (_blobs, _directory, _meet) = (blobs, PathIn(directory), meet);
        Jobs = new JobCache(blobs, Path.Combine(directory, "jobs"), Named, report);
        if (!Directory.Exists(_directory))
            return;
        foreach (var run in Directory.EnumerateDirectories(_directory).OrderBy(path => File.GetLastWriteTimeUtc(Path.Combine(path, IndexFile))).ThenBy(path => path, StringComparer.Ordinal))
            Load(Path.GetFileName(run));
    }

    /// <summary>The node's blobs.</summary>
    public BlobExchange Blobs => _blobs;

    /// <summary>The jobs that were given to the node.</summary>
    public JobCache Jobs { get; }

    /// <summary>Where indexes and ledgers lie.</summary>
    /// <param name="directory">The directory that a node keeps all in.</param>
    public static string PathIn(string directory) => Path.Combine(Path.GetFullPath(directory), "copies");

    /// <summary>Fetches what an order names, and holds it from then on.</summary>
    /// <param name="order">The order.</param>
    /// <returns>What is held then.</returns>
    public Task<CopyState> TakeAsync(CopyOrder order)
    {
        lock (_lock)
        {
            var key = (order.Run, order.Index);
            if (_taking.TryGetValue(key, out var known))
                return known;
            var taking = Task.Run(() => TakeInTurnAsync(order));
            _taking[key] = taking;
            _ = taking.ContinueWith(_ => Forget(key), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return taking;
        }
    }

    /// <summary>Takes events in.</summary>
    /// <param name="tail">The events.</param>
    /// <returns>What is held then.</returns>
    public CopyState Append(LedgerTail tail)
    {
        lock (_lock)
        {
            if (!_runs.TryGetValue(tail.Run, out var run))
                return new CopyState(tail.Run, "", 0, 0, $"No copy of {tail.Run} is held here.");
            if ((tail.AfterTerm, tail.AfterSequence).CompareTo(run.Last) > 0)
                return run.State("");
            foreach (var entry in tail.Events.Where(entry => (entry.At.Term, entry.At.Sequence).CompareTo(run.Last) > 0))
            {
                if (!run.Writer(PathOf(tail.Run)).Record(entry))
                    return run.State("The ledger cannot be written here.");
                run.Last = (entry.At.Term, entry.At.Sequence);
            }
            return run.State("");
        }
    }

    /// <summary>Holds an index of this node's own, whose blobs are in the store.</summary>
    /// <param name="index">The index.</param>
    /// <returns>Its blob.</returns>
    /// <exception cref="StorageException">The disk refuses.</exception>
    public string Hold(CopyIndex index)
    {
        var json = index.ToJson();
        var sha256 = _blobs.Store.Put(json).Sha256;
        lock (_lock)
            Replace(index, sha256, json);
        return sha256;
    }

    /// <summary>What is held of a run, the ledger as a blob.</summary>
    /// <param name="name">The run.</param>
    public CopiesHeld Held(string name)
    {
        string old;
        HeldRun? run;
        lock (_lock)
        {
            if (!_runs.TryGetValue(name, out run))
                return new CopiesHeld(name, "", 0, 0, "", 0, 0);
            run.Flush();
            (old, run.Export) = (run.Export, "");
        }
        var (sha256, term, sequence) = LedgerText.Export(LedgerOf(name), _blobs.Store);
        lock (_lock)
            run.Export = sha256;
        if (old != sha256 && old.Length > 0)
            _blobs.Store.Drop([old]);
        return new CopiesHeld(name, run.Sha256, run.Index.Term, run.Index.Sequence, sha256, term, sequence);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Cancel();
        lock (_lock)
        {
            foreach (var run in _runs.Values)
                run.Dispose();
            _runs.Clear();
        }
        Jobs.Dispose();
    }

    private string PathOf(string run) => Path.Combine(_directory, run);

    private string LedgerOf(string run) => Path.Combine(PathOf(run), Audit.LedgerName);

    private void Load(string run)
    {
        try
        {
            var json = File.ReadAllBytes(Path.Combine(PathOf(run), IndexFile));
            var index = CopyIndex.FromJson(json);
            if (index.Run != run || !index.Blobs.All(_blobs.Store.Has))
                return;
            var held = new HeldRun(index, StoredContent.Of(json).Sha256, ++_orders);
            _runs[run] = held;
            if (!File.Exists(LedgerOf(run)))
                return;
            using var reader = LedgerReader.Open(LedgerOf(run));
            held.Last = reader.Last is { } last ? (last.Term, last.Sequence) : default;
        }
        catch (Exception error) when (error is InvalidInputException or IOException or UnauthorizedAccessException)
        {
            // What cannot be read is not held; the next order writes it anew.
        }
    }

    private void Forget((string Run, string Index) key)
    {
        lock (_lock)
            _taking.Remove(key);
    }

    private async Task<CopyState> TakeInTurnAsync(CopyOrder order)
    {
        await _turn.WaitAsync(_ending.Token).ConfigureAwait(false);
        try
        {
            var refusal = await FetchAsync(order).ConfigureAwait(false);
            lock (_lock)
                return _runs.TryGetValue(order.Run, out var run) ? run.State(refusal ?? "") : new CopyState(order.Run, "", 0, 0, refusal ?? "Nothing is held.");
        }
        catch (Exception error) when (error is StorageException or InvalidInputException or IOException or UnauthorizedAccessException or OperationCanceledException or ObjectDisposedException)
        {
            return new CopyState(order.Run, "", 0, 0, error.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<string?> FetchAsync(CopyOrder order)
    {
        if (!DataEndpoint.TryParse(order.Holder, out var endpoint, out var host) || !BlobName.IsValid(order.Index))
            return "The order does not say what is to be held, or who has it.";
        _meet(endpoint, host);
        // What another order drops meanwhile may be what this one needs.
        var retained = new List<IDisposable>();
        try
        {
            return await FetchAsync(order, endpoint.Name, retained).ConfigureAwait(false);
        }
        finally
        {
            retained.ForEach(name => name.Dispose());
            if (order.Ledger.Length > 0)
                _blobs.Store.Drop([order.Ledger]);
        }
    }

    private async Task<string?> FetchAsync(CopyOrder order, string peer, List<IDisposable> retained)
    {
        if (order.Ledger.Length > 0)
            retained.Add(_blobs.Store.Retain(order.Ledger));
        if (await _blobs.FetchAsync(peer, order.Index, _ending.Token, CopyIndex.BytesMax).ConfigureAwait(false) is { } absent)
            return absent;
        var content = _blobs.Store.Read(order.Index, CopyIndex.BytesMax);
        if (content.Bytes is not { } json)
            return content.Refusal;
        var index = CopyIndex.FromJson(json);
        if (index.Run != order.Run)
            return $"The index is of {index.Run}, not of {order.Run}.";
        retained.AddRange(index.Blobs.Select(_blobs.Store.Retain));
        foreach (var piece in index.Files.SelectMany(file => file.Pieces))
        {
            if (await _blobs.FetchAsync(peer, piece.Sha256, _ending.Token, piece.Bytes).ConfigureAwait(false) is { } missing)
                return missing;
        }
        foreach (var package in index.Packages)
        {
            var (refusal, use) = await Jobs.FetchAsync(peer, package, _ending.Token).ConfigureAwait(false);
            retained.Add(use);
            if (refusal is not null)
                return refusal;
        }
        if (order.Ledger.Length > 0 && await _blobs.FetchAsync(peer, order.Ledger, _ending.Token, LedgerText.BytesMax).ConfigureAwait(false) is { } ledger)
            return ledger;
        lock (_lock)
        {
            Replace(index, order.Index, json);
            return order.Ledger.Length > 0 ? TakeLedger(index.Run, order.Ledger) : null;
        }
    }

    private string? TakeLedger(string name, string ledger)
    {
        var run = _runs[name];
        var opening = _blobs.Store.Open(ledger);
        if (opening.Reading is not { } blob)
            return opening.Refusal;
        using (blob)
        {
            var last = LedgerText.Import(blob, run.Writer(PathOf(name)));
            // Events of a coordinator that this one never heard of may be behind it; what follows now follows this ledger.
            run.Last = last;
        }
        return null;
    }

    private void Replace(CopyIndex index, string sha256, byte[] json)
    {
        ObjectDisposedException.ThrowIf(_ending.IsCancellationRequested, this);
        Directory.CreateDirectory(PathOf(index.Run));
        AtomicFile.Write(Path.Combine(PathOf(index.Run), IndexFile), json);
        var gone = new List<string>();
        if (_runs.TryGetValue(index.Run, out var old))
        {
            gone.AddRange(NamesOf(old));
            (old.Index, old.Sha256, old.Order, old.Export) = (index, sha256, ++_orders, "");
        }
        else
        {
            _runs[index.Run] = new HeldRun(index, sha256, ++_orders);
        }
        foreach (var run in _runs.Where(run => run.Key != CopyIndex.QueueName).OrderByDescending(run => run.Value.Order).Skip(RunsMax).ToArray())
        {
            _runs.Remove(run.Key);
            gone.AddRange(NamesOf(run.Value));
            run.Value.Dispose();
            Directory.Delete(PathOf(run.Key), recursive: true);
        }
        var live = _runs.Values.SelectMany(NamesOf).Concat(_runs.Values.SelectMany(run => run.Index.Packages)).ToHashSet(StringComparer.Ordinal);
        _blobs.Store.Drop(gone.Where(name => !live.Contains(name)));
    }

    private NamedBlobs Named()
    {
        lock (_lock)
            return new NamedBlobs([.. _runs.Values.SelectMany(NamesOf)], [.. _runs.Values.SelectMany(run => run.Index.Packages)]);
    }

    private static IEnumerable<string> NamesOf(HeldRun run) => run.Export.Length > 0 ? run.Index.Blobs.Append(run.Sha256).Append(run.Export) : run.Index.Blobs.Append(run.Sha256);

    private sealed class HeldRun(CopyIndex index, string sha256, long order) : IDisposable
    {
        private LedgerWriter? _writer;

        public CopyIndex Index { get; set; } = index;

        public string Sha256 { get; set; } = sha256;

        /// <summary>The number of the newest order: the highest is the newest run.</summary>
        public long Order { get; set; } = order;

        public (long Term, long Sequence) Last { get; set; }

        /// <summary>The blob that the ledger was last made; it goes with the next one.</summary>
        public string Export { get; set; } = "";

        public CopyState State(string refusal) => new(Index.Run, Sha256, Last.Term, Last.Sequence, refusal);

        public LedgerWriter Writer(string directory) => _writer ??= LedgerWriter.Open(Path.Combine(directory, Audit.LedgerName));

        public void Flush() => _writer?.Flush();

        public void Dispose() => _writer?.Dispose();
    }
}
