namespace DistRnn.Reference;

/// <summary>The recurrent cells.</summary>
public enum ReferenceCell
{
    /// <summary><see cref="RnnCell"/>.</summary>
    Rnn,

    /// <summary><see cref="LstmCell"/>.</summary>
    Lstm,

    /// <summary><see cref="GruCell"/>.</summary>
    Gru,
}

/// <summary>What stands on top of the stack.</summary>
public enum ReferenceHead
{
    /// <summary>A softmax at every step.</summary>
    ClassPerStep,

    /// <summary>A softmax for the pooled sequence.</summary>
    ClassPerSequence,

    /// <summary>Real values for the pooled sequence.</summary>
    ValuesPerSequence,

    /// <summary>A class at every step, those of a sequence together: <see cref="ConditionalRandomField"/>.</summary>
    Crf,
}

/// <summary>What a reference network is made of.</summary>
public sealed record ReferenceOptions
{
    /// <summary>Vocabulary sizes of the token columns.</summary>
    public IReadOnlyList<int> Vocabularies { get; init; } = [];

    /// <summary>Embedding sizes of the token columns.</summary>
    public IReadOnlyList<int> Embeddings { get; init; } = [];

    /// <summary>Different characters; 0 without characters.</summary>
    public int CharacterVocabulary { get; init; }

    /// <summary>Values that stand for a token's characters, behind its embeddings.</summary>
    public int Characters { get; init; }

    /// <summary>Units of the characters' LSTM each way, and values of a character's embedding.</summary>
    public int CharacterUnits => (Characters + 1) / 2;

    /// <summary>Real values a step.</summary>
    public int ValueSize { get; init; }

    /// <summary>Odd: steps whose inputs are concatenated, centred; 0 beyond the ends.</summary>
    public int ContextWindow { get; init; } = 1;

    /// <summary>The cell.</summary>
    public ReferenceCell Cell { get; init; } = ReferenceCell.Lstm;

    /// <summary>f of a plain recurrent network.</summary>
    public RnnFunction Function { get; init; }

    /// <summary>Whether an LSTM has peepholes.</summary>
    public bool Peepholes { get; init; }

    /// <summary>Whether a GRU resets after the product.</summary>
    public bool ResetAfter { get; init; } = true;

    /// <summary>Units of each layer.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [1];

    /// <summary>1 or 2.</summary>
    public int Directions { get; init; } = 1;

    /// <summary>What is read of a sequence.</summary>
    public PoolKind Pool { get; init; }

    /// <summary>What stands on top.</summary>
    public ReferenceHead Head { get; init; }

    /// <summary>Classes or values.</summary>
    public int Outputs { get; init; }

    /// <summary>The output layer's name.</summary>
    public string HeadName { get; init; } = "output";

    /// <summary>Whether the output layer's weights are the first embedding's.</summary>
    public bool TieWeights { get; init; }

    /// <summary>Weights of the classes, or empty for 1 each.</summary>
    public IReadOnlyList<double> ClassWeights { get; init; } = [];

    /// <summary>The token that word dropout puts in place.</summary>
    public int UnknownToken { get; init; }

    /// <summary>Elements of one step's input before the context window: embeddings, characters, then values.</summary>
    public int StepSize => Embeddings.Sum() + Characters + ValueSize;

    /// <summary>Inputs of a layer.</summary>
    /// <param name="layer">The layer.</param>
    public int InputsOf(int layer) => layer == 0 ? StepSize * ContextWindow : Directions * Hidden[layer - 1];
}
