namespace DistRnn.Reference;

/// <summary>What a reference encoder-decoder is made of.</summary>
public sealed record ReferencePairOptions
{
    /// <summary>Tokens of the source.</summary>
    public required int SourceVocabulary { get; init; }

    /// <summary>Tokens of the target.</summary>
    public required int TargetVocabulary { get; init; }

    /// <summary>Values of an embedding.</summary>
    public required int Embedding { get; init; }

    /// <summary>The cells: cell, function, peepholes and reset of both sides, units and directions of the encoder.</summary>
    public required ReferenceOptions Cells { get; init; }

    /// <summary>Units of the decoder's layers.</summary>
    public required IReadOnlyList<int> DecoderHidden { get; init; }

    /// <summary>The score of attention.</summary>
    public ReferenceScore Score { get; init; }

    /// <summary>Whether state and context go through tanh(W [state; context] + b), or stand side by side.</summary>
    public bool Combine { get; init; } = true;

    /// <summary>Whether the decoder reads what the output layer read.</summary>
    public bool Feeds { get; init; }

    /// <summary>Whether an LSTM's c goes over the bridge.</summary>
    public bool FullBridge { get; init; } = true;

    /// <summary>Whether the decoder reads the encoder's last h.</summary>
    public bool Peek { get; init; }

    /// <summary>What word dropout puts in place, source and target.</summary>
    public (int Source, int Target) Unknown { get; init; }
}

/// <summary>A source and its target.</summary>
/// <param name="Source">The source's tokens.</param>
/// <param name="Inputs">What the decoder reads.</param>
/// <param name="Targets">What it is to say; -1 where nothing is to be learned.</param>
public sealed record ReferencePair(int[] Source, int[] Inputs, int[] Targets);

/// <summary>The factors of dropout; a null function drops nothing. Arguments: (row, step, element), with the layer in front for layers.</summary>
public sealed record ReferencePairMasks
{
    /// <summary>On the source's embeddings.</summary>
    public Func<int, int, int, double>? SourceEmbedding { get; init; }

    /// <summary>On the target's embeddings.</summary>
    public Func<int, int, int, double>? TargetEmbedding { get; init; }

    /// <summary>On the outputs of the encoder's layers but the last.</summary>
    public Func<int, int, int, int, double>? EncoderLayer { get; init; }

    /// <summary>On the outputs of the decoder's layers but the last.</summary>
    public Func<int, int, int, int, double>? DecoderLayer { get; init; }

    /// <summary>On what the output layer reads.</summary>
    public Func<int, int, int, double>? Output { get; init; }

    /// <summary>Whether the source's token becomes the unknown one.</summary>
    public Func<int, int, bool>? SourceWord { get; init; }

    /// <summary>Whether the decoder's token becomes the unknown one.</summary>
    public Func<int, int, bool>? TargetWord { get; init; }
}
