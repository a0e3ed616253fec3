using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// Sends a run's ledger to those who hold copies of it, as it is recorded: whoever takes the run over proves with it what was computed since the last checkpoint.
/// At most <see cref="EventsMax"/> events wait for an answer; who is further behind gets the whole ledger at the next checkpoint.
/// </summary>
/// <remarks>Thread-safe. Whoever goes on is not held up: what is noted is sent by other threads.</remarks>
internal sealed class LedgerStream : IDisposable
{
    /// <summary>The most events that are kept until they are held elsewhere.</summary>
    public const int EventsMax = 65_536;

    private const int OpenMax = 8;

    private readonly string _run;
    private readonly CopyPeers _peers;
    private readonly Lock _lock = new();
    private readonly List<LedgerEvent> _events = [];
    private readonly Dictionary<NodeId, Receiver> _receivers = [];
    private readonly SemaphoreSlim _signal = new(0);
    private readonly CancellationTokenSource _ending = new();
    private (long Term, long Sequence) _before;
    private long _first;

    /// <summary>Begins behind a place.</summary>
    /// <param name="run">The run.</param>
    /// <param name="peers">Who is asked.</param>
    /// <param name="before">The last event that is in the ledger already; zeros for none.</param>
    public LedgerStream(string run, CopyPeers peers, (long Term, long Sequence) before)
    {
        (_run, _peers, _before) = (run, peers, before);
        _ = SendAsync();
    }

    /// <summary>The place of the last event.</summary>
    public (long Term, long Sequence) Last
    {
        get
        {
            lock (_lock)
                return PlaceBefore(_first + _events.Count);
        }
    }

    /// <summary>Takes an event, which has been given to the ledger's writer.</summary>
    /// <param name="entry">The event.</param>
    public void Note(LedgerEvent entry)
    {
        lock (_lock)
        {
            _events.Add(entry);
            Trim();
            if (_receivers.Count == 0)
                return;
        }
        Signal();
    }

    /// <summary>Remembers from now on what a node is to be sent, until <see cref="Begin"/>: it gets a ledger that is flushed after this call.</summary>
    /// <param name="member">The node.</param>
    public void Prepare(MemberFacts member)
    {
        lock (_lock)
        {
            var end = _first + _events.Count;
            _receivers[member.Id] = new Receiver(member) { Cursor = end, Acked = end, IsPrepared = true };
        }
    }

    /// <summary>Sends to a node that has its ledger.</summary>
    /// <param name="node">The node.</param>
    public void Begin(NodeId node)
    {
        lock (_lock)
        {
            if (_receivers.TryGetValue(node, out var receiver))
                receiver.IsPrepared = false;
        }
        Signal();
    }

    /// <summary>Sends no more to a node.</summary>
    /// <param name="node">The node.</param>
    public void End(NodeId node)
    {
        lock (_lock)
            _receivers.Remove(node);
    }

    /// <summary>Whether a node is being sent to and is not too far behind.</summary>
    /// <param name="node">The node.</param>
    public bool Has(NodeId node)
    {
        lock (_lock)
            return _receivers.ContainsKey(node);
    }

    /// <summary>Who is being sent to.</summary>
    public IReadOnlyList<NodeId> Receivers
    {
        get
        {
            lock (_lock)
                return [.. _receivers.Keys];
        }
    }

    /// <summary>Sends no more to nodes but these.</summary>
    /// <param name="nodes">Who stays.</param>
    public void Keep(IReadOnlySet<NodeId> nodes)
    {
        lock (_lock)
        {
            foreach (var gone in _receivers.Keys.Where(node => !nodes.Contains(node)).ToArray())
                _receivers.Remove(gone);
            Trim();
        }
    }

    /// <summary>Waits until a node has everything up to a place.</summary>
    /// <param name="node">The node.</param>
    /// <param name="place">The place.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether it has; false where it is sent to no more.</returns>
    public async Task<bool> WhenHeldAsync(NodeId node, (long Term, long Sequence) place, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        do
        {
            lock (_lock)
            {
                if (!_receivers.TryGetValue(node, out var receiver) || !_peers.Directory.TryFind(node, out _))
                    return false;
                if (PlaceBefore(receiver.Acked).CompareTo(place) >= 0)
                    return true;
            }
            Signal();
        }
        while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false));
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _ending.Cancel();

    private (long Term, long Sequence) PlaceBefore(long number) =>
        number <= _first ? _before : (_events[(int)(number - 1 - _first)].At.Term, _events[(int)(number - 1 - _first)].At.Sequence);

    private void Signal()
    {
        if (_signal.CurrentCount == 0)
            _signal.Release();
    }

    private void Trim()
    {
        var needed = _receivers.Count == 0 ? _first + _events.Count : _receivers.Values.Min(receiver => receiver.Acked);
        needed = Math.Max(needed, _first + _events.Count - EventsMax);
        if (needed - _first < (_receivers.Count == 0 ? 1 : 1024))
            return;
        _before = PlaceBefore(needed);
        _events.RemoveRange(0, (int)(needed - _first));
        _first = needed;
        foreach (var late in _receivers.Where(receiver => receiver.Value.Acked < _first).ToArray())
            _receivers.Remove(late.Key);
    }

    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(_ending.Token).ConfigureAwait(false);
                Send();
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over here.
        }
    }

    private void Send()
    {
        lock (_lock)
        {
            foreach (var receiver in _receivers.Values)
            {
                for (; !receiver.IsPrepared && receiver.Open < OpenMax && receiver.Cursor < _first + _events.Count; receiver.Open++)
                {
                    var (from, count) = ((int)(receiver.Cursor - _first), (int)Math.Min(LedgerTail.EventsMax, _first + _events.Count - receiver.Cursor));
                    var before = PlaceBefore(receiver.Cursor);
                    var tail = new LedgerTail(_run, before.Term, before.Sequence, [.. _events.GetRange(from, count)]);
                    receiver.Cursor += count;
                    _ = AskAsync(receiver, tail, receiver.Cursor);
                }
            }
        }
    }

    private async Task AskAsync(Receiver receiver, LedgerTail tail, long end)
    {
        CopyState? state = null;
        try
        {
            state = await _peers.AskAsync<CopyState>(receiver.Member, tail, _ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The run is over here.
        }
        lock (_lock)
        {
            receiver.Open--;
            var last = tail.Events[^1].At;
            if (state is { Refusal.Length: 0 } && state.Last.CompareTo((last.Term, last.Sequence)) >= 0)
                receiver.Acked = Math.Max(receiver.Acked, end);
            else if (receiver.Open == 0)
                receiver.Cursor = receiver.Acked;
            // A node that has less than it said, or refuses, needs the whole ledger.
            if (state is not null && (state.Refusal.Length > 0 || state.Last.CompareTo((tail.AfterTerm, tail.AfterSequence)) < 0 && receiver.Open == 0) && _receivers.GetValueOrDefault(receiver.Member.Id) == receiver)
                _receivers.Remove(receiver.Member.Id);
        }
        if (!_ending.IsCancellationRequested)
            Signal();
    }

    private sealed class Receiver(MemberFacts member)
    {
        public MemberFacts Member => member;

        /// <summary>The number of the next event to send.</summary>
        public long Cursor { get; set; }

        /// <summary>The number behind the last event that it has said to have.</summary>
        public long Acked { get; set; }

        /// <summary>Whether it does not have its ledger yet.</summary>
        public bool IsPrepared { get; set; }

        /// <summary>Messages without an answer yet.</summary>
        public int Open { get; set; }
    }
}
