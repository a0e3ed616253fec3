using System.Collections.Immutable;

namespace DistRnn.Data;

/// <summary>The file formats of sequences with a label at every step.</summary>
public enum TaggingFormat
{
    /// <summary>A line a token, columns between tabs (or, in a line without a tab, spaces), a blank line between sentences.</summary>
    Conll,

    /// <summary>A JSON object a line: <c>"tokens"</c> (texts) or <c>"sequence"</c> (rows of numbers), and <c>"labels"</c>.</summary>
    Jsonl,
}

/// <summary>Which columns of a CoNLL file are read, counted from 0.</summary>
public sealed record ConllColumnsOptions
{
    /// <summary>The token.</summary>
    public int Token { get; init; }

    /// <summary>Features beside the token, each with a vocabulary of its own.</summary>
    public ImmutableArray<int> Features { get; init; } = [];

    /// <summary>The tag; null is the last column of each line.</summary>
    public int? Tag { get; init; }
}

/// <summary>
/// Sequences with a label at every step. A token is what the file says; <see cref="TokenDataOptions.Tokens"/> is not read, and lower case and digits
/// concern the token column only.
/// </summary>
public sealed record TaggingDataOptions : TokenDataOptions
{
    /// <summary>The files' format.</summary>
    public required TaggingFormat Format { get; init; }

    /// <summary>The columns, for <see cref="TaggingFormat.Conll"/>.</summary>
    public ConllColumnsOptions Columns { get; init; } = new();

    /// <summary>The most steps a sequence keeps, at least 1; null for all. Longer ones lose their end, labels included.</summary>
    public int? MaxLength { get; init; }

    /// <summary>
    /// Whether each token's characters are read beside it, as the file spells it: lower case, digits and the vocabulary do not concern them. Of a token of
    /// more than 64 characters the first and the last 32 count. Not read for numbers.
    /// </summary>
    public bool WithCharacters { get; init; }

    /// <summary>How numeric sequences are scaled; null is <see cref="NormalizeKind.Standard"/>. Series is an error, and so is anything but null for tokens.</summary>
    public NormalizeKind? Normalize { get; init; }
}
