namespace DistRnn.Data;

/// <summary>What the data of a job is and how it is read: one record a task. Two jobs with equal options and equal files have equal data.</summary>
public abstract record DataOptions
{
    /// <summary>Where the training data is.</summary>
    public required TextSource Train { get; init; }

    /// <summary>Where the validation data is, or null for none (or for a part of <see cref="Train"/>, as <see cref="Split"/> says).</summary>
    public TextSource? Valid { get; init; }

    /// <summary>Where the test data is, or null as for <see cref="Valid"/>.</summary>
    public TextSource? Test { get; init; }

    /// <summary>How the training data is cut in parts; null: all of it is the training part. A part that also has a source of its own is an error.</summary>
    public SplitOptions? Split { get; init; }
}

/// <summary>How text becomes tokens, for the tasks that read text.</summary>
public abstract record TokenDataOptions : DataOptions
{
    /// <summary>What a token is.</summary>
    public TokenKind Tokens { get; init; } = TokenKind.Word;

    /// <summary>
    /// The vocabulary's size, specials included: the most frequent tokens, ties to the first seen; null for all. Not for <see cref="TokenKind.Byte"/>,
    /// whose vocabulary is 256.
    /// </summary>
    public int? Vocabulary { get; init; }

    /// <summary>How often a token must occur in the training part to be in the vocabulary, at least 1. Not read for bytes.</summary>
    public int MinCount { get; init; } = 1;

    /// <summary>Whether letters become lower case first (the invariant culture's mapping; for bytes, A to Z).</summary>
    public bool Lowercase { get; init; }

    /// <summary>Whether every decimal digit becomes 0 (<c>digits: zero</c>).</summary>
    public bool ZeroDigits { get; init; }
}

/// <summary>What a token is.</summary>
public enum TokenKind
{
    /// <summary>What stands between white space.</summary>
    Word,

    /// <summary>A Unicode scalar value, carriage returns, byte order marks and blanks included.</summary>
    Char,

    /// <summary>A byte.</summary>
    Byte,
}

/// <summary>How real values are brought to a common scale.</summary>
public enum NormalizeKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Mean 0 and deviation 1 over the training part, column by column.</summary>
    Standard,

    /// <summary>Mean 0 and deviation 1 over each sequence's own input, column by column.</summary>
    Instance,

    /// <summary>Mean 0 and deviation 1 over the training part of each series. For forecasting only.</summary>
    Series,
}
