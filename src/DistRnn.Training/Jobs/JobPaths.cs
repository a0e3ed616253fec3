using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>A file or directory that a job names.</summary>
/// <param name="Key">The key of the job file, such as <c>data.train</c>.</param>
/// <param name="Path">The path; absolute, unless it is one of data inside the product.</param>
public sealed record JobPath(string Key, string Path);

/// <summary>The files and directories that a job names, whatever its task: what has to go along when it is carried out elsewhere.</summary>
public static class JobPaths
{
    /// <summary>All of them, in the order of the job file's keys.</summary>
    /// <param name="job">The job.</param>
    public static ImmutableArray<JobPath> Of(JobOptions job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return [.. KeysOf(job).Select(key => key.Get(job) is string { Length: > 0 } path ? new JobPath(key.Path, path) : null).OfType<JobPath>()];
    }

    /// <summary>The job with other paths.</summary>
    /// <param name="job">The job.</param>
    /// <param name="replacement">What stands in place of each path.</param>
    public static JobOptions Replace(JobOptions job, Func<JobPath, string> replacement)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(replacement);
        foreach (var key in KeysOf(job))
        {
            if (key.Get(job) is string { Length: > 0 } path)
                job = key.Set(job, replacement(new JobPath(key.Path, path)));
        }
        return job;
    }

    private static IEnumerable<JobKey> KeysOf(JobOptions job) => JobSchema.KeysOf(job.Task).Where(key => key.Kind == ValueKind.Path && !key.IsShorthand);
}
