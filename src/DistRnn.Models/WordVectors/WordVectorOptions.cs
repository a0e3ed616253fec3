using System.Collections.Immutable;

namespace DistRnn.Models;

/// <summary>What predicts what.</summary>
public enum WordVectorAlgorithm
{
    /// <summary>Each word of a context, alone, predicts the centre word.</summary>
    SkipGram,

    /// <summary>The mean of a context's words predicts the centre word.</summary>
    Cbow,
}

/// <summary>How a centre word is predicted without a softmax over all words.</summary>
public enum WordVectorOutput
{
    /// <summary>The centre word is told from words drawn by chance.</summary>
    NegativeSampling,

    /// <summary>The centre word is found through a Huffman tree, a decision at each inner node.</summary>
    HierarchicalSoftmax,
}

/// <summary>What word vectors are made of.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record WordVectorOptions
{
    /// <summary>
    /// How often each word occurs, [V], each at least 0: negative words are drawn in proportion to the count's power 0.75, and the Huffman tree is built
    /// of the counts. A word with the count 0 is never drawn and has no place in the tree; the unknown word's and the line end's count here as 0.
    /// </summary>
    public required ImmutableArray<long> Counts { get; init; }

    /// <summary>Floats of a vector, D, at least 1.</summary>
    public int Dimensions { get; init; } = 100;

    /// <summary>What predicts what.</summary>
    public WordVectorAlgorithm Algorithm { get; init; }

    /// <summary>How a centre word is predicted.</summary>
    public WordVectorOutput Output { get; init; }

    /// <summary>Words by chance that a pair is set against, 1 to 1,000; not read for <see cref="WordVectorOutput.HierarchicalSoftmax"/>.</summary>
    public int Negatives { get; init; } = 5;
}
