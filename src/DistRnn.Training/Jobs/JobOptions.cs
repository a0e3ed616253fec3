namespace DistRnn.Training;

/// <summary>The tasks of the job file's key <c>task</c>.</summary>
public enum TaskKind
{
    /// <summary>Predicts the next token of a stream of text.</summary>
    LanguageModel,

    /// <summary>One class for a sequence.</summary>
    Classification,

    /// <summary>One class for every step of a sequence.</summary>
    Tagging,

    /// <summary>The next values of one or more series.</summary>
    Forecasting,

    /// <summary>A sequence from a sequence.</summary>
    Translation,

    /// <summary>Vectors of words: skip-gram or CBOW.</summary>
    WordVectors,
}

/// <summary>
/// A job: everything that decides what is trained, on what, how, and by which machines. It is what a job file says after the environment and
/// <c>--set</c> were laid over it, with every default filled in and every relative path made absolute.
/// </summary>
/// <remarks>
/// The initial values of these records are the defaults of the job file; those that depend on the task come from <see cref="DefaultsOf"/>.
/// Values read from a job file are checked; records made by hand are not. Immutable and thread-safe.
/// </remarks>
public sealed record JobOptions
{
    /// <summary>A short name for run directories and messages: the job file's without its extension, or a built-in job's.</summary>
    public string Name { get; init; } = "job";

    /// <summary>What is learned.</summary>
    public TaskKind Task { get; init; }

    /// <summary>Where all chance begins.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Everything read before the network.</summary>
    public DataSection Data { get; init; } = new();

    /// <summary>What the network is made of.</summary>
    public ModelSection Model { get; init; } = new();

    /// <summary>How it is trained.</summary>
    public TrainingSection Training { get; init; } = new();

    /// <summary>Who computes.</summary>
    public ClusterSection Cluster { get; init; } = new();

    /// <summary>How often a checkpoint is written, and how many are kept.</summary>
    public CheckpointSection Checkpoint { get; init; } = new();

    /// <summary>The job of a task in which nothing but the task is given.</summary>
    /// <param name="task">The task.</param>
    public static JobOptions DefaultsOf(TaskKind task) => new()
    {
        Task = task,
        Data = new DataSection
        {
            MinCount = task == TaskKind.WordVectors ? 5 : 1,
            Normalize = task == TaskKind.Forecasting ? "standard" : null,
            Format = task switch { TaskKind.Classification => "tsv", TaskKind.Tagging => "conll", TaskKind.Forecasting => "csv", _ => "text" },
            Split = new SplitSection { Order = task switch { TaskKind.LanguageModel or TaskKind.Forecasting or TaskKind.WordVectors => "file", TaskKind.Classification => "stratified", _ => "shuffled" } },
        },
        Training = task == TaskKind.WordVectors ? WordVectorTraining : new TrainingSection
        {
            Window = task == TaskKind.LanguageModel ? 35 : null,
            Best = task switch { TaskKind.Classification => "accuracy", TaskKind.Tagging => "f1", TaskKind.Forecasting => "mse", TaskKind.Translation => "bleu", _ => "loss" },
        },
    };

    /// <summary>As word2vec trains: plain steps of the sum's gradient at a rate that falls to 1e-4 of itself.</summary>
    private static TrainingSection WordVectorTraining => new()
    {
        Batch = 1024,
        LossScale = LossScale.Sum,
        Optimizer = "sgd",
        LearningRate = 0.025,
        Schedule = "linear(0.0001)",
    };
}
