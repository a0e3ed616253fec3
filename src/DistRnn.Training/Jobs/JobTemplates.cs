using System.Collections.Immutable;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Job files to start from: one a task, with settings that did well on real data of that kind, and every other key beside them as a comment that holds
/// its default and says what it means.
/// </summary>
public static class JobTemplates
{
    private const int CommentColumn = 44;

    /// <summary>The names of the templates: those of the tasks.</summary>
    public static ImmutableArray<string> Names { get; } = [.. JobSchema.AvailableTasks.Select(JobNames.Of)];

    /// <summary>The template of a name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="InvalidInputException">There is none of that name.</exception>
    public static string Of(string name) =>
        Names.Contains(name, StringComparer.Ordinal)
            ? Write(JobNames.Parse<TaskKind>(name))
            : throw new InvalidInputException($"'{name}' is no task; allowed is one of {string.Join(", ", Names)}.");

    /// <summary>The keys that a template sets, and their values as they are written.</summary>
    private static (string Path, string Value)[] SettingsOf(TaskKind task) => task switch
    {
        TaskKind.LanguageModel =>
        [
            ("task", "language-model"), ("data.train", "train.txt"), ("data.split.parts.train", "0.8"), ("data.split.parts.valid", "0.1"), ("data.split.parts.test", "0.1"), ("data.tokens", "char"),
            ("model.embedding", "128"), ("model.cell", "lstm"), ("model.forget-bias", "1"), ("model.hidden", "128"), ("training.epochs", "50"), ("training.batch", "100"), ("training.window", "100"),
            ("training.optimizer", "\"rmsprop(0.95,1e-8)\""), ("training.learning-rate", "0.002"), ("training.schedule", "\"decay(0.95, after-epoch 10)\""), ("training.clip-norm", "5"),
        ],
        TaskKind.Classification =>
        [
            ("task", "classification"), ("data.format", "tsv"), ("data.train", "train.tsv"), ("data.split.parts.train", "0.8"), ("data.split.parts.valid", "0.1"), ("data.split.parts.test", "0.1"),
            ("data.tokens", "char"), ("model.embedding", "64"), ("model.cell", "lstm"), ("model.hidden", "128"), ("model.bidirectional", "true"), ("model.dropout.embedding", "0.2"), ("model.dropout.output", "0.4"),
            ("training.epochs", "15"), ("training.batch", "64"), ("training.learning-rate", "0.003"), ("training.schedule", "cosine"), ("training.clip-norm", "5"),
        ],
        TaskKind.Tagging =>
        [
            ("task", "tagging"), ("data.format", "conll"), ("data.train", "train.conll"), ("data.valid", "valid.conll"), ("data.test", "test.conll"), ("data.min-count", "2"), ("data.lowercase", "true"), ("data.digits", "zero"),
            ("data.columns.token", "0"), ("data.columns.features", "[]"), ("data.columns.tag", "1"), ("model.embedding", "100"), ("model.feature-embedding", "[]"), ("model.characters", "50"), ("model.output", "crf"), ("model.cell", "lstm"),
            ("model.hidden", "150"), ("model.bidirectional", "true"), ("model.context-window", "3"), ("model.dropout.embedding", "0.5"), ("model.dropout.output", "0.5"), ("model.dropout.words", "0.02"), ("training.epochs", "20"),
            ("training.batch", "32"), ("training.learning-rate", "0.002"), ("training.schedule", "cosine"), ("training.clip-norm", "5"),
        ],
        TaskKind.WordVectors =>
        [
            ("task", "word-vectors"), ("data.train", "corpus.txt"), ("data.min-count", "5"), ("data.lowercase", "true"), ("data.subsample", "0.0001"), ("model.algorithm", "skip-gram"), ("model.output", "negative-sampling(5)"),
            ("model.dimensions", "100"), ("model.window", "5"), ("training.epochs", "5"), ("training.batch", "1024"), ("training.learning-rate", "0.025"), ("training.keep", "last"),
        ],
        TaskKind.Translation =>
        [
            ("task", "translation"), ("data.train", "pairs.txt"), ("data.split.parts.train", "0.9"), ("data.split.parts.valid", "0.05"), ("data.split.parts.test", "0.05"), ("data.separator", "\"\\t\""),
            ("data.source-tokens", "word"), ("data.target-tokens", "word"), ("data.min-count", "2"), ("model.embedding", "128"), ("model.cell", "lstm"), ("model.hidden", "128"), ("model.bidirectional", "true"),
            ("model.dropout.embedding", "0.2"), ("model.dropout.output", "0.2"), ("model.attention", "additive"), ("model.decode", "beam(5)"), ("training.epochs", "20"), ("training.batch", "64"),
            ("training.learning-rate", "0.002"), ("training.schedule", "cosine"), ("training.clip-norm", "5"),
        ],
        _ =>
        [
            ("task", "forecasting"), ("data.format", "csv"), ("data.train", "train.csv"), ("data.split.parts.train", "0.6"), ("data.split.parts.valid", "0.2"), ("data.split.parts.test", "0.2"),
            ("data.columns-apart", "true"), ("data.time-column", "date"), ("data.input-length", "96"), ("data.horizon", "24"), ("data.season", "24"), ("data.time-features", "[]"), ("model.cell", "rnn"), ("model.hidden", "128"),
            ("model.residual", "seasonal"), ("model.dropout.output", "0.2"), ("model.initializer", "orthogonal"), ("training.epochs", "6"), ("training.batch", "64"), ("training.learning-rate", "0.001"), ("training.schedule", "cosine"), ("training.clip-norm", "1"),
        ],
    };

