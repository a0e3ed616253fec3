using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>Blobs that a node needs for something else than its own jobs.</summary>
/// <param name="Blobs">Their names.</param>
/// <param name="Packages">Packages, each of which names more.</param>
internal readonly record struct NamedBlobs(IReadOnlyCollection<string> Blobs, IReadOnlyCollection<string> Packages);

/// <summary>
/// The jobs that this node has been given: their packages and files as blobs, and where they were needed, laid out. Those in use stay, and of the others the
/// <see cref="KeptMax"/> that were used last, so that a job that comes again finds its data here; the rest is deleted, but for blobs that something else still names.
/// </summary>
/// <remarks>Thread-safe. One process at a time uses a directory.</remarks>
internal sealed class JobCache : IDisposable
{
    /// <summary>Jobs that stay though nobody uses them.</summary>
    public const int KeptMax = 8;

    private const string UseSuffix = ".used";

    private readonly BlobExchange _blobs;
    private readonly string _directory;
    private readonly Func<NamedBlobs> _named;
    private readonly Action<string> _report;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);

    /// <summary>Takes up what an earlier process left.</summary>
    /// <param name="blobs">The node's blobs.</param>
    /// <param name="directory">Where jobs are laid out; made when the first one comes.</param>
    /// <param name="named">Blobs that something else speaks of.</param>
    /// <param name="report">Told, in a sentence, what could not be deleted.</param>
    public JobCache(BlobExchange blobs, string directory, Func<NamedBlobs> named, Action<string> report) =>
        (_blobs, _directory, _named, _report) = (blobs, Path.GetFullPath(directory), named, report);

    /// <summary>Gets a job's package and files from a node that has them, where they are not here, and lays the job out.</summary>
    /// <param name="peer">Whose data plane has them.</param>
    /// <param name="package">The blob of the package.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The job, or why there is none; and what keeps it here until it is disposed of.</returns>
    public async Task<(JobLayout Layout, IDisposable Use)> LayOutAsync(string peer, string package, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var use = Use(package);
            try
            {
                var (job, refusal) = await PackageReading.FetchAsync(_blobs, peer, package, cancellation).ConfigureAwait(false);
                var layout = job is null ? new JobLayout(null, refusal) : job.LayOut(_blobs.Store, _directory);
                Prune();
                return (layout, use);
            }
            catch
            {
                use.Dispose();
                throw;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Gets a job's package and files, to have them for others.</summary>
    /// <param name="peer">Whose data plane has them.</param>
    /// <param name="package">The blob of the package.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Why it cannot be had, or null; and what keeps it here until it is disposed of.</returns>
    public async Task<(string? Refusal, IDisposable Use)> FetchAsync(string peer, string package, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var use = Use(package);
            try
            {
                var (_, refusal) = await PackageReading.FetchAsync(_blobs, peer, package, cancellation).ConfigureAwait(false);
                Prune();
                return (refusal, use);
            }
            catch
            {
                use.Dispose();
                throw;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private JobUse Use(string package)
    {
        BlobName.ThrowIfNone(package);
        Directory.CreateDirectory(_directory);
        lock (_uses)
            _uses[package] = _uses.GetValueOrDefault(package) + 1;
        Touch(package);
        return new JobUse(this, package);
    }

    /// <summary>Notes when a job was used, as the time of an empty file, which outlives the process.</summary>
    private void Touch(string package) => File.WriteAllBytes(Path.Combine(_directory, package + UseSuffix), []);

    private void Release(string package)
    {
        lock (_uses)
        {
            if (--_uses[package] == 0)
                _uses.Remove(package);
        }
        try
        {
            Touch(package);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It goes a little earlier than it might.
        }
    }

    /// <summary>Deletes the jobs that are neither in use nor among the last ones. That it cannot be done harms nobody: it is tried again with the next job.</summary>
    private void Prune()
    {
        try
        {
            var known = Directory.EnumerateFiles(_directory, "*" + UseSuffix)
                .OrderByDescending(File.GetLastWriteTimeUtc).ThenBy(path => path, StringComparer.Ordinal)
                .Select(path => Path.GetFileName(path)[..^UseSuffix.Length]).Where(BlobName.IsValid).ToArray();
            string[] unused;
            lock (_uses)
                unused = [.. known.Where(package => !_uses.ContainsKey(package)).Skip(KeptMax)];
            if (unused.Length == 0)
                return;
            var (blobs, packages) = _named();
            var live = blobs.ToHashSet(StringComparer.Ordinal);
            foreach (var package in known.Except(unused, StringComparer.Ordinal).Concat(packages))
                live.UnionWith(NamesOf(package));
            foreach (var package in unused)
                Delete(package, live);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _report($"Jobs that nobody uses cannot be deleted from {_directory}: {error.Message}");
        }
    }

    private void Delete(string package, HashSet<string> live)
    {
        _blobs.Store.Drop(NamesOf(package).Where(name => !live.Contains(name)));
        if (Directory.Exists(Path.Combine(_directory, package)))
            Directory.Delete(Path.Combine(_directory, package), recursive: true);
        File.Delete(Path.Combine(_directory, package + UseSuffix));
    }

    /// <summary>The blobs of a package, its own first; that alone where it is not here or is no package.</summary>
    private IEnumerable<string> NamesOf(string package)
    {
        try
        {
            return _blobs.Store.LengthOf(package) is <= JobPackage.BytesMax && _blobs.Store.Read(package, JobPackage.BytesMax).Bytes is { } json
                ? [package, .. JobPackage.FromJson(json, "the job's package").Blobs]
                : [package];
        }
        catch (InvalidInputException)
        {
            return [package];
        }
    }

    private sealed class JobUse(JobCache cache, string package) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
                cache.Release(package);
        }
    }
}
