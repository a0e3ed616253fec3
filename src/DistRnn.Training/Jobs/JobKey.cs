using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>What a key's value looks like.</summary>
internal enum ValueKind
{
    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A whole number; a <see cref="long"/>.</summary>
    Integer,

    /// <summary>A finite number; a <see cref="double"/>.</summary>
    Number,

    /// <summary>Any text; a <see cref="string"/>.</summary>
    Text,

    /// <summary>One of <see cref="JobKey.Choices"/>; a <see cref="string"/>.</summary>
    Choice,

    /// <summary>A file or directory, made absolute; a <see cref="string"/>.</summary>
    Path,

    /// <summary>A list of text; an <see cref="ImmutableArray{T}"/> of <see cref="string"/>. One text alone is a list of one.</summary>
    TextList,

    /// <summary>A list of whole numbers; an <see cref="ImmutableArray{T}"/> of <see cref="int"/>. One number alone is a list of one.</summary>
    IntegerList,

    /// <summary>A fraction, or a whole number of rows; a <see cref="SplitPart"/>.</summary>
    SplitPart,

    /// <summary>Text by text; an <see cref="ImmutableSortedDictionary{TKey, TValue}"/>.</summary>
    Map,
}

/// <summary>
/// One key of the job file: its path, what it may hold, for which tasks, and where it stands in <see cref="JobOptions"/>. The reader, the writer,
/// the JSON Schema, the templates and the comparison of jobs are all made from these.
/// </summary>
internal sealed record JobKey
{
    /// <summary>The dotted path, such as <c>model.hidden</c>.</summary>
    public required string Path { get; init; }

    /// <summary>What a value looks like.</summary>
    public required ValueKind Kind { get; init; }

    /// <summary>What it means, a sentence for people.</summary>
    public required string Documentation { get; init; }

    /// <summary>Reads it from a job; null is <see cref="NoneWord"/>.</summary>
    public required Func<JobOptions, object?> Get { get; init; }

    /// <summary>Writes it into a job; null is <see cref="NoneWord"/>.</summary>
    public required Func<JobOptions, object?, JobOptions> Set { get; init; }

    /// <summary>The tasks that have it.</summary>
    public ImmutableArray<TaskKind> Tasks { get; init; } = JobSchema.AvailableTasks;

    /// <summary>What a <see cref="ValueKind.Choice"/> or the entries of a <see cref="ValueKind.TextList"/> may be; empty where any text is allowed.</summary>
    public ImmutableArray<string> Choices { get; init; } = [];

    /// <summary>The smallest number.</summary>
    public double Min { get; init; } = double.NegativeInfinity;

    /// <summary>Whether numbers must be above <see cref="Min"/>, not equal to it.</summary>
    public bool AboveMin { get; init; }

    /// <summary>The largest number.</summary>
    public double Max { get; init; } = double.PositiveInfinity;

    /// <summary>Whether numbers must be below <see cref="Max"/>, not equal to it.</summary>
    public bool BelowMax { get; init; }

    /// <summary>Whether whole numbers must be odd.</summary>
    public bool Odd { get; init; }

    /// <summary>The word for null, or null where a value is needed.</summary>
    public string? NoneWord { get; init; }

    /// <summary>Another way to write other keys: read, never written.</summary>
    public bool IsShorthand { get; init; }

    /// <summary>Whether <c>--resume</c> may change it.</summary>
    public bool MayChange { get; init; }

    /// <summary>Whether it has a meaning in a job; where it has none, only its default may be given.</summary>
    public Func<JobOptions, bool> Applies { get; init; } = _ => true;

    /// <summary>When <see cref="Applies"/> holds, in words that follow "it has a meaning".</summary>
    public string AppliesWhen { get; init; } = "";

    /// <summary>The last part of the path.</summary>
    public string Name => Path[(Path.LastIndexOf('.') + 1)..];

    /// <summary>The default for a task.</summary>
    /// <param name="task">A task that has the key.</param>
    public object? DefaultOf(TaskKind task) => Get(JobOptions.DefaultsOf(task));

    /// <summary>What is allowed, in words that follow "allowed is".</summary>
    public string Allowed
    {
        get
        {
            var words = Kind switch
            {
                ValueKind.Boolean => "true or false",
                ValueKind.Integer => $"{(Odd ? "an odd" : "a whole")} number{Range}",
                ValueKind.Number => $"a number{Range}",
                ValueKind.Choice => Choices.Length == 1 ? Choices[0] : $"one of {string.Join(", ", Choices)}",
                ValueKind.Path => "a file or directory",
                ValueKind.TextList when Choices.Length > 0 => $"a list of {string.Join(", ", Choices)}",
                ValueKind.TextList => "a list of text",
                ValueKind.IntegerList => $"a list of whole numbers, each{Range}",
                ValueKind.SplitPart => "a fraction above 0 and at most 1 (with a decimal point), or a whole number of rows of at least 1",
                ValueKind.Map => "a mapping of text to text",
                _ => "text",
            };
            if (Kind == ValueKind.Choice && Choices.IsEmpty)
                return NoneWord!;
            return NoneWord is null ? words : $"{words}, or {NoneWord}";
        }
    }

    private string Range
    {
        get
        {
            var low = double.IsNegativeInfinity(Min) ? "" : AboveMin ? $" above {JobValueText.Of(Min)}" : $" of at least {JobValueText.Of(Min)}";
            var high = double.IsPositiveInfinity(Max) ? "" : BelowMax ? $"below {JobValueText.Of(Max)}" : $"at most {JobValueText.Of(Max)}";
            return (low, high) switch { ("", "") => "", (_, "") => low, ("", _) => $" {high}", _ => $"{low} and {high}" };
        }
    }
}
