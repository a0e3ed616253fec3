using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// One run's surroundings where its directory is: partitions get their first content from here, checkpoints are collected and written, the ledger and the
/// journal are kept. Everything but ledger events is done on the pump's thread.
/// </summary>
internal sealed class JobCoordinatorRuns : ICoordinatorRuns, IDisposable
{
    private const long SeedAgainMs = 3_000;
    private const int LookMs = 5_000;
    private const long CollectMs = 60_000;

    private readonly LoadedJob _job;
    private readonly RunJournal _journal;
    private readonly LedgerWriter _ledger;
    private readonly RunPump _pump;
    private readonly Func<EndRun, JournalEnding> _ending;
    private readonly RunCopies? _copies;
    private readonly CancellationToken _cancellation;
    private readonly PartitionMap _partitions;
    private readonly Dictionary<(PartitionKey Key, long Version), long> _seeded = [];
    private ICoordinatorDesk? _desk;
    private VersionContent? _source;
    private readonly Timer _look;
    private VersionContent? _collecting;
    private long _collectingSince;
    private long _lastReport;
    private bool _isTraining;

    /// <summary>Takes a run that is ready to begin.</summary>
    /// <param name="job">The job; stays the caller's.</param>
    /// <param name="partitions">Into how many parts the parameters are cut.</param>
    /// <param name="journal">The run's directory, opened; stays the caller's.</param>
    /// <param name="start">What the run begins with; becomes this object's.</param>
    /// <param name="ledger">The run's ledger; stays the caller's.</param>
    /// <param name="pump">What runs on the thread that waits; stays the caller's.</param>
    /// <param name="ending">What the summary says of how the run was carried out.</param>
    /// <param name="copies">Keeps copies on other hosts; null where this host is the only one. Stays the caller's.</param>
    /// <param name="cancellation">Ends the evaluation of the kept model.</param>
    public JobCoordinatorRuns(
        LoadedJob job, int partitions, RunJournal journal, VersionContent start, LedgerWriter ledger, RunPump pump, Func<EndRun, JournalEnding> ending, RunCopies? copies,
        CancellationToken cancellation)
    {
        (_job, _journal, _source, _ledger, _pump, _ending, _copies, _cancellation) = (job, journal, start, ledger, pump, ending, copies, cancellation);
        _partitions = new PartitionMap(job.Table, partitions);
        _look = new Timer(_ => pump.Post(LookAtCollecting), null, LookMs, LookMs);
    }

    /// <summary>What the run came to, once the pump has ended.</summary>
    public RunSummary? Summary { get; private set; }

    /// <inheritdoc/>
    public void Begin(ICoordinatorDesk desk) => _desk = desk;

    /// <inheritdoc/>
    public void CarryOut(Effect effect)
    {
        if (effect is not RecordEvent entry)
        {
            _pump.Post(() => Do(effect));
            return;
        }
        if (!_isTraining && entry.Event is StepLeased)
        {
            _isTraining = true;
            _pump.Post(_journal.BeginTraining);
        }
        if (_ledger.Record(entry.Event))
            _copies?.Note(entry.Event);
    }

    /// <summary>Lets go of what a machine that stepped down had begun, and of nothing that is written. On the pump's thread.</summary>
    /// <returns>The newest checkpoint, from which another machine would begin.</returns>
    public VersionContent Restart()
    {
        _collecting?.Dispose();
        _collecting = null;
        _seeded.Clear();
        _source?.Dispose();
        _source = _journal.LoadNewest();
        return _source;
    }

    /// <inheritdoc/>
    public void TakeSnapshot(PartitionKey key, PartitionContent content) => _pump.Post(() => Collect(key, content));

    /// <inheritdoc/>
    public void Dispose()
    {
        _look.Dispose();
        _source?.Dispose();
        _collecting?.Dispose();
    }

