namespace DistRnn.Cluster;

/// <summary>What a plane sent, received and refused since it began. Thread-safe; every number only grows.</summary>
internal sealed class DataPlaneCounters
{
    private readonly long[] _refusals = new long[RefusalReasons.Count];
    private readonly long[] _sentFrames = new long[(int)DataKinds.Last + 1];
    private readonly long[] _receivedFrames = new long[(int)DataKinds.Last + 1];
    private long _sentBytes;
    private long _receivedBytes;
    private long _connectionsMade;
    private long _connectionsTaken;

    /// <summary>Bytes of prefixes and payloads sent, those that stayed in the process included.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Bytes of prefixes and payloads that arrived whole.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    /// <summary>Connections that this side made.</summary>
    public long ConnectionsMade => Interlocked.Read(ref _connectionsMade);

    /// <summary>Connections from others that were taken.</summary>
    public long ConnectionsTaken => Interlocked.Read(ref _connectionsTaken);

    /// <summary>Frames of a kind that were sent.</summary>
    public long Sent(DataKind kind) => Interlocked.Read(ref _sentFrames[(int)kind]);

    /// <summary>Frames of a kind that arrived whole.</summary>
    public long Received(DataKind kind) => Interlocked.Read(ref _receivedFrames[(int)kind]);

    /// <summary>How often something was refused here for a reason.</summary>
    public long Refusals(RefusalReason reason) => Interlocked.Read(ref _refusals[(int)reason & (RefusalReasons.Count - 1)]);

    /// <summary>How often something was refused here, for whatever reason.</summary>
    public long AllRefusals
    {
        get
        {
            long sum = 0;
            for (var i = 1; i < _refusals.Length; i++)
                sum += Interlocked.Read(ref _refusals[i]);
            return sum;
        }
    }

    internal void CountSent(in DataHeader header)
    {
        Interlocked.Increment(ref _sentFrames[(int)header.Kind]);
        Interlocked.Add(ref _sentBytes, header.PrefixBytes + header.PayloadBytes);
    }

    internal void CountReceived(in DataHeader header)
    {
        Interlocked.Increment(ref _receivedFrames[(int)header.Kind]);
        Interlocked.Add(ref _receivedBytes, header.PrefixBytes + header.PayloadBytes);
    }

    internal void CountRefusal(RefusalReason reason) => Interlocked.Increment(ref _refusals[(int)reason & (RefusalReasons.Count - 1)]);

    internal void CountConnectionMade() => Interlocked.Increment(ref _connectionsMade);

    internal void CountConnectionTaken() => Interlocked.Increment(ref _connectionsTaken);
}
