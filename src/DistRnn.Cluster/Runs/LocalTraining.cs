using DistRnn.Numerics;
using DistRnn.Protocol;
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
        var started = options.Clock.GetTimestamp();
        var (workers, servers) = (job.Cluster.Workers, job.Cluster.ParameterServers);
        var cores = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var threads = job.Cluster.ThreadsPerWorker > 0 ? job.Cluster.ThreadsPerWorker : Math.Max(1, cores / workers);
        using var loaded = LoadedJob.Load(job, cores, progress);
        using var journal = loaded.CreateJournal(options, progress, started);
        var start = journal.Open();
        var ledgerFile = Path.Combine(journal.Directory, "ledger.db");
        var (incarnation, term) = Earlier(ledgerFile);
        using var ledger = LedgerWriter.Open(ledgerFile);
        using var pump = new RunPump();
        using var runs = new JobCoordinatorRuns(
            loaded, servers, journal, start, ledger, pump, end => new JournalEnding(end.Status, end.Status == "completed" ? "" : end.Reason, workers, servers, 0), cancellation);
        var plan = PlanOf(loaded, start, Path.GetFileName(journal.Directory), incarnation, term);
        var cluster = new LocalCluster(OptionsOf(job, cores), _ => new JobWorkerRuns((_, _) => loaded.CreateSibling(threads)), runs);
        try
        {
            _ = cluster.Ended.ContinueWith(ended => pump.Post(() => ended.GetAwaiter().GetResult()), CancellationToken.None, TaskContinuationOptions.NotOnRanToCompletion, TaskScheduler.Default);
            cluster.Feed(new BeginRun(plan));
            using var stop = cancellation.Register(() => cluster.Feed(new StopRun("interrupted", "The run was told to end.")));
            pump.Run();
            return runs.Summary!;
        }
        finally
        {
            pump.End();
            cluster.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>The incarnation of an execution that follows others in one directory, above all that the ledger knows, and the highest term there.</summary>
    private static (int Incarnation, long Term) Earlier(string ledger)
    {
        if (!File.Exists(ledger))
            return (0, 0);
        using var reader = LedgerReader.Open(ledger);
        return (reader.Events().Select(entry => entry.At.Incarnation + 1).DefaultIfEmpty(0).Max(), reader.Last?.Term ?? 0);
    }

    private static RunPlan PlanOf(LoadedJob loaded, VersionContent start, string name, int incarnation, long term)
    {
        var (job, cluster) = (loaded.Job, loaded.Job.Cluster);
        return new RunPlan
        {
            Run = name,
            Description = new RunDescription(cluster.ParameterServers, "", cluster.Workers, cluster.ParameterServers, "").ToBytes(),
            Spec = loaded.SpecFor(cluster.ParameterServers),
            Course = loaded.Course,
            StartVersion = start.Version,
            StartPosition = start.Position,
            StartIncarnation = incarnation,
            TermAbove = term,
            Digest = loaded.Digest,
            Seed = job.Seed,
            ServersWanted = cluster.ParameterServers,
            WorkersWanted = cluster.Workers,
            // All servers are in this process and die together: a copy would save nothing.
            Replicas = 0,
            Speculates = cluster.Speculation,
            VerifiedShare = cluster.Verify,
            RequiresCheckpoints = job.Checkpoint.Required,
        };
    }

    private static LocalClusterOptions OptionsOf(JobOptions job, int cores) => new()
    {
        Workers = job.Cluster.Workers,
        ParameterServers = job.Cluster.ParameterServers,
        ServerThreads = Math.Max(1, cores / job.Cluster.ParameterServers),
    };
}
