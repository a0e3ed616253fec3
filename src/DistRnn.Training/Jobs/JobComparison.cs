using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Whether a run may go on under another job: what <c>--resume</c> may change and what would be another job.</summary>
public static class JobComparison
{
    /// <summary>
    /// Refuses a job that would change the result of a run beyond going on longer. It may change <c>cluster</c> (not codec, consistency, non-finite),
    /// <c>checkpoint</c>, and ask for more epochs, or more steps where the run counts steps.
    /// </summary>
    /// <param name="before">The job that the run was started with.</param>
    /// <param name="now">The job that is to go on.</param>
    /// <param name="isDataSame">Whether the data is known to be the same to the byte, so that it may lie elsewhere.</param>
    /// <exception cref="InvalidInputException">Another key differs; the message names it and both values.</exception>
    public static void CheckResume(JobOptions before, JobOptions now, bool isDataSame = false)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        foreach (var key in JobSchema.Keys.Where(key => key.Tasks.Contains(before.Task) || key.Tasks.Contains(now.Task)))
        {
            if (key.IsShorthand || key.Kind == ValueKind.Map || isDataSame && key.Path is "data.train" or "data.valid" or "data.test" or "data.train.source" or "data.train.target" or "data.valid.source" or "data.valid.target" or "data.test.source" or "data.test.target")
                continue;
            var (old, given) = (TextOf(key, before), TextOf(key, now));
            if (string.Equals(old, given, StringComparison.Ordinal) || key.MayChange && (!key.Path.StartsWith("training.", StringComparison.Ordinal) || IsLonger(key.Get(before), key.Get(now))))
                continue;
            var allowed = key.MayChange ? "It may only grow" : "--resume may change cluster (not codec, consistency, non-finite), checkpoint, and ask for more epochs";
            throw new InvalidInputException($"The run was started with '{key.Path}: {old}', and the job now says {given}. {allowed}; anything else is another job.");
        }
    }

    /// <summary>A key's value as a job file spells it.</summary>
    internal static string TextOf(JobKey key, JobOptions job) => JobValueText.Of(key, key.Get(job));

    private static bool IsLonger(object? before, object? now) => before is long old && now is long given && given > old;
}
