using DistRnn.Numerics;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// Trains a job on a cluster inside this process: coordinator, workers and parameter servers as actors, without sockets. The result is that of the trainer
/// without a cluster, bit for bit, for synchronous jobs whose codec has one right answer.
/// </summary>
public static class LocalTraining
{
    /// <summary>Trains a job into a run directory, with the workers and parameter servers that its section cluster asks for.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">How it is executed. Its threads are those of all workers together; 0 for the machine's cores.</param>
    /// <param name="progress">Who watches; called on this thread.</param>
    /// <param name="cancellation">Ends the run after the step in work and a checkpoint.</param>
    /// <returns>What the run came to; it also stands in the run directory.</returns>
    /// <exception cref="InvalidInputException">The job, its data or the directory are not usable, or what is to be resumed belongs to another job.</exception>
    public static RunSummary Run(JobOptions job, TrainingRunOptions options, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        if (job.Cluster.Coordinators > 1)
            progress.Note($"cluster.coordinators is {job.Cluster.Coordinators}, which has no effect in one process: there is one coordinator, and nobody to take its place. --local processes starts {job.Cluster.Coordinators}.");
        if (IsBetterAlone(job))
            return TrainingSession.Run(job, options, progress, cancellation);
        var (workers, servers) = (job.Cluster.Workers, job.Cluster.ParameterServers);
        var cores = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var threads = job.Cluster.ThreadsPerWorker > 0 ? job.Cluster.ThreadsPerWorker : Math.Max(1, cores / workers);
        // All servers are in this process and die together: a copy of a partition would save nothing.
        var computing = workers == 1 ? threads : Math.Min(cores, workers * threads);
        using var run = new HostedRun(job, options, progress, new HostedRunOptions { Threads = computing, Replicas = 0 }, cancellation);
        var cluster = new LocalCluster(OptionsOf(job, cores), _ => new JobWorkerRuns((_, _) => (run.Job.CreateSibling(threads), null)), run.Runs);
        try
        {
            _ = cluster.Ended.ContinueWith(ended => run.Fail(ended.Exception!.GetBaseException()), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return run.Run(() => new JournalEnding("", "", workers, servers, 0));
        }
        finally
        {
            cluster.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>
    /// Word vectors touch few rows of large tensors, so handing versions over to a lone worker takes ten times as long as computing: where there is nobody to
    /// share with, the trainer without a cluster does the same to the bit. Such a run has checkpoints and metrics, and no ledger.
    /// </summary>
    private static bool IsBetterAlone(JobOptions job) =>
        job is { Task: TaskKind.WordVectors, Cluster: { Workers: 1, ParameterServers: 1, Consistency: "synchronous", Codec: "none" or "bf16" } };

    private static LocalClusterOptions OptionsOf(JobOptions job, int cores) => new()
    {
        Workers = job.Cluster.Workers,
        ParameterServers = job.Cluster.ParameterServers,
        ServerThreads = Math.Max(1, cores / job.Cluster.ParameterServers),
    };
}
