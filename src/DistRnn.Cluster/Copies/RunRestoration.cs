using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>Finds what hosts hold of a run, fetches the newest of it, verified by its digests, and lays it down in this node's run directory.</summary>
/// <param name="peers">The nodes.</param>
internal sealed class RunRestoration(CopyPeers peers)
{
    private const int QueueBytesMax = 16 << 20;

    /// <summary>The newest list of runs that is held.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The list's number and bytes; no bytes where there is none.</returns>
    public async Task<(long Number, byte[]? Json)> FindQueueAsync(CancellationToken cancellation)
    {
        foreach (var (member, held) in (await AskAsync(CopyIndex.QueueName, cancellation).ConfigureAwait(false)).OrderByDescending(answer => answer.Held.IndexTerm))
        {
            if (await IndexAsync(member, held, cancellation).ConfigureAwait(false) is not { Files: [{ Pieces: [{ Bytes: <= QueueBytesMax } piece] }] } index)
                continue;
            if (await peers.Own.Blobs.FetchAsync(peers.Meet(member), piece.Sha256, cancellation, piece.Bytes).ConfigureAwait(false) is null && peers.Own.Blobs.Store.Read(piece.Sha256).Bytes is { } json)
                return (index.Term, json);
        }
        return (0, null);
    }

    /// <summary>Lays a run down.</summary>
    /// <param name="run">The run.</param>
    /// <param name="directory">Its directory here; what is newer there stays.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What was laid down, in a sentence; null where nobody holds anything newer.</returns>
    /// <exception cref="StorageException">The directory cannot be written.</exception>
    public async Task<string?> RestoreAsync(string run, string directory, CancellationToken cancellation)
    {
        var answers = await AskAsync(run, cancellation).ConfigureAwait(false);
        Directory.CreateDirectory(directory);
        var own = LastOf(Path.Combine(directory, Audit.LedgerName));
        var before = own;
        foreach (var (member, held) in answers.OrderByDescending(answer => (answer.Held.Term, answer.Held.Sequence)))
        {
            if ((held.Term, held.Sequence).CompareTo(own) <= 0)
                break;
            if (await TakeLedgerAsync(member, held, directory, cancellation).ConfigureAwait(false))
                own = LastOf(Path.Combine(directory, Audit.LedgerName));
        }
        foreach (var (member, held) in answers.OrderByDescending(answer => (answer.Held.IndexTerm, answer.Held.IndexSequence)))
        {
            if ((held.IndexTerm, held.IndexSequence).CompareTo(before) < 0)
                break;
            if (await IndexAsync(member, held, cancellation).ConfigureAwait(false) is not { } index)
                continue;
            if (await FetchAsync(member, index, cancellation).ConfigureAwait(false) is { } refusal)
            {
                peers.Report($"{member.Id} holds a copy of {run} that cannot be had: {refusal}");
                continue;
            }
            LayDown(index, directory);
            return FormattableString.Invariant($"{run} is laid down from {member.Id}: {(index.Version == 0 ? "no checkpoint yet" : $"its newest checkpoint is that of version {index.Version}")}.");
        }
        return null;
    }

    private static (long Term, long Sequence) LastOf(string ledger)
    {
        if (!File.Exists(ledger))
            return default;
        using var reader = LedgerReader.Open(ledger);
        return reader.Last is { } last ? (last.Term, last.Sequence) : default;
    }

    private async Task<(MemberFacts Member, CopiesHeld Held)[]> AskAsync(string run, CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(peers.Directory.Members.Where(member => member.Data.Port != 0).Select(async member => (Member: member, Held: await peers.AskAsync<CopiesHeld>(member, new CopiesQuery(run), cancellation).ConfigureAwait(false)))).ConfigureAwait(false);
        return [.. answers.Where(answer => answer.Held is { Index.Length: > 0 } held && held.Run == run).Select(answer => (answer.Member, answer.Held!))];
    }

    private async Task<CopyIndex?> IndexAsync(MemberFacts member, CopiesHeld held, CancellationToken cancellation)
    {
        if (await peers.Own.Blobs.FetchAsync(peers.Meet(member), held.Index, cancellation, CopyIndex.BytesMax).ConfigureAwait(false) is not null || peers.Own.Blobs.Store.Read(held.Index, CopyIndex.BytesMax).Bytes is not { } json)
            return null;
        try
        {
            var index = CopyIndex.FromJson(json);
            return index.Run == held.Run ? index : null;
        }
        catch (InvalidInputException error)
        {
            peers.Report($"{member.Id} holds no copy of {held.Run}: {error.Message}");
            return null;
        }
    }

    private async Task<string?> FetchAsync(MemberFacts member, CopyIndex index, CancellationToken cancellation)
    {
        foreach (var piece in index.Files.SelectMany(file => file.Pieces))
        {
            if (await peers.Own.Blobs.FetchAsync(peers.Meet(member), piece.Sha256, cancellation, piece.Bytes).ConfigureAwait(false) is { } refusal)
                return refusal;
        }
        foreach (var package in index.Packages)
        {
            if ((await PackageReading.FetchAsync(peers.Own.Blobs, peers.Meet(member), package, cancellation).ConfigureAwait(false)).Refusal is { } refusal)
                return refusal;
        }
        return null;
    }

    private async Task<bool> TakeLedgerAsync(MemberFacts member, CopiesHeld held, string directory, CancellationToken cancellation)
    {
        var store = peers.Own.Blobs.Store;
        if (await peers.Own.Blobs.FetchAsync(peers.Meet(member), held.Ledger, cancellation, LedgerText.BytesMax).ConfigureAwait(false) is not null || store.Open(held.Ledger).Reading is not { } blob)
            return false;
        try
        {
            using (blob)
            using (var writer = LedgerWriter.Open(Path.Combine(directory, Audit.LedgerName)))
                LedgerText.Import(blob, writer);
            return true;
        }
        catch (InvalidInputException error)
        {
            peers.Report($"{member.Id} holds a ledger that cannot be taken: {error.Message}");
            return false;
        }
    }

    private void LayDown(CopyIndex index, string directory)
    {
        var checkpoints = new CheckpointDirectory(Path.Combine(directory, CopyIndex.CheckpointsDirectory));
        var named = index.Files.Select(file => Path.Combine(directory, Path.GetDirectoryName(file.Path)!)).ToHashSet(StringComparer.Ordinal);
        foreach (var step in checkpoints.Steps.Where(step => !named.Contains(checkpoints.PathOf(step))))
            checkpoints.Delete(step);
        // A manifest is written after its parts, so that what is cut off is no checkpoint.
        foreach (var file in index.Files.OrderBy(file => file.Path.EndsWith("/" + Checkpoint.ManifestName, StringComparison.Ordinal)))
        {
            var path = Path.Combine(directory, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, stream => Copy(file, stream));
        }
        peers.Own.Hold(index);
    }

    private void Copy(CopiedFile file, Stream to)
    {
        var buffer = new byte[1 << 17];
        foreach (var piece in file.Pieces)
        {
            var opening = peers.Own.Blobs.Store.Open(piece.Sha256);
            if (opening.Reading is not { } blob)
                throw new StorageException(opening.Refusal!);
            using (blob)
            {
                var offset = 0L;
                for (int read; (read = blob.Read(offset, buffer)) > 0; offset += read)
                    to.Write(buffer, 0, read);
            }
        }
    }
}
