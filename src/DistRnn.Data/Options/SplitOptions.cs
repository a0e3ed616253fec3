namespace DistRnn.Data;

/// <summary>Which sequences of the training data become which part.</summary>
public enum SplitOrder
{
    /// <summary>As the file has them: train first, then valid, then test.</summary>
    File,

    /// <summary>By chance, from the job's seed.</summary>
    Shuffled,

    /// <summary>By chance, each class in the same proportions. For classification only.</summary>
    Stratified,
}

/// <summary>
/// How the training data is cut in parts, instead of files for them. The shares are fractions (above 0, together at most 1) or, with
/// <see cref="InRows"/>, whole numbers of rows: sequences, rows of a series, tokens of a language model's text. What remains is unused.
/// </summary>
/// <remarks>With fractions f1, f2, ... of n rows, the parts end at floor(f1 n), floor((f1 + f2) n), ...</remarks>
public sealed record SplitOptions
{
    /// <summary>The training part's share.</summary>
    public required double Train { get; init; }

    /// <summary>The validation part's share, or null for none.</summary>
    public double? Valid { get; init; }

    /// <summary>The test part's share, or null for none.</summary>
    public double? Test { get; init; }

    /// <summary>Whether the shares are rows instead of fractions.</summary>
    public bool InRows { get; init; }

    /// <summary>Which rows go where; null: by file for language models and forecasting, stratified for classification, shuffled for tagging.</summary>
    public SplitOrder? Order { get; init; }
}
