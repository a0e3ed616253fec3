using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>The section <c>data</c> of a job: everything read before the network.</summary>
/// <remarks>Keys of other tasks keep their defaults and are not read. Choices are kept as the job file spells them, checked against what is allowed.</remarks>
public sealed record DataSection
{
    /// <summary>What a path begins with that names data inside the product rather than a file; such a path is never made absolute.</summary>
    public const string BuiltInPrefix = "built-in:";

    /// <summary>The files' form: text; tsv, directory, jsonl or csv; conll or jsonl; csv or panel, by task.</summary>
    public string Format { get; init; } = "text";

    /// <summary>The training data, an absolute path or <see cref="BuiltInPrefix"/> and a name.</summary>
    public string Train { get; init; } = "";

    /// <summary>The validation data, or null.</summary>
    public string? Valid { get; init; }

    /// <summary>The test data, or null.</summary>
    public string? Test { get; init; }

    /// <summary>Translation: two files instead of <see cref="Train"/>.</summary>
    public PairFilesSection TrainFiles { get; init; } = new();

    /// <summary>Translation: two files instead of <see cref="Valid"/>.</summary>
    public PairFilesSection ValidFiles { get; init; } = new();

    /// <summary>Translation: two files instead of <see cref="Test"/>.</summary>
    public PairFilesSection TestFiles { get; init; } = new();

    /// <summary>Translation: what stands between source and target, at least one character.</summary>
    public string Separator { get; init; } = "\t";

    /// <summary>Translation: how a source becomes tokens: word, char or byte.</summary>
    public string SourceTokens { get; init; } = "word";

    /// <summary>Translation: how a target becomes tokens: word, char or byte.</summary>
    public string TargetTokens { get; init; } = "word";

    /// <summary>Translation: the most tokens of the source's vocabulary, at least 6; null for all.</summary>
    public int? SourceVocabulary { get; init; }

    /// <summary>Translation: the most tokens of the target's vocabulary, at least 6; null for all.</summary>
    public int? TargetVocabulary { get; init; }

    /// <summary>Translation: whether sources are read from their end.</summary>
    public bool ReverseSource { get; init; }

    /// <summary>Translation: what the decoder reads at first.</summary>
    public string StartToken { get; init; } = "<bos>";

    /// <summary>Translation: what ends a target; null where <see cref="MaxLength"/> does.</summary>
    public string? EndToken { get; init; } = "<eos>";

    /// <summary>Translation: single, or grouped: the targets of equal sources are alternatives.</summary>
    public string References { get; init; } = "single";

    /// <summary>Parts that are cut from the training data.</summary>
    public SplitSection Split { get; init; } = new();

    /// <summary>How text becomes tokens: word, char or byte.</summary>
    public string Tokens { get; init; } = "word";

    /// <summary>The most tokens of the vocabulary, specials included, at least 1; null for all.</summary>
    public int? Vocabulary { get; init; }

    /// <summary>Tokens rarer than this in the training part are unknown, at least 1.</summary>
    public int MinCount { get; init; } = 1;

    /// <summary>Whether letters are made small.</summary>
    public bool Lowercase { get; init; }

    /// <summary>keep, or zero: every digit is 0.</summary>
    public string Digits { get; init; } = "keep";

    /// <summary>Longer sequences are cut to this many steps, at least 1; null for whole ones.</summary>
    public int? MaxLength { get; init; }

    /// <summary>How numbers are scaled: standard, instance, series or none, by task; null where the job does not say, which is standard for numbers.</summary>
    public string? Normalize { get; init; }

    /// <summary>Tagging, conll: where the columns are.</summary>
    public TagColumnsSection TagColumns { get; init; } = new();

    /// <summary>Forecasting, csv: the columns that are read; empty for all but the time column.</summary>
    public ImmutableArray<string> Columns { get; init; } = [];

    /// <summary>Forecasting, csv: the columns that are forecast; empty for all of <see cref="Columns"/>.</summary>
    public ImmutableArray<string> Targets { get; init; } = [];

    /// <summary>Forecasting, csv: whether each column that is forecast is a series of its own, all by one network.</summary>
    public bool ColumnsApart { get; init; }

