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
        var cluster = job.Cluster;
        if (cluster.Workers > 1 || cluster.ParameterServers > 1 || cluster.Coordinators > 1)
            notes.Add($"The job asks for {cluster.Workers} workers, {cluster.ParameterServers} parameter servers and {cluster.Coordinators} coordinators. In this version one process computes all shards, to the same bits.");
        if (job.Model.Layers == 1 && job.Model.Dropout.Layers > 0)
            notes.Add("model.dropout sets a rate between layers, but there is one layer: that rate has no effect.");
        return notes;
    }
}
