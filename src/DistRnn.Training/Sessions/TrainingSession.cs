using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Runs jobs in this process: the one-process trainer. The same job gives the same fingerprint whatever the threads, the vector width or the interruptions.</summary>
public static class TrainingSession
{
    /// <summary>Trains a job into a run directory.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches; called on this thread.</param>
    /// <param name="cancellation">Ends the run after the step in work and a checkpoint; the status is then <see cref="RunStatus.Interrupted"/>.</param>
    /// <returns>What the run came to; it also stands in the run directory.</returns>
    /// <exception cref="InvalidInputException">The job, its data or the directory are not usable, or what is to be resumed belongs to another job.</exception>
    public static RunSummary Run(JobOptions job, TrainingRunOptions options, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        if (job.Cluster.Consistency != "synchronous" || job.Cluster.Codec is not ("none" or ClusterSection.Bfloat16))
            throw new InvalidInputException($"cluster.consistency is '{job.Cluster.Consistency}' and cluster.codec '{job.Cluster.Codec}'; without a cluster they are synchronous, and none or {ClusterSection.Bfloat16}.");
        var started = options.Clock.GetTimestamp();
        var directory = RunDirectory.Choose(job.Name, options);
        using var setup = TrainingSetup.Load(job, options, progress);
        using var execution = new RunExecution(setup, directory, options, progress, started);
        return execution.Run(cancellation);
    }

    /// <summary>Trains a job once for each of some seeds, each in a directory <c>seed-N</c> of its own. Ends after the first that is not completed.</summary>
    /// <param name="job">The job; its own seed is not read.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="last">The last seed; no less than the first.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="run">What trains each of them; null for <see cref="Run"/>.</param>
    /// <param name="cancellation">Ends the run in work as <see cref="Run"/> says, and begins no other.</param>
    /// <exception cref="InvalidInputException">As for <see cref="Run"/>, or the seeds are the wrong way round.</exception>
    public static SeedsSummary RunSeeds(
        JobOptions job, ulong first, ulong last, TrainingRunOptions options, ITrainingProgress progress,
        Func<JobOptions, TrainingRunOptions, ITrainingProgress, CancellationToken, RunSummary>? run = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        if (last < first)
            throw new InvalidInputException($"The seeds {first}..{last} are the wrong way round; the first may not be above the last.");
        var directory = RunDirectory.Choose(job.Name, options).Path;
        var runs = new List<RunSummary>();
        for (var seed = first; ; seed++)
        {
            var own = Path.Combine(directory, FormattableString.Invariant($"seed-{seed}"));
            progress.Note(FormattableString.Invariant($"Seed {seed} of {first}..{last}."));
            runs.Add((run ?? Run)(job with { Seed = seed }, options with { OutputDirectory = own }, progress, cancellation));
            if (seed == last || runs[^1].Status != RunStatus.Completed)
                return new SeedsSummary([.. runs]);
        }
    }

    /// <summary>What a run would be made of; trains and writes nothing. One batch is computed to measure the working memory.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">How it would be executed.</param>
    /// <param name="progress">Who watches the reading.</param>
    /// <exception cref="InvalidInputException">The job or its data are not usable.</exception>
    public static RunOutline Outline(JobOptions job, TrainingRunOptions options, ITrainingProgress progress) => Outline(job, options, progress, _ => 0);

    /// <summary>The same with what a step takes between processes, which those who know the protocol can say.</summary>
    internal static RunOutline Outline(JobOptions job, TrainingRunOptions options, ITrainingProgress progress, Func<TrainingSetup, long> bytesPerStep)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        using var setup = TrainingSetup.Load(job, options, progress);
        using var trainer = new Trainer(setup.Trainer, setup.Network, setup.Computer, setup.Plan, setup.Team);
        using var gradient = new Gradient(setup.Network.Parameters);
        using var next = setup.Plan.Lanes > 0 ? setup.Network.CreateLanes(setup.Plan.Lanes) : null;
        using var shards = new ShardComputer(setup.Computer, setup.Plan, setup.Trainer.RoundsNodes);
        setup.Network.Initialize(job.Seed, trainer.Parameters);
        trainer.ParametersChanged();
        shards.Compute(job.Seed, default, trainer.Lanes, next, gradient);
        return setup.Outline(trainer.StateBytes, null, 0) with { BytesPerStep = bytesPerStep(setup) };
    }
}
