namespace DistRnn.Training;

/// <summary>What a gradient is divided by before it is clipped.</summary>
public enum LossScale
{
    /// <summary>The batch's target tokens (or sequences, where a sequence has one target).</summary>
    Token,

    /// <summary>The batch's sequences.</summary>
    Sequence,

    /// <summary>Nothing: the sum is the gradient, as word2vec has it. For word vectors only.</summary>
    Sum,
}

/// <summary>Which model of a run is kept.</summary>
public enum KeepKind
{
    /// <summary>The one that was best on the validation part.</summary>
    Best,

    /// <summary>The one of the last step.</summary>
    Last,
}

/// <summary>The section <c>training</c> of a job. Exactly one of <see cref="Epochs"/> and <see cref="Steps"/> is set.</summary>
public sealed record TrainingSection
{
    /// <summary>Passes over the training data, at least 1; null where <see cref="Steps"/> counts.</summary>
    public int? Epochs { get; init; } = 10;

    /// <summary>Updates, at least 1; null where <see cref="Epochs"/> counts.</summary>
    public long? Steps { get; init; }

    /// <summary>Sequences (lanes) a step, at least 1; of word vectors, words of the text.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Fixed parts of a batch, at least 1.</summary>
    public int BatchShards { get; init; } = 4;

    /// <summary>Steps of truncated backpropagation of a language model, at least 1; null means full, which is the other tasks' only value.</summary>
    public int? Window { get; init; }

    /// <summary>What gradients are divided by.</summary>
    public LossScale LossScale { get; init; } = LossScale.Token;

    /// <summary>The update rule as the job spells it, such as <c>adam(0.9,0.999,1e-8)</c>; parsed by DistRnn.Optimizers.</summary>
    public string Optimizer { get; init; } = "adam";

    /// <summary>The rate that the schedule starts from, above 0.</summary>
    public double LearningRate { get; init; } = 0.001;

    /// <summary>Weight decay, at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>The schedule as the job spells it, such as <c>warmup(200, cosine)</c>; parsed by DistRnn.Optimizers.</summary>
    public string Schedule { get; init; } = "none";

    /// <summary>The largest norm of the gradient, above 0; null for no clipping.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Whether a class's loss is weighted against its frequency.</summary>
    public bool BalancedClassWeights { get; init; }

    /// <summary>Steps between evaluations, at least 1; null for one after every epoch.</summary>
    public long? EvaluateEvery { get; init; }

    /// <summary>The metric of the validation part that decides which model is best. A tagger's default f1 means accuracy where tags are not BIO.</summary>
    public string Best { get; init; } = "loss";

    /// <summary>Which model is kept; <see cref="KeepKind.Last"/> where there is no validation part.</summary>
    public KeepKind Keep { get; init; } = KeepKind.Best;

    /// <summary>Evaluations without a better one after which training stops, at least 1; null for never.</summary>
    public int? Patience { get; init; }
}
