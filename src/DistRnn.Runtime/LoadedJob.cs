using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Runtime;

/// <summary>A job that a node has read: its data, its network and its settings, as the protocol's drivers ask for them.</summary>
/// <remarks>Loading is slow; everything else is quick. Not thread-safe.</remarks>
public sealed class LoadedJob : IDisposable
{
    /// <summary>The most pieces that an evaluation is cut into, whoever computes them.</summary>
    public const int EvaluationPiecesMax = 16;

    /// <summary>The version of the arithmetic: nodes whose versions differ do not compute together.</summary>
    public const int ArithmeticVersion = 1;

    /// <summary>What a run would be made of, with what a step would take between processes; trains and writes nothing.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">How it would be executed.</param>
    /// <param name="progress">Who watches the reading.</param>
    /// <exception cref="InvalidInputException">The job or its data are not usable.</exception>
    public static RunOutline Outline(JobOptions job, TrainingRunOptions options, ITrainingProgress progress)
    {
        ArgumentNullException.ThrowIfNull(job);
        var consistency = ConsistencyPolicy.Parse(job.Cluster.Consistency);
        _ = Codec.Parse(job.Cluster.Codec);
        return TrainingSession.Outline(job, options, progress, setup => StepTraffic.BytesOf(
            PlanFor(setup, PartitionMap.CountFor(setup.Network.Parameters, job.Cluster.ParameterServers)), default, job.Cluster.Workers, job.Cluster.ParameterServers, consistency));
    }

    private LoadedJob(TrainingSetup setup)
    {
        Setup = setup;
        RunCourse = new RunCourse(setup);
        var pieces = setup.HasValid ? Evaluator.Divide(setup.Data, PartKind.Valid, setup.Job.Training.Batch, EvaluationPiecesMax).Length : 0;
        Course = new JobCourse(RunCourse, pieces);
        Lanes = new LaneTransfer(LanesOf(setup.Plan));
        var training = setup.Job.Training;
        Digest = FormattableString.Invariant($"{setup.Data.PlanDigest(setup.Job.Seed, training.Batch, training.BatchShards, training.Window)}-{ArithmeticVersion}");
    }

    /// <summary>The job.</summary>
    public JobOptions Job => Setup.Job;

    /// <summary>The layout of the parameter vector.</summary>
    public ParameterTable Table => Setup.Network.Parameters;

    /// <summary>Shards of a step.</summary>
    public int Shards => Setup.Plan.Shards;

    /// <summary>Steps in all.</summary>
    public long Steps => Setup.Steps;

    /// <summary>How the job goes on.</summary>
    public ITrainingCourse Course { get; }

    /// <summary>The digest of data, vocabulary, plan and arithmetic version, which all workers of a run have in common.</summary>
    public string Digest { get; }

    /// <summary>Whether a run of the job gives the same bits whoever computes it: synchronous, and with a codec that has one right answer.</summary>
    public bool IsReproducible => Job.Cluster.Consistency == "synchronous" && Codec.Parse(Job.Cluster.Codec).IsReproducible;

    internal TrainingSetup Setup { get; }

    internal RunCourse RunCourse { get; }

    internal LaneTransfer Lanes { get; }

    /// <summary>The workspace whose parameters the computer has: several may take turns.</summary>
    internal ShardWorkspace? Computing { get; set; }

    /// <summary>Reads a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="threads">Threads that compute, at least 1.</param>
    /// <param name="progress">Who watches.</param>
    /// <exception cref="InvalidInputException">The data or the job are not usable.</exception>
    public static LoadedJob Load(JobOptions job, int threads, ITrainingProgress progress)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(progress);
        _ = ConsistencyPolicy.Parse(job.Cluster.Consistency);
        _ = Codec.Parse(job.Cluster.Codec);
        return new LoadedJob(TrainingSetup.Load(job, new TrainingRunOptions { Threads = threads }, progress));
    }

    /// <summary>The same job for another computer of this process: data and network are shared, threads and working memory are its own.</summary>
    /// <param name="threads">Threads that compute, at least 1.</param>
    /// <returns>A job that is to be disposed of before this one.</returns>
    public LoadedJob CreateSibling(int threads) => new(Setup.CreateSibling(threads));

    /// <summary>What parameter servers have to know.</summary>
    /// <param name="partitions">Into how many parts the vector is cut.</param>
    public PartitionSpec SpecFor(int partitions) => new(
        Table, partitions, Shards, Setup.Plan.Lanes > 0, Setup.Trainer.Rule, Job.Cluster.Codec, ConsistencyPolicy.Parse(Job.Cluster.Consistency));

    /// <summary>What workers have to know.</summary>
    /// <param name="partitions">Into how many parts the vector is cut.</param>
    public IWorkerPlan PlanFor(int partitions) => PlanFor(Setup, partitions);

    private static JobWorkerPlan PlanFor(TrainingSetup setup, int partitions) =>
        new(setup.Network, setup.Plan, setup.Job.Seed, new PartitionMap(setup.Network.Parameters, partitions), Codec.Parse(setup.Job.Cluster.Codec));

    /// <summary>A worker's memory and arithmetic; to be disposed before this.</summary>
    /// <param name="partitions">Into how many parts the vector is cut.</param>
    public ShardWorkspace CreateWorkspace(int partitions) => new(this, new PartitionMap(Table, partitions));

    /// <summary>The state that the job begins with.</summary>
    public VersionContent CreateStart() => VersionContent.Start(this);

    /// <summary>An empty state, to be filled partition by partition.</summary>
    public VersionContent CreateEmpty() => VersionContent.Empty(this);

    /// <summary>What becomes of a run: its directory, checkpoints, rows and summary.</summary>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="started">When the whole began, by the options' clock.</param>
    public RunJournal CreateJournal(TrainingRunOptions options, ITrainingProgress progress, long started) => new(this, options, progress, started);

    /// <inheritdoc/>
    public void Dispose() => Setup.Dispose();

    private static ImmutableArray<ImmutableArray<int>> LanesOf(ITrainingPlan plan)
    {
        if (plan.Lanes == 0)
            return [.. Enumerable.Repeat(ImmutableArray<int>.Empty, plan.Shards)];
        var batch = new SequenceBatch();
        var lanes = ImmutableArray.CreateBuilder<ImmutableArray<int>>(plan.Shards);
        for (var shard = 0; shard < plan.Shards; shard++)
        {
            plan.Fill(0, 0, shard, batch);
            var own = ImmutableArray.CreateBuilder<int>(batch.Rows);
            for (var row = 0; row < batch.Rows; row++)
                own.Add(checked((int)batch.RowIds[row]));
            lanes.Add(own.MoveToImmutable());
        }
        return lanes.MoveToImmutable();
    }
}
