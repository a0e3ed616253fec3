using System.Collections.Immutable;

namespace DistRnn.Training;

internal static partial class JobSchema
{
    private static bool ReadsText(JobOptions job) => !(job.Task == TaskKind.Classification && job.Data.Format == "csv");

    private static JobKey Data(string name, ValueKind kind, string documentation, Func<DataSection, object?> get, Func<DataSection, object?, DataSection> set) => new()
    {
        Path = "data." + name,
        Kind = kind,
        Documentation = documentation,
        Get = job => get(job.Data),
        Set = (job, value) => job with { Data = set(job.Data, value) },
    };

    private static JobKey Split(string name, ValueKind kind, string documentation, Func<SplitSection, object?> get, Func<SplitSection, object?, SplitSection> set) =>
        Data("split." + name, kind, documentation, data => get(data.Split), (data, value) => data with { Split = set(data.Split, value) });

    private static JobKey TagColumn(string name, ValueKind kind, string documentation, Func<TagColumnsSection, object?> get, Func<TagColumnsSection, object?, TagColumnsSection> set) =>
        Data("columns." + name, kind, documentation, data => get(data.TagColumns), (data, value) => data with { TagColumns = set(data.TagColumns, value) }) with
        {
            Tasks = [TaskKind.Tagging],
            Min = 0,
            Max = 10_000,
            Applies = job => job.Data.Format == "conll",
            AppliesWhen = "with data.format: conll",
        };

    private static IEnumerable<JobKey> DataKeys() =>
    [
        Format(TaskKind.LanguageModel, "text"),
        Format(TaskKind.WordVectors, "text"),
        Format(TaskKind.Classification, "tsv", "directory", "jsonl", "csv"),
        Format(TaskKind.Tagging, "conll", "jsonl"),
        Format(TaskKind.Forecasting, "csv", "panel"),
        Data("train", ValueKind.Path, "The training data.", data => data.Train, (data, value) => data with { Train = (string)value! }),
        Data("valid", ValueKind.Path, "The validation data, by which settings and the kept model are chosen.", data => data.Valid, (data, value) => data with { Valid = (string?)value }) with { NoneWord = "none" },
        Data("test", ValueKind.Path, "The test data, for reporting only.", data => data.Test, (data, value) => data with { Test = (string?)value }) with { NoneWord = "none" },
        Data("split", ValueKind.Choice, "No split, where one was given before.", data => data.Split.IsGiven ? "given" : null, (data, _) => data with { Split = new SplitSection { Order = data.Split.Order } }) with
        {
            NoneWord = "none", Choices = [], IsShorthand = true,
        },
        Split("parts.train", ValueKind.SplitPart, "How much of the training data is trained on.", split => split.Train, (split, value) => split with { Train = (SplitPart?)value }) with { NoneWord = "none" },
        Split("parts.valid", ValueKind.SplitPart, "How much of it is the validation part.", split => split.Valid, (split, value) => split with { Valid = (SplitPart?)value }) with { NoneWord = "none" },
        Split("parts.test", ValueKind.SplitPart, "How much of it is the test part.", split => split.Test, (split, value) => split with { Test = (SplitPart?)value }) with { NoneWord = "none" },
        Order([TaskKind.LanguageModel, TaskKind.Forecasting, TaskKind.WordVectors], "file"),
        Order([TaskKind.Classification], "file", "shuffled", "stratified"),
        Order([TaskKind.Tagging, TaskKind.Translation], "file", "shuffled"),
        Data("sha256", ValueKind.Map, "SHA-256 of files by path; data that differs is refused.", data => data.Sha256, (data, value) => data with { Sha256 = (ImmutableSortedDictionary<string, string>)value! }),
        Text("tokens", ValueKind.Choice, "How text becomes tokens.", data => data.Tokens, (data, value) => data with { Tokens = (string)value! }) with
        {
            Tasks = [TaskKind.LanguageModel, TaskKind.Classification], Choices = ["word", "char", "byte"],
        },
        Text("vocabulary", ValueKind.Integer, "The most tokens, the most frequent ones, specials included; the rest is <unk>.", data => (long?)data.Vocabulary, (data, value) => data with { Vocabulary = OptionalInt(value) }) with
        {
            Min = 1, Max = int.MaxValue, NoneWord = "none",
        },
        Text("min-count", ValueKind.Integer, "Tokens rarer than this are <unk>.", data => (long)data.MinCount, (data, value) => data with { MinCount = Int(value) }) with { Tasks = [.. TextTasks, .. VectorTasks], Min = 1, Max = int.MaxValue },
        Text("lowercase", ValueKind.Boolean, "Whether letters are made small.", data => data.Lowercase, (data, value) => data with { Lowercase = (bool)value! }) with { Tasks = [.. TextTasks, .. VectorTasks] },
        Text("digits", ValueKind.Choice, "zero makes every digit 0.", data => data.Digits, (data, value) => data with { Digits = (string)value! }) with { Tasks = [.. TextTasks, .. VectorTasks], Choices = ["keep", "zero"] },
        Data("max-length", ValueKind.Integer, "Longer sequences are cut to this many steps.", data => (long?)data.MaxLength, (data, value) => data with { MaxLength = OptionalInt(value) }) with
        {
            Tasks = [.. LabelledTasks, TaskKind.Translation], Min = 1, Max = int.MaxValue, NoneWord = "none",
        },
        Normalize(LabelledTasks, "standard", "instance", "none") with
        {
            Applies = job => job.Data.Format is "csv" or "jsonl", AppliesWhen = "for sequences of numbers (data.format: csv or jsonl)",
        },
        Normalize([TaskKind.Forecasting], "standard", "instance", "series", "none"),
        TagColumn("token", ValueKind.Integer, "The token's column, from 0.", columns => (long)columns.Token, (columns, value) => columns with { Token = Int(value) }),
        TagColumn("features", ValueKind.IntegerList, "Columns of further symbols that are read beside the token.", columns => columns.Features, (columns, value) => columns with { Features = (ImmutableArray<int>)value! }),
        TagColumn("tag", ValueKind.Integer, "The tag's column.", columns => (long)columns.Tag, (columns, value) => columns with { Tag = Int(value) }),
    ];

    private static JobKey Text(string name, ValueKind kind, string documentation, Func<DataSection, object?> get, Func<DataSection, object?, DataSection> set) =>
        Data(name, kind, documentation, get, set) with { Tasks = [.. SymbolicTasks, .. VectorTasks], Applies = ReadsText, AppliesWhen = "for text (not with data.format: csv)" };

    private static JobKey Format(TaskKind task, params ImmutableArray<string> choices) =>
        Data("format", ValueKind.Choice, "The files' form.", data => data.Format, (data, value) => data with { Format = (string)value! }) with { Tasks = [task], Choices = choices };

    private static JobKey Order(ImmutableArray<TaskKind> tasks, params ImmutableArray<string> choices) =>
        Split("order", ValueKind.Choice, "Which rows go to which part.", split => split.Order, (split, value) => split with { Order = (string)value! }) with { Tasks = tasks, Choices = choices };

    private static JobKey Normalize(ImmutableArray<TaskKind> tasks, params ImmutableArray<string> choices) =>
        Data("normalize", ValueKind.Choice, "How numbers are brought to mean 0 and deviation 1.", data => data.Normalize, (data, value) => data with { Normalize = (string?)value }) with { Tasks = tasks, Choices = choices };
}
