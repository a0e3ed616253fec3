using DistRnn.Formats;

namespace DistRnn.Cluster;

/// <summary>Gets a job's package and its blobs from a node that has them.</summary>
internal static class PackageReading
{
    /// <summary>Gets a job's package and its blobs.</summary>
    /// <param name="blobs">What fetches blobs.</param>
    /// <param name="peer">Whose data plane has them.</param>
    /// <param name="package">The blob of the package.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The package, or why there is none.</returns>
    public static async Task<(JobPackage? Package, string? Refusal)> FetchAsync(BlobExchange blobs, string peer, string package, CancellationToken cancellation)
    {
        if (await blobs.FetchAsync(peer, package, cancellation, JobPackage.BytesMax).ConfigureAwait(false) is { } refusal)
            return (null, refusal);
        var content = blobs.Store.Read(package, JobPackage.BytesMax);
        if (content.Bytes is not { } json)
            return (null, content.Refusal);
        var job = JobPackage.FromJson(json, "the job's package");
        foreach (var blob in job.MissingFrom(blobs.Store))
        {
            if (await blobs.FetchAsync(peer, blob, cancellation).ConfigureAwait(false) is { } absent)
                return (null, absent);
        }
        return (job, null);
    }
}
