namespace DistRnn.Training;

/// <summary>What a user should know of a valid job although it is no error: sentences for standard error.</summary>
public static class JobNotes
{
    /// <summary>The notes of a job, none for most.</summary>
    /// <param name="job">The job.</param>
    public static IReadOnlyList<string> Of(JobOptions job)
    {
        ArgumentNullException.ThrowIfNull(job);
        var notes = new List<string>();
        if (job.Cluster.Workers > job.Training.BatchShards)
            notes.Add(FormattableString.Invariant($"The job asks for {job.Cluster.Workers} workers, and a step has {job.Training.BatchShards} shards (training.batch-shards): {job.Cluster.Workers - job.Training.BatchShards} workers will have nothing to do."));
        if (job.Model.Layers == 1 && job.Model.Dropout.Layers > 0)
            notes.Add("model.dropout sets a rate between layers, but there is one layer: that rate has no effect.");
        return notes;
    }
}
