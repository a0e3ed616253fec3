using System.Collections.Concurrent;

namespace DistRnn.Cluster;

/// <summary>
/// Blobs from one node's store to another's, over the data plane: whoever needs a blob asks for it piece by piece, and goes on where it left off. Names are
/// digests, so it does not matter whom a blob comes from.
/// </summary>
/// <param name="store">This node's blobs.</param>
/// <param name="plane">What carries the pieces.</param>
internal sealed class BlobExchange(BlobStore store, IDataPlane plane)
{
    private const int PieceBytes = 1 << 20;
    private const int AnswerMs = 5_000;
    private const int TriesMax = 4;

    private readonly ConcurrentDictionary<ulong, TaskCompletionSource<(byte[] Piece, long Total)>> _waiting = new();
    private readonly ConcurrentDictionary<string, Task> _fetching = new(StringComparer.Ordinal);
    private ulong _request;

    /// <summary>This node's blobs.</summary>
    public BlobStore Store => store;

    /// <summary>Sees to it that a blob is in this node's store.</summary>
    /// <param name="peer">Whose data plane to ask, if it is not there.</param>
    /// <param name="sha256">The blob.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="bytesMax">The most bytes that are taken.</param>
    /// <returns>Why it is not there, a sentence; null where it is.</returns>
    public async Task<string?> FetchAsync(string peer, string sha256, CancellationToken cancellation, long bytesMax = long.MaxValue)
    {
        while (true)
        {
            if (store.LengthOf(sha256) is { } length)
                return length <= bytesMax ? null : $"The blob {sha256} has {length} bytes; {bytesMax} are the most that are taken here.";
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_fetching.TryAdd(sha256, done.Task))
            {
                try
                {
                    return await FetchAloneAsync(peer, sha256, bytesMax, cancellation).ConfigureAwait(false);
                }
                finally
                {
                    _fetching.TryRemove(sha256, out _);
                    done.SetResult();
                }
            }
            // A worker that reads a job and an order to hold it may want the same blob: one fetches it, the other looks again.
            if (_fetching.TryGetValue(sha256, out var other))
                await other.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Answers a request, on the plane's thread: one piece is read and sent.</summary>
    /// <param name="peer">Who asks.</param>
    /// <param name="header">The request's header.</param>
    /// <param name="prefix">Which bytes of which blob.</param>
    public void Serve(string peer, in DataHeader header, ReadOnlySpan<byte> prefix)
    {
        if (!BlobPrefix.TryRead(prefix, out var wanted))
            return;
        var opening = store.Open(Convert.ToHexStringLower(wanted.Sha256));
        using var reading = opening.Reading;
        var (count, total) = reading is null ? (0L, 0L) : (Math.Min(PieceBytes, Math.Max(0, reading.Length - wanted.Offset)), reading.Length);
        if (plane.Buffers.TryLease(BlobPrefix.Bytes, count) is not { } lease)
            return;
        if (count > 0)
            reading!.Read(wanted.Offset, lease.Payload);
        BlobPrefix.Write(wanted.Sha256, wanted.Offset, count, total, lease.Prefix);
        plane.Send(peer, new DataHeader { Kind = DataKind.BlobChunk, Request = header.Request, Offset = wanted.Offset, Outcome = DataOutcome.None, Last = reading is null }, lease);
    }

    /// <summary>Takes a piece that came.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="prefix">Which bytes of which blob.</param>
    /// <param name="payload">The bytes.</param>
    public void Take(in DataHeader header, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload)
    {
        if (_waiting.TryRemove(header.Request, out var waiting) && BlobPrefix.TryRead(prefix, out var piece))
            waiting.TrySetResult((payload.ToArray(), header.Last ? -1 : piece.Total));
    }

    private async Task<string?> FetchAloneAsync(string peer, string sha256, long bytesMax, CancellationToken cancellation)
    {
        var (first, total) = await AskAsync(peer, sha256, 0, cancellation).ConfigureAwait(false);
        if (total < 0)
            return $"The blob {sha256} is not to be had: its holder does not have it, or does not answer.";
        if (total > bytesMax)
            return $"The blob {sha256} has {total} bytes; {bytesMax} are the most that are taken here.";
        var receipt = store.BeginReceive(sha256, total);
        if (receipt.Receiver is not { } receiver)
            return receipt.IsThere ? null : receipt.Refusal;
        using (receiver)
        {
            if (receiver.Received == 0 && receiver.Write(0, first) is { } refusal)
                return refusal;
            while (receiver.Received < total)
            {
                var (piece, whole) = await AskAsync(peer, sha256, receiver.Received, cancellation).ConfigureAwait(false);
                if (whole != total || piece.Length == 0)
                    return $"The blob {sha256} stopped at {receiver.Received} of {total} bytes.";
                if (receiver.Write(receiver.Received, piece) is { } refused)
                    return refused;
            }
            return receiver.Complete();
        }
    }

    private async Task<(byte[] Piece, long Total)> AskAsync(string peer, string sha256, long offset, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < TriesMax; attempt++)
        {
            var request = Interlocked.Increment(ref _request);
            var waiting = new TaskCompletionSource<(byte[] Piece, long Total)>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[request] = waiting;
            try
            {
                if (plane.Buffers.TryLease(BlobPrefix.Bytes, 0) is { } lease)
                {
                    BlobPrefix.Write(Convert.FromHexString(sha256), offset, PieceBytes, 0, lease.Prefix);
                    plane.Send(peer, new DataHeader { Kind = DataKind.BlobGet, Request = request, Offset = offset }, lease);
                }
                return await waiting.Task.WaitAsync(TimeSpan.FromMilliseconds(AnswerMs), cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // The request or its answer was lost: it is asked again.
            }
            finally
            {
                _waiting.TryRemove(request, out _);
            }
        }
        return ([], -1);
    }
}
