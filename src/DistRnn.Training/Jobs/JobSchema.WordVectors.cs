using System.Collections.Immutable;
using DistRnn.Models;

namespace DistRnn.Training;

internal static partial class JobSchema
{
    private static ImmutableArray<TaskKind> VectorTasks => [TaskKind.WordVectors];

    /// <summary>The tasks that learn a recurrent network.</summary>
    private static ImmutableArray<TaskKind> RecurrentTasks => AvailableTasks.Remove(TaskKind.WordVectors);

    private static IEnumerable<JobKey> WordVectorDataKeys() =>
    [
        Data("subsample", ValueKind.Number, "The frequency above which words are left out by chance.", data => data.Subsample, (data, value) => data with { Subsample = (double?)value }) with
        {
            Tasks = VectorTasks, Min = 0, AboveMin = true, Max = 1, NoneWord = "none",
        },
        Data("analogies", ValueKind.Path, "Questions by which the vectors are judged: four words a line, in sections.", data => data.Analogies, (data, value) => data with { Analogies = (string?)value }) with { Tasks = VectorTasks, NoneWord = "none" },
        Data("similarities", ValueKind.Path, "Pairs of words by which the vectors are judged, with people's scores.", data => data.Similarities, (data, value) => data with { Similarities = (string?)value }) with { Tasks = VectorTasks, NoneWord = "none" },
    ];

    private static IEnumerable<JobKey> WordVectorModelKeys() =>
    [
        Model("algorithm", ValueKind.Choice, "What predicts the centre word: each word of its context, or their mean.", model => JobNames.Of(model.Algorithm), (model, value) => model with { Algorithm = JobNames.Parse<WordVectorAlgorithm>((string)value!) }) with
        {
            Tasks = VectorTasks, Choices = [.. JobNames.All<WordVectorAlgorithm>()],
        },
        Model("output", ValueKind.Text, $"How it is predicted: {WordVectorOutputSection.Allowed}.", model => model.WordOutput.ToString(), (model, value) => model with { WordOutput = WordVectorOutputSection.Parse((string)value!) }) with { Tasks = VectorTasks },
        Model("dimensions", ValueKind.Integer, "Size of a vector.", model => (long)model.Dimensions, (model, value) => model with { Dimensions = Int(value) }) with { Tasks = VectorTasks, Min = 1, Max = MaxUnits },
        Model("window", ValueKind.Integer, "The most words on either side that are a word's context.", model => (long)model.Window, (model, value) => model with { Window = Int(value) }) with { Tasks = VectorTasks, Min = 1, Max = 1000 },
    ];
}
