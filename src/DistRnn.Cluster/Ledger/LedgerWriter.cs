using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Microsoft.Data.Sqlite;

namespace DistRnn.Cluster;

/// <summary>
/// Writes a run's <c>ledger.db</c> behind: recording puts an event into a bounded queue, and a thread of its own writes many in one transaction. The database
/// is in WAL mode, so it can be read at any time and is whole after any crash; a crash loses the newest events, never one in the middle. An event that is
/// written twice is there once. Several writers may write one file.
/// </summary>
/// <remarks>Thread-safe. A disk that fails stops nobody: the batch is tried again, and while the queue is full new events are counted and lost.</remarks>
public sealed class LedgerWriter : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<LedgerEvent> _queue = new();
    private readonly List<LedgerEvent> _batch = [];
    private readonly LedgerWriterOptions _options;
    private readonly LedgerTable _table;
    private readonly Thread _thread;
    private long _lost;
    private long _recorded;
    private long _written;
    private long _synced;
    private long _syncTarget;
    private long _failures;
    private bool _isClosing;
    private bool _isClosed;
    private string? _fault;

    private LedgerWriter(string path, LedgerTable table, LedgerWriterOptions options)
    {
        (Path, _table, _options) = (path, table, options);
        _thread = new Thread(WriteBehind) { IsBackground = true, Name = "ledger" };
        _thread.Start();
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Why the last transaction failed, a sentence; null where it did not.</summary>
    public string? Fault
    {
        get
        {
            lock (_gate)
                return _fault;
        }
    }

    /// <summary>How many events were lost because the disk failed for so long that the queue was full. The audit reports what they leave open.</summary>
    public long LostEvents
    {
        get
        {
            lock (_gate)
                return _lost;
        }
    }

    /// <summary>Opens a ledger, or makes it where there is none. Its directory exists.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is written; null for the defaults.</param>
    /// <exception cref="InvalidInputException">The file is no ledger, or of another version.</exception>
    /// <exception cref="StorageException">The file cannot be made or written.</exception>
    public static LedgerWriter Open(string path, LedgerWriterOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new LedgerWriterOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.QueueMax, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchMax, 1, nameof(options));
        return new LedgerWriter(path, LedgerTable.Open(path), options);
    }

    /// <summary>Records an event; it is written soon. Waits while the queue is full and the disk keeps up.</summary>
    /// <param name="entry">The event, with its place.</param>
    /// <returns>False where it is lost, because the queue is full and the disk fails.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Its term or its sequence is below 1.</exception>
    /// <exception cref="ObjectDisposedException">The writer is closed.</exception>
    public bool Record(LedgerEvent entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfLessThan(entry.At.Term, 1, nameof(entry));
        ArgumentOutOfRangeException.ThrowIfLessThan(entry.At.Sequence, 1, nameof(entry));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosing, this);
            while (_queue.Count >= _options.QueueMax)
            {
                if (_fault is not null)
                {
                    _lost++;
                    return false;
                }
                Monitor.Wait(_gate);
                ObjectDisposedException.ThrowIf(_isClosing, this);
            }
            _queue.Enqueue(entry);
            _recorded++;
            if (_queue.Count == 1)
                Monitor.PulseAll(_gate);
            for (var mine = _recorded; _options.KeepsUp && entry is StepCommitted && _written < mine && _fault is null && !_isClosing;)
                Monitor.Wait(_gate);
            return true;
        }
    }

    /// <summary>Waits until everything recorded so far is on the disk. A checkpoint asks for it before its manifest is complete.</summary>
    /// <returns>Null, or why it could not be written, a sentence; it is tried again.</returns>
    /// <exception cref="ObjectDisposedException">The writer is closed.</exception>
    public string? Flush()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosing, this);
            var (mine, failures) = (_recorded, _failures);
            _syncTarget = mine;
            Monitor.PulseAll(_gate);
            while (_synced < mine && _failures == failures && !_isClosed)
                Monitor.Wait(_gate);
            return _fault;
        }
    }

    /// <summary>Writes what is waiting, and closes the file. What the disk refuses now is lost.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosing = true;
            Monitor.PulseAll(_gate);
        }
        _thread.Join();
    }

    private void WriteBehind()
    {
        while (TakeBatch(out var sync))
        {
            var fault = TryWrite(sync);
            lock (_gate)
            {
                _fault = fault;
                if (fault is null)
                {
                    _written += _batch.Count;
                    _batch.Clear();
                    if (sync)
                        _synced = _written;
                }
                else
                {
                    _failures++;
                }
                Monitor.PulseAll(_gate);
                if (fault is not null && _isClosing)
                    break;
                if (fault is not null)
                    Monitor.Wait(_gate, _options.RetryAfter);
            }
        }
        lock (_gate)
        {
            _lost += _batch.Count + _queue.Count;
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
        _table.Dispose();
    }

    private bool TakeBatch(out bool sync)
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && _batch.Count == 0 && _synced >= _syncTarget && !_isClosing)
                Monitor.Wait(_gate);
            while (_batch.Count < _options.BatchMax && _queue.TryDequeue(out var entry))
                _batch.Add(entry);
            sync = _synced < _syncTarget && _written + _batch.Count >= _syncTarget;
            Monitor.PulseAll(_gate);
            return _batch.Count > 0 || sync;
        }
    }

    private string? TryWrite(bool sync)
    {
        try
        {
            _table.Write(_batch);
            if (sync)
                _table.Sync();
            return null;
        }
        catch (SqliteException error)
        {
            return $"{Path} cannot be written: {error.Message.TrimEnd('.')}.";
        }
    }
}
