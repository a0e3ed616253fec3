namespace DistRnn.Data;

/// <summary>How equal sources are to be understood.</summary>
public enum ReferenceKind
{
    /// <summary>Every pair counts for itself.</summary>
    Single,

    /// <summary>The targets of equal sources are alternatives: any of them is right, and a source is translated once.</summary>
    Grouped,
}

/// <summary>Pairs of a source and a target: lines of one file with a separator between the two, or the lines of two files.</summary>
public sealed record TranslationDataOptions : DataOptions
{
    /// <summary>The targets of <see cref="DataOptions.Train"/>, line by line, or null where it holds pairs.</summary>
    public TextSource? TrainTarget { get; init; }

    /// <summary>The targets of <see cref="DataOptions.Valid"/>, or null where it holds pairs.</summary>
    public TextSource? ValidTarget { get; init; }

    /// <summary>The targets of <see cref="DataOptions.Test"/>, or null where it holds pairs.</summary>
    public TextSource? TestTarget { get; init; }

    /// <summary>What stands between source and target in a line of pairs, at least one character; its first occurrence counts.</summary>
    public string Separator { get; init; } = "\t";

    /// <summary>What a token of the source is.</summary>
    public TokenKind SourceTokens { get; init; } = TokenKind.Word;

    /// <summary>What a token of the target is.</summary>
    public TokenKind TargetTokens { get; init; } = TokenKind.Word;

    /// <summary>The source vocabulary's size, specials included; null for all tokens.</summary>
    public int? SourceVocabulary { get; init; }

    /// <summary>The target vocabulary's size, specials included; null for all tokens.</summary>
    public int? TargetVocabulary { get; init; }

    /// <summary>How often a token must occur in the training part to be in a vocabulary, at least 1.</summary>
    public int MinCount { get; init; } = 1;

    /// <summary>Whether letters become lower case first.</summary>
    public bool Lowercase { get; init; }

    /// <summary>Whether every decimal digit becomes 0.</summary>
    public bool ZeroDigits { get; init; }

    /// <summary>The most tokens that a source keeps, and a target with its end, at least 1; null for all. Without an end token it is the length of targets, and sources are kept whole.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Whether sources are read from their end.</summary>
    public bool ReverseSource { get; init; }

    /// <summary>What a decoder reads at first.</summary>
    public string StartToken { get; init; } = Vocabulary.Start;

    /// <summary>What ends a target; null where nothing does and <see cref="MaxLength"/> ends it.</summary>
    public string? EndToken { get; init; } = Vocabulary.EndOfSentence;

    /// <summary>How equal sources are to be understood.</summary>
    public ReferenceKind References { get; init; }
}