    private void Do(Effect effect)
    {
        switch (effect)
        {
            case SeedPartition seed: Seed(seed); break;
            case BeginCheckpoint begin: BeginCollecting(begin); break;
            case FindCheckpoint: Find(); break;
            case StepReported report: _journal.Take(report); _lastReport = Environment.TickCount64; break;
            case EvaluationReported report: _journal.Take(report, (Environment.TickCount64 - _lastReport) / 1000.0); break;
            case FaultNoticed fault: _journal.Take(fault); break;
            case Waiting waiting: _journal.Take(waiting); break;
            case Recovered recovered: _journal.Take(recovered); break;
            case WentBack back: _journal.Take(back); break;
            case EndRun end: Finish(end); break;
            default: break;
        }
    }

    private void Seed(SeedPartition seed)
    {
        // Asked again while the content is on its way: it is sent once more only when that must have failed.
        var now = Environment.TickCount64;
        if (_seeded.TryGetValue((seed.Key, seed.Version), out var sent) && now - sent < SeedAgainMs || SourceOf(seed.Version) is not { } source)
            return;
        _desk!.Send(seed.To, NodeRoles.ParameterServer, new PartitionSeed(seed.Key, source.ContentOf(_partitions.Layouts[seed.Key.Index]), null));
        _seeded[(seed.Key, seed.Version)] = Environment.TickCount64;
    }

    /// <summary>The content of a version: the last one that was put together here, or what the directory holds.</summary>
    private VersionContent? SourceOf(long version)
    {
        if (_source?.Version != version)
        {
            _source?.Dispose();
            _source = _journal.LoadNewest();
        }
        return _source.Version == version ? _source : null;
    }

    private void Find()
    {
        var newest = _journal.LoadNewest();
        _source?.Dispose();
        _source = newest;
        _desk!.Feed(new CheckpointFound(newest.Version, newest.Position));
    }

    private void BeginCollecting(BeginCheckpoint begin)
    {
        _collecting?.Dispose();
        _collecting = _job.CreateEmpty();
        _collecting.Mark(begin.Version, begin.Position);
        _collectingSince = Environment.TickCount64;
    }

    /// <summary>Parts of a checkpoint that do not come, their owner having died on the way, are not waited for: it is begun again.</summary>
    private void LookAtCollecting()
    {
        if (_collecting is not { } lost || Environment.TickCount64 - _collectingSince < CollectMs)
            return;
        _collecting = null;
        _desk?.Feed(new CheckpointLost(lost.Version, "Parts of it did not come in a minute."));
        lost.Dispose();
    }

    private void Collect(PartitionKey key, PartitionContent content)
    {
        try
        {
            if (_collecting is null || content.Version != _collecting.Version || !_collecting.Take(_partitions.Layouts[key.Index], content))
                return;
        }
        finally
        {
            content.Parameters.Dispose();
            content.Optimizer.Dispose();
        }
        var whole = _collecting;
        _collecting = null;
        var (fingerprint, manifest, reason) = _journal.Save(whole);
        _source?.Dispose();
        _source = whole;
        if (fingerprint is null)
            _desk!.Feed(new CheckpointFailed(whole.Version, reason ?? "The checkpoint could not be written."));
        else if (_copies is null)
            _desk!.Feed(new CheckpointSaved(whole.Version, manifest, fingerprint));
        else
            _ = CopyAsync(_copies, new CheckpointSaved(whole.Version, manifest, fingerprint));
    }

    /// <summary>A checkpoint is complete when other hosts hold it too. Training goes on meanwhile.</summary>
    private async Task CopyAsync(RunCopies copies, CheckpointSaved saved)
    {
        Input answer = await copies.KeepAsync().ConfigureAwait(false) is { } refusal ? new CheckpointFailed(saved.Version, refusal) : saved;
        _pump.Post(() => _desk!.Feed(answer));
    }

    private void Finish(EndRun end)
    {
        var last = SourceOf(end.Version) ?? _source!;
        var ending = _ending(end);
        if (ending.BytesPerStep is null)
            ending = ending with { BytesPerStep = end.Steps == 0 ? 0 : end.Bytes / end.Steps };
        if (end.Status == "interrupted")
            ending = ending with { Reason = FormattableString.Invariant($"The run was told to end and stands at step {end.Version} of {_job.Steps}; --resume goes on from there.") };
        Summary = _journal.Finish(ending, last, _cancellation);
        _pump.End();
    }
}
