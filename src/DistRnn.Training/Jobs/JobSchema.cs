using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>
/// The table of every key that a job file can have. It is the only place that knows a key's path, kind, tasks, range and meaning; defaults are the
/// initial values of the records it writes into.
/// </summary>
internal static partial class JobSchema
{
    /// <summary>The tasks of this version.</summary>
    public static ImmutableArray<TaskKind> AvailableTasks => [.. Enum.GetValues<TaskKind>()];

    private static ImmutableArray<TaskKind> SymbolicTasks => [TaskKind.LanguageModel, TaskKind.Classification, TaskKind.Tagging];
    private static ImmutableArray<TaskKind> IndependentTasks => [TaskKind.Classification, TaskKind.Tagging, TaskKind.Forecasting, TaskKind.Translation];
    private static ImmutableArray<TaskKind> LabelledTasks => [TaskKind.Classification, TaskKind.Tagging];
    private static ImmutableArray<TaskKind> PooledTasks => [TaskKind.Classification, TaskKind.Forecasting];

    /// <summary>All keys, in the order in which they are written.</summary>
    public static ImmutableArray<JobKey> Keys { get; } =
    [
        .. TopKeys(), .. DataKeys(), .. TranslationDataKeys(), .. ForecastingKeys(), .. WordVectorDataKeys(), .. ModelKeys(), .. TranslationModelKeys(), .. WordVectorModelKeys(),
        .. TrainingKeys(), .. ClusterKeys(), .. CheckpointKeys(),
    ];

    /// <summary>The sections, in the order in which they are written.</summary>
    public static ImmutableArray<string> Sections { get; } = [.. Keys.Where(key => key.Path.Contains('.', StringComparison.Ordinal)).Select(key => key.Path[..key.Path.IndexOf('.', StringComparison.Ordinal)]).Distinct()];

    /// <summary>The keys of a task, in the order in which they are written.</summary>
    /// <param name="task">The task.</param>
    public static IEnumerable<JobKey> KeysOf(TaskKind task) => Keys.Where(key => key.Tasks.Contains(task));

    /// <summary>A key by its path.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">The dotted path.</param>
    /// <returns>Null where the task has no such key.</returns>
    public static JobKey? Find(TaskKind task, string path) => KeysOf(task).FirstOrDefault(key => string.Equals(key.Path, path, StringComparison.Ordinal));

    /// <summary>Whether a path is that of a section or a part of one.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">The dotted path.</param>
    public static bool IsSection(TaskKind task, string path) => KeysOf(task).Any(key => key.Path.StartsWith(path + ".", StringComparison.Ordinal));

    /// <summary>Why a path is no key of a task, and what may have been meant: one or two sentences.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">The unknown path.</param>
    public static string Unknown(TaskKind task, string path)
    {
        var others = Keys.Where(key => string.Equals(key.Path, path, StringComparison.Ordinal) || key.Path.StartsWith(path + ".", StringComparison.Ordinal))
            .SelectMany(key => key.Tasks).Distinct().Select(JobNames.Of).ToArray();
        if (others.Length > 0)
            return $"'{path}' belongs to {(others.Length == 1 ? "the task" : "the tasks")} {string.Join(", ", others)}; this job's task is {JobNames.Of(task)}.";
        var hint = path.Contains(')', StringComparison.Ordinal) ? " (A value with commas inside braces needs quotes.)" : "";
        return $"'{path}' is not a key of a job; the nearest known one is '{Nearest(task, path)}'.{hint}";
    }

    /// <summary>The known path that looks most like an unknown one; the first of several.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">The unknown path.</param>
    public static string Nearest(TaskKind task, string path)
    {
        var (best, bestDistance) = ("", int.MaxValue);
        var last = path[(path.LastIndexOf('.') + 1)..];
        foreach (var known in KeysOf(task).Select(key => key.Path).Concat(Sections))
        {
            var distance = Math.Min(2 * Distance(path, known), 2 * Distance(last, known[(known.LastIndexOf('.') + 1)..]) + 1);
            if (distance < bestDistance)
                (best, bestDistance) = (known, distance);
        }
        return best;
    }

    /// <summary>The edit distance of Levenshtein (1966): insertions, deletions and substitutions.</summary>
    internal static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substituted = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[right.Length];
    }

    private static IEnumerable<JobKey> TopKeys() =>
    [
        new()
        {
            Path = "task", Kind = ValueKind.Choice, Documentation = "What is learned.", Choices = [.. AvailableTasks.Select(JobNames.Of)],
            Get = job => JobNames.Of(job.Task), Set = (job, value) => job with { Task = JobNames.Parse<TaskKind>((string)value!) },
        },
        new()
        {
            Path = "seed", Kind = ValueKind.Integer, Documentation = "Where all chance begins: the same job with the same seed gives the same bits.", Min = 0,
            Get = job => (long)job.Seed, Set = (job, value) => job with { Seed = (ulong)(long)value! },
        },
    ];

    private static int Int(object? value) => (int)(long)value!;

    private static int? OptionalInt(object? value) => value is long whole ? (int)whole : null;
}
