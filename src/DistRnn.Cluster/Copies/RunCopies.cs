using System.Collections.Immutable;
using System.Globalization;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Runtime;

namespace DistRnn.Cluster;

/// <summary>
/// Copies of a run on other hosts, kept up by the coordinator in charge: checkpoints and rows with every checkpoint, the ledger all the while. Where a host that
/// holds them is lost, another one gets them.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class RunCopies : IDisposable
{
    private const int RowsPieceBytes = 1 << 20;

    private readonly string _run;
    private readonly string _package;
    private readonly string _directory;
    private readonly int _others;
    private readonly LedgerWriter _ledger;
    private readonly CopyPeers _peers;
    private readonly LedgerStream _stream;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _ending = new();
    private readonly HashSet<NodeId> _holding = [];
    private CopyIndex? _index;
    private string _indexName = "";

    /// <summary>Begins to keep copies.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="package">The blob of the job's package.</param>
    /// <param name="copies">Hosts that are to hold everything, this one among them.</param>
    /// <param name="ledger">The ledger's writer; stays the caller's.</param>
    /// <param name="peers">The other nodes.</param>
    public RunCopies(string directory, string package, int copies, LedgerWriter ledger, CopyPeers peers)
    {
        (_run, _directory, _package, _others, _ledger, _peers) = (Path.GetFileName(directory), directory, package, copies - 1, ledger, peers);
        ledger.Flush();
        using (var reader = LedgerReader.Open(ledger.Path))
            _stream = new LedgerStream(_run, peers, reader.Last is { } last ? (last.Term, last.Sequence) : default);
        peers.Directory.Changed += LookAt;
        _ = KeepAsync();
    }

    /// <summary>Takes an event that the ledger's writer has been given.</summary>
    /// <param name="entry">The event.</param>
    public void Note(LedgerEvent entry) => _stream.Note(entry);

    /// <summary>Has the run directory's checkpoints and rows, as they are now, held by as many hosts as are wanted, or as there are.</summary>
    /// <returns>Why that could not be done, a sentence; null where it is.</returns>
    public async Task<string?> KeepAsync()
    {
        try
        {
            await _turn.WaitAsync(_ending.Token).ConfigureAwait(false);
            try
            {
                var index = await Task.Run(IndexOf, _ending.Token).ConfigureAwait(false);
                (_index, _indexName) = (index, _peers.Own.Hold(index));
                await SpreadAsync().ConfigureAwait(false);
                return null;
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (Exception error) when (error is StorageException or InvalidInputException or IOException or UnauthorizedAccessException or OperationCanceledException or ObjectDisposedException)
        {
            return $"The run cannot be copied to other hosts: {error.Message}";
        }
    }

    /// <summary>Waits, within a bound, until those who hold copies have the ledger to its end: another coordinator is about to go on with it.</summary>
    /// <param name="patience">The bound.</param>
    public void Drain(TimeSpan patience)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        end.CancelAfter(patience);
        var last = _stream.Last;
        try
        {
            Task.WhenAll(_stream.Receivers.Select(node => _stream.WhenHeldAsync(node, last, end.Token))).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // They do not answer any more.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _peers.Directory.Changed -= LookAt;
        _ending.Cancel();
        _stream.Dispose();
    }

    private Task SpreadAsync() => _peers.SpreadAsync(_others, _holding, BringAsync, _ending.Token).ContinueWith(
        spread =>
        {
            _stream.Keep(_holding);
            spread.GetAwaiter().GetResult();
        },
        CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>A member came or went: there may be too few holders now, or one more place for a copy.</summary>
    private void LookAt(MemberFacts member, MemberStatus status)
    {
        if (status is MemberStatus.Up or MemberStatus.Removed)
            _ = SpreadAgainAsync();
    }

    private async Task SpreadAgainAsync()
    {
        try
        {
            await _turn.WaitAsync(_ending.Token).ConfigureAwait(false);
            try
            {
                if (_index is not null && _holding.Count(node => _peers.Directory.TryFind(node, out _)) < _others)
                    await SpreadAsync().ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (Exception error) when (error is StorageException or InvalidInputException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The next checkpoint tries again.
        }
    }

    private async Task<bool> BringAsync(MemberFacts member)
    {
        var (index, ledger, isHeld) = (_index!, "", false);
        try
        {
            if (!_stream.Has(member.Id))
            {
                _stream.Prepare(member);
                _ledger.Flush();
                ledger = LedgerText.Export(_ledger.Path, _peers.Own.Blobs.Store).Sha256;
            }
            var order = new CopyOrder(_run, _indexName, _peers.Here, ledger);
            if (await _peers.OrderAsync(member, order, _ending.Token).ConfigureAwait(false) is null)
                return false;
            _stream.Begin(member.Id);
            return isHeld = await _stream.WhenHeldAsync(member.Id, (index.Term, index.Sequence), _ending.Token).ConfigureAwait(false);
        }
        finally
        {
            if (!isHeld)
                _stream.End(member.Id);
            if (ledger.Length > 0)
                _peers.Own.Blobs.Store.Drop([ledger]);
        }
    }

    private CopyIndex IndexOf()
    {
        var (term, sequence) = _stream.Last;
        var files = ImmutableArray.CreateBuilder<CopiedFile>();
        var checkpoints = new CheckpointDirectory(Path.Combine(_directory, CopyIndex.CheckpointsDirectory));
        var version = 0L;
        foreach (var step in checkpoints.Steps.Where(step => File.Exists(Path.Combine(checkpoints.PathOf(step), Checkpoint.ManifestName))))
        {
            var manifest = Manifest.FromJson(File.ReadAllBytes(Path.Combine(checkpoints.PathOf(step), Checkpoint.ManifestName)), $"the manifest of step {step}");
            foreach (var part in manifest.Parts)
                files.Add(FileOf(step, part.Name, part.Sha256));
            files.Add(FileOf(step, Checkpoint.ManifestName, null));
            version = step;
        }
        files.Add(RowsOf());
        var facts = Path.Combine(_directory, ExecutionFacts.FileName);
        if (File.Exists(facts))
        {
            var content = _peers.Own.Blobs.Store.Put(File.ReadAllBytes(facts));
            files.Add(new CopiedFile(ExecutionFacts.FileName, [new CopiedPiece(content.Bytes, content.Sha256)]));
        }
        return new CopyIndex(_run, term, sequence, version, [_package], files.ToImmutable());

        CopiedFile FileOf(long step, string name, string? sha256)
        {
            var store = _peers.Own.Blobs.Store;
            var content = sha256 is not null && store.LengthOf(sha256) is { } bytes ? new StoredContent(bytes, sha256) : store.PutFile(Path.Combine(checkpoints.PathOf(step), name), sha256);
            return new CopiedFile(string.Create(CultureInfo.InvariantCulture, $"{CopyIndex.CheckpointsDirectory}/step-{step}/{name}"), [new CopiedPiece(content.Bytes, content.Sha256)]);
        }
    }

    /// <summary>The rows in pieces of one size: those that have not changed are blobs already.</summary>
    private CopiedFile RowsOf()
    {
        var path = Path.Combine(_directory, CopyIndex.MetricsFile);
        var pieces = ImmutableArray.CreateBuilder<CopiedPiece>();
        if (!File.Exists(path))
            return new CopiedFile(CopyIndex.MetricsFile, []);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        var buffer = new byte[RowsPieceBytes];
        for (int read; (read = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0;)
        {
            var content = _peers.Own.Blobs.Store.Put(buffer.AsSpan(0, read));
            pieces.Add(new CopiedPiece(content.Bytes, content.Sha256));
        }
        return new CopiedFile(CopyIndex.MetricsFile, pieces.ToImmutable());
    }
}