    /// <summary>Forecasting, csv: the column of times, or null.</summary>
    public string? TimeColumn { get; init; }

    /// <summary>Forecasting, panel: the column that names the series, or null.</summary>
    public string? Series { get; init; }

    /// <summary>Forecasting, panel: the column of times, or null.</summary>
    public string? Time { get; init; }

    /// <summary>Forecasting, panel: the column of values, or null.</summary>
    public string? Value { get; init; }

    /// <summary>Forecasting, panel: whether a row is a series.</summary>
    public bool Wide { get; init; }

    /// <summary>Forecasting: steps that the network reads, at least 1.</summary>
    public int InputLength { get; init; } = 96;

    /// <summary>Forecasting: steps that it forecasts, at least 1.</summary>
    public int Horizon { get; init; } = 24;

    /// <summary>Forecasting: steps of a season, at least 1.</summary>
    public int Season { get; init; } = 24;

    /// <summary>Forecasting: what of the time is read beside the values; empty where there is no time column.</summary>
    public ImmutableArray<string> TimeFeatures { get; init; } = ["hour", "weekday", "month"];

    /// <summary>Word vectors: the frequency above which words are left out by chance, above 0 and at most 1; null for never.</summary>
    public double? Subsample { get; init; } = 1e-4;

    /// <summary>Word vectors: the file of analogy questions, an absolute path, or null.</summary>
    public string? Analogies { get; init; }

    /// <summary>Word vectors: the file of word pairs with people's scores, an absolute path, or null.</summary>
    public string? Similarities { get; init; }

    /// <summary>SHA-256 (64 hex digits) of files by path, as a run's <c>job.yaml</c> records them; data that differs is refused. Empty in most job files.</summary>
    public ImmutableSortedDictionary<string, string> Sha256 { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Whether the job has a validation part, by file or by split.</summary>
    public bool HasValid => Valid is not null || ValidFiles.IsGiven || Split.Valid is not null;

    /// <summary>Whether the job has a test part, by file or by split.</summary>
    public bool HasTest => Test is not null || TestFiles.IsGiven || Split.Test is not null;
}

/// <summary>Sources and targets in a file each, line by line: the sections <c>data.train</c>, <c>data.valid</c> and <c>data.test</c> of a translation job. Both null where there are none.</summary>
public sealed record PairFilesSection
{
    /// <summary>The sources, an absolute path.</summary>
    public string? Source { get; init; }

    /// <summary>Their targets, an absolute path.</summary>
    public string? Target { get; init; }

    /// <summary>Whether there are files at all.</summary>
    public bool IsGiven => Source is not null || Target is not null;
}

/// <summary>How much of the training data a part takes: a fraction, or a number of rows.</summary>
/// <param name="Amount">Above 0: at most 1 for a fraction; a whole number for rows.</param>
/// <param name="IsRows">Whether it counts rows; a job file says so by a number without a decimal point.</param>
public readonly record struct SplitPart(double Amount, bool IsRows);

/// <summary>The section <c>data.split</c>: parts cut from the training data, instead of files of their own. All null means no split.</summary>
public sealed record SplitSection
{
    /// <summary>The part that is trained on.</summary>
    public SplitPart? Train { get; init; }

    /// <summary>The validation part.</summary>
    public SplitPart? Valid { get; init; }

    /// <summary>The test part.</summary>
    public SplitPart? Test { get; init; }

    /// <summary>file, shuffled or stratified.</summary>
    public string Order { get; init; } = "file";

    /// <summary>Whether there is a split at all.</summary>
    public bool IsGiven => Train is not null || Valid is not null || Test is not null;
}

/// <summary>The section <c>data.columns</c> of a tagging job: columns of a conll file, from 0.</summary>
public sealed record TagColumnsSection
{
    /// <summary>The token's column.</summary>
    public int Token { get; init; }

    /// <summary>Columns of further symbols that are read beside the token.</summary>
    public ImmutableArray<int> Features { get; init; } = [1];

    /// <summary>The tag's column.</summary>
    public int Tag { get; init; } = 2;
}
