using System.Collections.Concurrent;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>What a receiver was told.</summary>
internal sealed record Told(string What, string Peer, DataHeader Header, byte[] Prefix, byte[] Payload, RefusalReason Reason, object? Handle);

/// <summary>Accepts as it is asked to and keeps what it is told, in order.</summary>
internal sealed class RecordingReceiver(Func<DataHeader, DataDestination> accept, bool keepsLeases = false) : IDataPlaneReceiver
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly BlockingCollection<Told> _told = [];

    public RecordingReceiver()
        : this(_ => DataDestination.Lease())
    {
    }

    public ConcurrentQueue<DataLease> Leases { get; } = new();

    public int Waiting => _told.Count;

    public DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix) => accept(header);

    public void Complete(in DataArrival arrival)
    {
        var told = new Told("complete", arrival.Peer, arrival.Header, arrival.Prefix.ToArray(), arrival.Payload.ToArray(), RefusalReason.None, arrival.Destination.Handle);
        if (arrival.Lease is { } lease)
        {
            Assert.Equal(told.Prefix, lease.Prefix.ToArray());
            if (keepsLeases)
                Leases.Enqueue(lease);
            else
                lease.Dispose();
        }
        _told.Add(told);
    }

    public void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason) =>
        _told.Add(new Told("failed", peer, header, [], [], reason, destination.Handle));

    public void Refused(string peer, in DataHeader header, RefusalReason reason) => _told.Add(new Told("refused", peer, header, [], [], reason, null));

    /// <summary>Waits for what is told next.</summary>
    public Told Next()
    {
        Assert.True(_told.TryTake(out var told, s_patience), "The receiver was told nothing more.");
        return told;
    }
}
