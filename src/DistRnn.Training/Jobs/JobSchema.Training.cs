using DistRnn.Optimizers;

namespace DistRnn.Training;

internal static partial class JobSchema
{
    private static JobKey Training(string name, ValueKind kind, string documentation, Func<TrainingSection, object?> get, Func<TrainingSection, object?, TrainingSection> set) => new()
    {
        Path = "training." + name,
        Kind = kind,
        Documentation = documentation,
        Get = job => get(job.Training),
        Set = (job, value) => job with { Training = set(job.Training, value) },
    };

    private static IEnumerable<JobKey> TrainingKeys() =>
    [
        Training("epochs", ValueKind.Integer, "Passes over the training data; give this or steps.", training => (long?)training.Epochs, (training, value) => training with { Epochs = OptionalInt(value), Steps = null }) with
        {
            Min = 1, Max = 1_000_000_000, MayChange = true,
        },
        Training("steps", ValueKind.Integer, "Updates; give this or epochs.", training => training.Steps, (training, value) => training with { Steps = (long?)value, Epochs = null }) with
        {
            Min = 1, Max = 1e15, MayChange = true,
        },
        Training("batch", ValueKind.Integer, "Sequences (lanes) a step.", training => (long)training.Batch, (training, value) => training with { Batch = Int(value) }) with { Tasks = RecurrentTasks, Min = 1, Max = 1 << 20 },
        Training("batch", ValueKind.Integer, "Words of the text a step.", training => (long)training.Batch, (training, value) => training with { Batch = Int(value) }) with { Tasks = VectorTasks, Min = 1, Max = 1 << 20 },
        Training("batch-shards", ValueKind.Integer, "Fixed parts of a batch, the units of work of a cluster.", training => (long)training.BatchShards, (training, value) => training with { BatchShards = Int(value) }) with { Min = 1, Max = 1 << 16 },
        Training("window", ValueKind.Integer, "Steps of truncated backpropagation through time.", training => (long?)training.Window, (training, value) => training with { Window = OptionalInt(value) }) with
        {
            Tasks = [TaskKind.LanguageModel], Min = 1, Max = 1_000_000,
        },
        Training("window", ValueKind.Choice, "Backpropagation runs through the whole sequence.", training => training.Window is null ? "full" : null, (training, _) => training with { Window = null }) with { Tasks = IndependentTasks, Choices = ["full"] },
        Training("loss-scale", ValueKind.Choice, "What gradients are divided by before clipping: target tokens, or sequences.", training => JobNames.Of(training.LossScale), (training, value) => training with { LossScale = JobNames.Parse<LossScale>((string)value!) }) with
        {
            Tasks = RecurrentTasks, Choices = [JobNames.Of(LossScale.Token), JobNames.Of(LossScale.Sequence)],
        },
        Training("loss-scale", ValueKind.Choice, "What gradients are divided by before clipping: nothing, pairs of words, or centre words.", training => JobNames.Of(training.LossScale), (training, value) => training with { LossScale = JobNames.Parse<LossScale>((string)value!) }) with
        {
            Tasks = VectorTasks, Choices = [.. JobNames.All<LossScale>()],
        },
        Training("optimizer", ValueKind.Text, $"The update rule: {UpdateRule.Allowed}.", training => training.Optimizer, (training, value) => training with { Optimizer = (string)value! }),
        Training("learning-rate", ValueKind.Number, "The rate that the schedule starts from.", training => training.LearningRate, (training, value) => training with { LearningRate = (double)value! }) with { Min = 0, AboveMin = true },
        Training("weight-decay", ValueKind.Number, "How strongly weights are drawn to 0.", training => training.WeightDecay, (training, value) => training with { WeightDecay = (double)value! }) with { Min = 0 },
        Training("schedule", ValueKind.Text, $"The course of the learning rate: {Schedule.Allowed}.", training => training.Schedule, (training, value) => training with { Schedule = (string)value! }),
        Training("clip-norm", ValueKind.Number, "The largest norm of a gradient.", training => training.ClipNorm, (training, value) => training with { ClipNorm = (double?)value }) with { Min = 0, AboveMin = true, NoneWord = "none" },
        Training("class-weights", ValueKind.Choice, "balanced weighs a class's loss against its frequency.", training => training.BalancedClassWeights ? "balanced" : null, (training, value) => training with { BalancedClassWeights = value is not null }) with
        {
            Tasks = LabelledTasks, Choices = ["balanced"], NoneWord = "none",
        },
        Training("evaluate-every", ValueKind.Integer, "Steps between evaluations, or one after every epoch.", training => training.EvaluateEvery, (training, value) => training with { EvaluateEvery = (long?)value }) with { Min = 1, Max = 1e15, NoneWord = "epoch" },
        Best(TaskKind.LanguageModel, "loss", "perplexity", "bits"),
        Best(TaskKind.Classification, "accuracy", "macro-f1", "loss"),
        Best(TaskKind.Tagging, "f1", "accuracy", "loss"),
        Best(TaskKind.WordVectors, "loss"),
        Best(TaskKind.Translation, "bleu", "exact-match", "token-accuracy", "loss", "perplexity"),
        Best(TaskKind.Forecasting, "mse", "mae", "mse-original", "mae-original", "smape", "mase"),
        Training("keep", ValueKind.Choice, "Which model is kept: the best on the validation part, or the last.", training => JobNames.Of(training.Keep), (training, value) => training with { Keep = JobNames.Parse<KeepKind>((string)value!) }) with
        {
            Choices = [.. JobNames.All<KeepKind>()],
        },
        Training("patience", ValueKind.Integer, "Evaluations without a better one after which training stops.", training => (long?)training.Patience, (training, value) => training with { Patience = OptionalInt(value) }) with { Min = 1, Max = int.MaxValue, NoneWord = "none" },
    ];

    private static JobKey Best(TaskKind task, params System.Collections.Immutable.ImmutableArray<string> choices) =>
        Training("best", ValueKind.Choice, "The metric of the validation part that decides which model is best.", training => training.Best, (training, value) => training with { Best = (string)value! }) with { Tasks = [task], Choices = choices };
}
