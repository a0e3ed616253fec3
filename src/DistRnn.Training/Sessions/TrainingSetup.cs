using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>A job made ready: its data read, its network laid out, its threads started, its settings checked against each other.</summary>
internal sealed class TrainingSetup : IDisposable
{
    private readonly bool _ownsData;

    private TrainingSetup(JobOptions job, TaskData data, INetwork network, int threads, bool ownsData)
    {
        _ownsData = ownsData;
        (Job, Data, Network) = (job, data, network);
        Plan = data.CreateTrainingPlan(job.Seed, job.Training.Batch, job.Training.BatchShards, job.Training.Window);
        (Epochs, Steps) = LengthOf(job, Plan);
        Trainer = TrainerOptions.Of(job, Steps);
        HasValid = data.Has(PartKind.Valid);
        Keep = HasValid ? job.Training.Keep : KeepKind.Last;
        Criterion = Criterion.Of(job.Training.Best == "f1" && !EvaluationFigures.HasSpans(data) ? "accuracy" : job.Training.Best);
        Check();
        Team = new ComputeTeam(threads);
        Computer = network.CreateComputer(Team);
    }

    /// <summary>The job.</summary>
    public JobOptions Job { get; }

    /// <summary>Its data.</summary>
    public TaskData Data { get; }

    /// <summary>Its network.</summary>
    public INetwork Network { get; }

    /// <summary>Which sequences a shard holds.</summary>
    public ITrainingPlan Plan { get; }

    /// <summary>How it trains.</summary>
    public TrainerOptions Trainer { get; }

    /// <summary>Epochs in all; where the job asks for steps, those they reach into.</summary>
    public int Epochs { get; }

    /// <summary>Steps in all.</summary>
    public long Steps { get; }

    /// <summary>Whether there is a validation part.</summary>
    public bool HasValid { get; }

    /// <summary>Which model is kept.</summary>
    public KeepKind Keep { get; }

    /// <summary>By what evaluations are compared.</summary>
    public Criterion Criterion { get; }

    /// <summary>The threads.</summary>
    public ComputeTeam Team { get; }

    /// <summary>What computes.</summary>
    public INetworkComputer Computer { get; }

    /// <summary>Makes a job ready.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">How it is executed.</param>
    /// <param name="progress">Who watches.</param>
    /// <exception cref="InvalidInputException">The data or the job are not usable.</exception>
    public static TrainingSetup Load(JobOptions job, TrainingRunOptions options, ITrainingProgress progress)
    {
        FloatEnvironment.Verify();
        foreach (var note in JobNotes.Of(job))
            progress.Note(note);
        var data = TaskData.Load(JobData.OptionsOf(job), job.Seed, new LoadingRelay(progress));
        try
        {
            JobData.CheckDigests(job, data.Files);
            foreach (var part in Enum.GetValues<PartKind>().Where(data.Has))
                foreach (var warning in data.Describe(part).Warnings)
                    progress.Note(warning);
            return new TrainingSetup(job, data, JobNetwork.Create(job, data), ThreadsOf(job, options.Threads), ownsData: true);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>The same job with threads and working memory of its own; the data stays this one's.</summary>
    /// <param name="threads">Threads, at least 1.</param>
    public TrainingSetup CreateSibling(int threads) => new(Job, Data, Network, threads, ownsData: false);

    /// <summary>Threads that a job computes on.</summary>
    /// <param name="job">The job.</param>
    /// <param name="asked">What the caller asks for; 0 for the job's setting.</param>
    public static int ThreadsOf(JobOptions job, int asked)
    {
        var threads = asked > 0 ? asked : job.Cluster.ThreadsPerWorker;
        return Math.Min(threads > 0 ? threads : Environment.ProcessorCount, 256);
    }

    /// <summary>What the run is made of.</summary>
    /// <param name="stateBytes">Bytes of everything that a step changes.</param>
    /// <param name="directory">The run directory, or null.</param>
    /// <param name="resumedFrom">The step it goes on from.</param>
    public RunOutline Outline(long stateBytes, string? directory, long resumedFrom) => new()
    {
        Task = JobNames.Of(Job.Task),
        Directory = directory,
        Data = [.. Enum.GetValues<PartKind>().Where(Data.Has).Select(part => InWords(Data.Describe(part)))],
        Tensors = [.. Network.Parameters.Tensors.Select(tensor => new TensorOutline(tensor.Name, tensor.Shape))],
        Parameters = Network.Parameters.ParameterCount,
        StateBytes = stateBytes,
        WorkingBytes = Computer.AllocatedBytes,
        StepsPerEpoch = Plan.StepsIn(0),
        Steps = Steps,
        Epochs = Epochs,
        Shards = Plan.Shards,
        Threads = Team.Threads,
        BytesPerStep = 0,
        ResumedFrom = resumedFrom,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        Computer.Dispose();
        Team.Dispose();
        if (_ownsData)
            Data.Dispose();
    }

    private static string InWords(PartDescription part) => FormattableString.Invariant(
        $"{part.Part.ToString().ToLowerInvariant()}: {part.Sequences:N0} {(part.Sequences == 1 ? "sequence" : "sequences")}, {part.Steps:N0} time steps, {part.Targets:N0} targets");

    private static (int Epochs, long Steps) LengthOf(JobOptions job, ITrainingPlan plan)
    {
        if (job.Training.Steps is { } asked)
        {
            var epochs = 0;
            for (long reached = 0; reached < asked; epochs++)
                reached += plan.StepsIn(epochs);
            return (epochs, asked);
        }
        long steps = 0;
        for (var epoch = 0; epoch < job.Training.Epochs!.Value; epoch++)
            steps = checked(steps + plan.StepsIn(epoch));
        return (job.Training.Epochs.Value, steps);
    }

    private void Check()
    {
        if (HasValid)
            return;
        if (Job.Training.Patience is not null)
            throw new InvalidInputException("training.patience is set, but the data has no validation part to be patient with. Give data.valid or data.split.parts.valid, or take the key out.");
        if (Trainer.Schedule.NeedsValidation)
            throw new InvalidInputException($"training.schedule is {Trainer.Schedule}, which follows the validation part, but the data has none. Give data.valid or data.split.parts.valid, or choose another schedule: {Schedule.Allowed}.");
        if (Job.Training.EvaluateEvery is not null)
            throw new InvalidInputException("training.evaluate-every is set, but the data has no validation part to evaluate. Give data.valid or data.split.parts.valid, or take the key out.");
    }
}
