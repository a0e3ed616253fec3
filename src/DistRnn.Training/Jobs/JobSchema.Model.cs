using System.Collections.Immutable;
using DistRnn.Models;

namespace DistRnn.Training;

internal static partial class JobSchema
{
    private const int MaxUnits = 1 << 16;

    private static JobKey Model(string name, ValueKind kind, string documentation, Func<ModelSection, object?> get, Func<ModelSection, object?, ModelSection> set) => new()
    {
        Path = "model." + name,
        Kind = kind,
        Documentation = documentation,
        Get = job => get(job.Model),
        Tasks = RecurrentTasks,
        Set = (job, value) => job with { Model = set(job.Model, value) },
    };

    private static JobKey Rate(string name, string documentation, Func<DropoutSection, object?> get, Func<DropoutSection, double, DropoutSection> set) =>
        Model("dropout." + name, ValueKind.Number, documentation, model => get(model.Dropout), (model, value) => model with { Dropout = set(model.Dropout, (double)value!) }) with { Min = 0, Max = 1, BelowMax = true };

    private static IEnumerable<JobKey> ModelKeys() =>
    [
        Model("embedding", ValueKind.Integer, "Size of a token's embedding.", model => (long)model.Embedding, (model, value) => model with { Embedding = Int(value) }) with
        {
            Tasks = TextTasks, Min = 1, Max = MaxUnits, Applies = ReadsText, AppliesWhen = "for text (not with data.format: csv)",
        },
        Model("embedding-from", ValueKind.Path, "A run whose embedding or word vectors are the start of this one's, or a file of word2vec.", model => model.EmbeddingFrom, (model, value) => model with { EmbeddingFrom = (string?)value }) with
        {
            Tasks = SymbolicTasks, NoneWord = "none", Applies = ReadsText, AppliesWhen = "for text (not with data.format: csv)",
        },
        Model("feature-embedding", ValueKind.IntegerList, "Sizes of the features' embeddings, one for each of data.columns.features.", model => model.FeatureEmbedding, (model, value) => model with { FeatureEmbedding = (ImmutableArray<int>)value! }) with
        {
            Tasks = [TaskKind.Tagging], Min = 1, Max = MaxUnits,
        },
        Model("context-window", ValueKind.Integer, "How many neighbours' embeddings stand side by side as a step's input.", model => (long)model.ContextWindow, (model, value) => model with { ContextWindow = Int(value) }) with
        {
            Tasks = [TaskKind.Tagging], Min = 1, Max = 99, Odd = true,
        },
        Model("characters", ValueKind.Integer, "Values that a small recurrent network makes of a token's characters, beside its embedding.", model => (long?)model.Characters, (model, value) => model with { Characters = OptionalInt(value) }) with
        {
            Tasks = [TaskKind.Tagging], NoneWord = "none", Min = 1, Max = MaxUnits,
        },
        Model("output", ValueKind.Choice, "How a sequence's tags are chosen: each for itself, or together by a conditional random field.", model => JobNames.Of(model.TagOutput), (model, value) => model with { TagOutput = JobNames.Parse<TagOutputKind>((string)value!) }) with
        {
            Tasks = [TaskKind.Tagging], Choices = [.. JobNames.All<TagOutputKind>()],
        },
        Model("cell", ValueKind.Choice, "The recurrent cell.", model => JobNames.Of(model.Cell), (model, value) => model with { Cell = JobNames.Parse<CellKind>((string)value!) }) with { Choices = [.. JobNames.All<CellKind>()] },
        OfCell(CellKind.Rnn, Model("activation", ValueKind.Choice, "The function of a plain recurrent network.", model => JobNames.Of(model.Activation), (model, value) => model with { Activation = JobNames.Parse<Activation>((string)value!) }) with
        {
            Choices = [.. JobNames.All<Activation>()],
        }),
        OfCell(CellKind.Lstm, Model("peepholes", ValueKind.Boolean, "Whether an LSTM's gates see its cell.", model => model.Peepholes, (model, value) => model with { Peepholes = (bool)value! })),
        OfCell(CellKind.Gru, Model("reset-after", ValueKind.Boolean, "Whether a GRU is PyTorch's form; false is the textbook's.", model => model.ResetAfter, (model, value) => model with { ResetAfter = (bool)value! })),
        OfCell(CellKind.Lstm, Model("forget-bias", ValueKind.Number, "Added to an LSTM's forget gate at the start.", model => model.ForgetBias, (model, value) => model with { ForgetBias = (double)value! }) with { Min = -100, Max = 100 }),
        Model("hidden", ValueKind.IntegerList, "Units of a layer, or a list, one a layer.", model => model.Hidden, (model, value) => model with { Hidden = (ImmutableArray<int>)value! }) with { Min = 1, Max = MaxUnits },
        Model("layers", ValueKind.Integer, "Recurrent layers.", model => (long)model.Layers, (model, value) => model with { Layers = Int(value) }) with { Min = 1, Max = 64 },
        Model("bidirectional", ValueKind.Boolean, "Whether every layer also reads from the end.", model => model.Bidirectional, (model, value) => model with { Bidirectional = (bool)value! }) with
        {
            Applies = job => job.Task != TaskKind.LanguageModel, AppliesWhen = "where the whole sequence is there to be read (a language model reads forwards)",
        },
        Model("pooling", ValueKind.Choice, "What is read of a sequence.", model => JobNames.Of(model.Pooling), (model, value) => model with { Pooling = JobNames.Parse<Pooling>((string)value!) }) with
        {
            Tasks = PooledTasks, Choices = [.. JobNames.All<Pooling>()],
        },
        Model("residual", ValueKind.Choice, "The forecast that the network corrects, and whose misses in the rows it reads it sees beside their values.", model => model.Residual, (model, value) => model with { Residual = (string)value! }) with { Tasks = [TaskKind.Forecasting], Choices = ["none", "last", "seasonal"] },
        Model("dropout", ValueKind.Number, "One rate for embedding, layers and output.", model => model.Dropout.Output, (model, value) => model with
        {
            Dropout = model.Dropout with { Embedding = (double)value!, Layers = (double)value!, Output = (double)value! },
        }) with { Min = 0, Max = 1, BelowMax = true, IsShorthand = true },
        Rate("embedding", "Dropout of what enters the first layer.", dropout => dropout.Embedding, (dropout, value) => dropout with { Embedding = value }),
        Rate("layers", "Dropout between layers.", dropout => dropout.Layers, (dropout, value) => dropout with { Layers = value }),
        Rate("output", "Dropout of what enters the output layer.", dropout => dropout.Output, (dropout, value) => dropout with { Output = value }),
        Rate("recurrent", "Dropout of the state that recurrent weights read, one mask for all steps of a sequence.", dropout => dropout.Recurrent, (dropout, value) => dropout with { Recurrent = value }) with { Tasks = RecurrentTasks.Remove(TaskKind.Translation) },
        Rate("words", "The rate at which a token becomes <unk>.", dropout => dropout.Words, (dropout, value) => dropout with { Words = value }) with { Tasks = TextTasks, Applies = ReadsText, AppliesWhen = "for text (not with data.format: csv)" },
        Model("tie-weights", ValueKind.Boolean, "Whether the output layer shares the embedding's weights; model.embedding is then the last layer's units.", model => model.TieWeights, (model, value) => model with { TieWeights = (bool)value! }) with { Tasks = [TaskKind.LanguageModel] },
        Model("initializer", ValueKind.Text, "How parameters begin: pytorch, uniform(0.1), normal(0.01), xavier or orthogonal.", model => model.Initializer.ToString(), (model, value) => model with { Initializer = InitializerSection.Parse((string)value!) }),
        Model("from", ValueKind.Path, "A run whose kept model is the start of this one.", model => model.From, (model, value) => model with { From = (string?)value }) with { Tasks = AvailableTasks, NoneWord = "none" },
    ];

    private static JobKey OfCell(CellKind cell, JobKey key) => key with { Applies = job => job.Model.Cell == cell, AppliesWhen = $"with model.cell: {JobNames.Of(cell)}" };
}
