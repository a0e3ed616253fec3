using System.Collections.Immutable;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>The list of a cluster's runs on other hosts, with the packages of those that are still to be trained.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class QueueCopies(CopyPeers peers) : IDisposable
{
    // The list is small, and whoever was told that a run is queued relies on it.
    private const int OtherHosts = 2;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _ending = new();
    private readonly HashSet<NodeId> _holding = [];
    private long _number;

    /// <summary>Goes on behind the list of an earlier coordinator.</summary>
    /// <param name="number">Its number.</param>
    public void Follow(long number) => _number = Math.Max(_number, number);

    /// <summary>Has the list held by this host and two others, or as many as there are.</summary>
    /// <param name="list">Gives the list, and the packages, when it is its turn.</param>
    public async Task KeepAsync(Func<(byte[] Json, ImmutableArray<string> Packages)> list)
    {
        try
        {
            await _turn.WaitAsync(_ending.Token).ConfigureAwait(false);
            try
            {
                var (json, packages) = list();
                var content = peers.Own.Blobs.Store.Put(json);
                var index = new CopyIndex(CopyIndex.QueueName, ++_number, 0, 0, packages, [new CopiedFile(CopyIndex.QueueFile, [new CopiedPiece(content.Bytes, content.Sha256)])]);
                var name = peers.Own.Hold(index);
                await peers.SpreadAsync(OtherHosts, _holding, async member => await peers.OrderAsync(member, new CopyOrder(index.Run, name, peers.Here, ""), _ending.Token).ConfigureAwait(false) is not null, _ending.Token).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (Exception error) when (error is StorageException or InvalidInputException or IOException or UnauthorizedAccessException)
        {
            peers.Report($"The list of runs cannot be kept on other hosts: {error.Message}");
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            // Another coordinator keeps the list now.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ending.Cancel();
}
