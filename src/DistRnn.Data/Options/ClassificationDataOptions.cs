namespace DistRnn.Data;

/// <summary>The file formats of labelled sequences.</summary>
public enum ClassificationFormat
{
    /// <summary>A line a text: the label, a tab, the text.</summary>
    Tsv,

    /// <summary>A directory with a file a class, named after it (extension aside), a line a text.</summary>
    Directory,

    /// <summary>A JSON object a line: <c>"sequence"</c> (rows of numbers) or <c>"text"</c>, and <c>"label"</c>.</summary>
    Jsonl,

    /// <summary>A line a sequence: the label, then one number a step. A first line without any number in it is a header and skipped.</summary>
    Csv,
}

/// <summary>Sequences with a class each.</summary>
public sealed record ClassificationDataOptions : TokenDataOptions
{
    /// <summary>The files' format.</summary>
    public required ClassificationFormat Format { get; init; }

    /// <summary>The most steps a sequence keeps, at least 1; null for all. Longer ones lose their end.</summary>
    public int? MaxLength { get; init; }

    /// <summary>How numeric sequences are scaled; null is <see cref="NormalizeKind.Standard"/>. Series is an error, and so is anything but null for tokens.</summary>
    public NormalizeKind? Normalize { get; init; }
}
