using DistRnn.Formats;

namespace DistRnn.Cluster;

/// <summary>Gets a job's package and its blobs from a node that has them, and lays the job out here.</summary>
internal static class PackageReading
{
    /// <summary>Lays a job out.</summary>
    /// <param name="blobs">What fetches blobs.</param>
    /// <param name="peer">Whose data plane has them.</param>
    /// <param name="package">The blob of the package.</param>
    /// <param name="directory">Where laid out jobs are.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The job, or why there is none.</returns>
    public static async Task<JobLayout> LayOutAsync(BlobExchange blobs, string peer, string package, string directory, CancellationToken cancellation)
    {
        if (await blobs.FetchAsync(peer, package, cancellation).ConfigureAwait(false) is { } refusal)
            return new JobLayout(null, refusal);
        var content = blobs.Store.Read(package, JobPackage.BytesMax);
        if (content.Bytes is not { } json)
            return new JobLayout(null, content.Refusal);
        var job = JobPackage.FromJson(json, "the job's package");
        foreach (var blob in job.MissingFrom(blobs.Store))
        {
            if (await blobs.FetchAsync(peer, blob, cancellation).ConfigureAwait(false) is { } absent)
                return new JobLayout(null, absent);
        }
        return job.LayOut(blobs.Store, directory);
    }
}
