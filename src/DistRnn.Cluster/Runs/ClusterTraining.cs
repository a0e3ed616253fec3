using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// Trains a job with coordinators, workers and parameter servers in processes of their own on this machine, over loopback sockets, and follows it: what
/// <c>train --local processes</c> does. The result is that of one process, bit for bit, for synchronous jobs whose codec has one right answer.
/// </summary>
/// <remarks>
/// Of three coordinators another one takes over from the one that dies. Where none can, all processes are started again and go on from the newest checkpoint, as
/// <c>--resume</c> would, as long as there is a new checkpoint each time.
/// </remarks>
public static class ClusterTraining
{
    private const int RestartsMax = 3;

    /// <summary>Trains a job into a run directory.</summary>
    /// <param name="job">The job; its section cluster says how many processes there are.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches; called on this thread.</param>
    /// <param name="program">How this program is started again.</param>
    /// <param name="cancellation">Ends the run after the step in work and a checkpoint.</param>
    /// <returns>What the run came to; it also stands in the run directory.</returns>
    /// <exception cref="InvalidInputException">The job, its data or the directory are not usable, or what is to be resumed belongs to another job.</exception>
    public static RunSummary Run(JobOptions job, TrainingRunOptions options, ITrainingProgress progress, ChildProgram program, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        ArgumentNullException.ThrowIfNull(program);
        if (job.Cluster.Coordinators is not (1 or 3))
            throw new InvalidInputException($"cluster.coordinators is {job.Cluster.Coordinators}, and it is 1 or 3: of two that lose sight of each other, neither is a majority.");
        var order = new CoordinatorOrder(JobFile.Write(job), job.Name, RunLock.DirectoryFor(job, options), Guid.NewGuid().ToString("N"), options.Resume);
        var watched = new OnceStarted(progress);
        for (var restarts = 0; ; restarts++)
        {
            var checkpoint = watched.Checkpoint;
            try
            {
                return FollowAsync(new LocalProcesses(program, order, job, watched, cancellation)).GetAwaiter().GetResult();
            }
            catch (CoordinatorsLostException lost)
            {
                if (watched.Checkpoint > checkpoint)
                    restarts = 0;
                if (restarts == RestartsMax || cancellation.IsCancellationRequested)
                    throw new InvalidOperationException($"{lost.Message}, and the run stopped at its newest checkpoint. 'train --output {order.Directory} --resume' goes on from there.", lost);
                progress.Note($"{lost.Message}. All processes are started again, and the run goes on from its newest checkpoint.");
            }
        }
    }

    private static async Task<RunSummary> FollowAsync(LocalProcesses processes)
    {
        await using (processes.ConfigureAwait(false))
            return processes.Follow();
    }
}
