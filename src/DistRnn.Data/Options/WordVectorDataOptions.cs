namespace DistRnn.Data;

/// <summary>Plain text of which vectors of words are learned. A line's end ends every context; words that are not in the vocabulary are passed over.</summary>
public sealed record WordVectorDataOptions : TokenDataOptions
{
    /// <summary>The most words on either side of a centre word that are its context, 1 to 1,000; how many it is, from 1 on, is drawn for each centre word.</summary>
    public int Window { get; init; } = 5;

    /// <summary>
    /// The frequency t above which words are left out by chance: of a word with the share f of the text, sqrt(t / f) + t / f are kept. Null keeps all.
    /// </summary>
    public double? Subsample { get; init; } = 1e-4;

    /// <summary>Questions "a is to b as c is to d", four words a line, in sections that begin with a colon and a name; null for none.</summary>
    public TextSource? Analogies { get; init; }

    /// <summary>Two words and how similar people find them, a line each; null for none.</summary>
    public TextSource? Similarities { get; init; }
}
