using System.Text;

namespace DistRnn.Training;

/// <summary>Writes a job as YAML with every key of its task, in the order of the schema.</summary>
internal static class JobWriter
{
    /// <summary>The text.</summary>
    /// <param name="job">The job.</param>
    public static string Write(JobOptions job)
    {
        var yaml = new StringBuilder();
        string[] open = [];
        foreach (var key in JobSchema.KeysOf(job.Task))
        {
            if (!IsWritten(key, job))
                continue;
            var parts = key.Path.Split('.');
            for (var depth = 0; depth < parts.Length - 1; depth++)
            {
                if (depth < open.Length && open.AsSpan(0, depth + 1).SequenceEqual(parts.AsSpan(0, depth + 1)))
                    continue;
                yaml.Append(' ', 2 * depth).Append(parts[depth]).Append(":\n");
                open = parts[..(depth + 1)];
            }
            open = parts[..^1];
            yaml.Append(' ', 2 * open.Length).Append(key.Name).Append(": ").Append(JobComparison.TextOf(key, job)).Append('\n');
        }
        return yaml.ToString();
    }

    private static bool IsWritten(JobKey key, JobOptions job)
    {
        if (JobSchema.IsPairOfFiles(key.Path, job) || key.IsShorthand || key.Get(job) is null && key.NoneWord is null)
            return false;
        if (!key.Applies(job) && JobComparison.TextOf(key, job) != JobComparison.TextOf(key, JobOptions.DefaultsOf(job.Task)))
            return false;
        if (key.Path.StartsWith("data.split.", StringComparison.Ordinal))
            return job.Data.Split.IsGiven;
        return key.Kind != ValueKind.Map || job.Data.Sha256.Count > 0;
    }
}