    private static string Write(TaskKind task)
    {
        var settings = SettingsOf(task).ToDictionary(setting => setting.Path, setting => setting.Value, StringComparer.Ordinal);
        var keys = JobSchema.KeysOf(task).Where(key => settings.ContainsKey(key.Path) || IsWorthAComment(key, task));
        var yaml = new StringBuilder();
        yaml.Append("# A job of the task ").Append(JobNames.Of(task)).Append(". Paths are relative to this file. What is commented out is the default.\n");
        string[] open = [];
        foreach (var key in keys)
        {
            var parts = key.Path.Split('.');
            for (var depth = 0; depth < parts.Length - 1; depth++)
            {
                var section = string.Join('.', parts[..(depth + 1)]);
                if (depth < open.Length && open.AsSpan(0, depth + 1).SequenceEqual(parts.AsSpan(0, depth + 1)))
                    continue;
                var isSet = settings.Keys.Any(path => path.StartsWith(section + ".", StringComparison.Ordinal));
                yaml.Append(Line(depth, isSet, parts[depth] + ":", null)).Append('\n');
                open = parts[..(depth + 1)];
            }
            open = parts[..^1];
            var isGiven = settings.TryGetValue(key.Path, out var value);
            value ??= JobValueText.Of(key, key.DefaultOf(task));
            yaml.Append(Line(open.Length, isGiven, $"{key.Name}: {value}", CommentOf(key))).Append('\n');
        }
        return yaml.ToString();
    }

    private static bool IsWorthAComment(JobKey key, TaskKind task) =>
        !key.IsShorthand && key.Kind != ValueKind.Map && (key.Kind != ValueKind.Choice || key.Choices.Length > 1 || key.NoneWord is not null) && (key.DefaultOf(task) is not null || key.NoneWord is not null);

    // A section that is not set is commented out as a whole: the marks stand in one column, so that taking them away leaves the right indentation.
    private static string Line(int depth, bool isSet, string content, string? comment)
    {
        var mark = isSet ? new string(' ', 2 * depth) : depth == 0 ? "# " : "  # " + new string(' ', 2 * (depth - 1));
        var line = mark + content;
        return comment is null ? line : line.PadRight(CommentColumn) + " # " + comment;
    }

    private static string CommentOf(JobKey key) =>
        key.Kind == ValueKind.Choice && key.Choices.Length > 1 ? $"{key.Documentation} ({string.Join(" | ", key.Choices)})" : key.Documentation;
}
