using System.Collections.Immutable;

namespace DistRnn.Models;

/// <summary>The recurrent cells.</summary>
public enum CellKind
{
    /// <summary>The plain recurrent network, z = f(W_in x + W z' + b).</summary>
    Rnn,

    /// <summary>Long short-term memory, with or without peepholes.</summary>
    Lstm,

    /// <summary>The gated recurrent unit, in PyTorch's or the textbook form.</summary>
    Gru,
}

/// <summary>The function f of a plain recurrent network.</summary>
public enum Activation
{
    /// <summary>tanh.</summary>
    Tanh,

    /// <summary>max(0, x), by compare and select.</summary>
    Relu,

    /// <summary>1 / (1 + e^-x).</summary>
    Sigmoid,
}

/// <summary>What a classifier or forecaster reads of a sequence.</summary>
public enum Pooling
{
    /// <summary>The last state of each direction: the forward one's at the last step, the backward one's at the first.</summary>
    Last,

    /// <summary>The mean over the sequence's steps.</summary>
    Mean,

    /// <summary>The largest value over the sequence's steps, the first where several are equal.</summary>
    Max,

    /// <summary>A mean over the sequence's steps whose weights the network learns: self-attention, with tensors of its own.</summary>
    Attention,
}

/// <summary>What stands on top of the recurrent stack.</summary>
public enum HeadKind
{
    /// <summary>A softmax over classes at every step: language models and taggers.</summary>
    ClassPerStep,

    /// <summary>A softmax over classes for the pooled sequence.</summary>
    ClassPerSequence,

    /// <summary>Real values for the pooled sequence, with the mean squared error: forecasters.</summary>
    ValuesPerSequence,

    /// <summary>A class at every step, those of a sequence chosen together: a linear-chain conditional random field (Lafferty et al. 2001), for taggers.</summary>
    Crf,
}

/// <summary>How parameters begin.</summary>
public enum InitializerKind
{
    /// <summary>PyTorch's defaults: embeddings normal(0, 1), recurrent layers uniform in 1/sqrt(hidden), dense ones uniform in 1/sqrt(inputs).</summary>
    PyTorch,

    /// <summary>Every parameter uniform in [-scale, scale).</summary>
    Uniform,

    /// <summary>Weights normal with deviation scale, biases +0.</summary>
    Normal,

    /// <summary>Weights uniform in sqrt(6 / (fan-in + fan-out)), gate by gate, biases +0 (Glorot and Bengio 2010).</summary>
    Xavier,

    /// <summary>Recurrent weights orthogonal, gate by gate (Saxe et al. 2014), the others as Xavier, biases +0.</summary>
    Orthogonal,
}

/// <summary>Rates of dropout, each at least 0 and below 1; what is kept is scaled by 1 / (1 - rate) in training.</summary>
/// <param name="Embedding">On what enters the first layer.</param>
/// <param name="Layers">Between recurrent layers.</param>
/// <param name="Output">On what enters the output layer.</param>
/// <param name="Words">The rate at which a token becomes the unknown one; nothing is scaled.</param>
/// <param name="Recurrent">On the state that each layer's recurrent weights read: one mask a sequence and layer, the same at every step (Gal and Ghahramani 2016).</param>
public sealed record DropoutOptions(float Embedding = 0, float Layers = 0, float Output = 0, float Words = 0, float Recurrent = 0)
{
    /// <summary>No dropout at all.</summary>
    public static DropoutOptions None { get; } = new();
}

/// <summary>Everything a network is made of; two networks with equal options have the same parameter table.</summary>
public sealed record NetworkOptions
{
    /// <summary>Vocabulary sizes of the token columns: the token itself first, then features. Empty for purely numeric sequences.</summary>
    public ImmutableArray<int> Vocabularies { get; init; } = [];

    /// <summary>Embedding sizes of the token columns, one for each of <see cref="Vocabularies"/>.</summary>
    public ImmutableArray<int> Embeddings { get; init; } = [];

    /// <summary>Different characters, the unknown one included; 0 where tokens are read whole. Their sequences are <see cref="Numerics.SequenceBatch.CharacterSequences"/>.</summary>
    public int CharacterVocabulary { get; init; }

    /// <summary>
    /// Values a step, N, that stand for a token's characters beside its embeddings; 0 for none. They are what a bidirectional LSTM of ceil(N / 2) units each
    /// way ends with, forward before backward (Lample et al. 2016); characters have embeddings of as many values as it has units.
    /// </summary>
    public int Characters { get; init; }

    /// <summary>Real values a step, read beside the embeddings; 0 for purely symbolic sequences.</summary>
    public int ValueSize { get; init; }

    /// <summary>Odd: how many neighbouring steps' inputs, centred on a step, are concatenated as its input; +0 beyond the ends.</summary>
    public int ContextWindow { get; init; } = 1;

    /// <summary>The recurrent cell.</summary>
    public CellKind Cell { get; init; } = CellKind.Lstm;

    /// <summary>The function of a plain recurrent network; not read for others.</summary>
    public Activation Activation { get; init; } = Activation.Tanh;

    /// <summary>Whether an LSTM's gates see its cell state (Gers and Schmidhuber 2000).</summary>
    public bool Peepholes { get; init; }

    /// <summary>Whether a GRU's reset gate works on the product (PyTorch, cuDNN) or on the state before it (the textbook form).</summary>
    public bool ResetAfter { get; init; } = true;

    /// <summary>Added to an LSTM's forget gate bias at the start.</summary>
    public float ForgetBias { get; init; }

    /// <summary>Units of each recurrent layer, at least one layer.</summary>
    public ImmutableArray<int> Hidden { get; init; } = [128];

    /// <summary>Whether every layer also reads the sequence from its end.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>What the output layer of a sequence reads; not read where there is a class at every step.</summary>
    public Pooling Pooling { get; init; } = Pooling.Last;

    /// <summary>The output layer's kind.</summary>
    public HeadKind Head { get; init; }

    /// <summary>Classes, or real values, of the output layer.</summary>
    public int Outputs { get; init; }

    /// <summary>The output layer's name in the parameter table: "decoder" for language models, "output" otherwise.</summary>
    public string HeadName { get; init; } = "output";

    /// <summary>
    /// Whether the output layer's weights are the embedding's (Press and Wolf 2017): one tensor, <c>embedding.weight</c>, whose gradient is dense. A language model
    /// of one token column only, which says tokens of the vocabulary it reads, with embeddings of the last layer's size.
    /// </summary>
    public bool TieWeights { get; init; }

    /// <summary>Dropout in training.</summary>
    public DropoutOptions Dropout { get; init; } = DropoutOptions.None;

    /// <summary>The token that word dropout puts in place, in column 0.</summary>
    public int UnknownToken { get; init; }

    /// <summary>A weight for each class of the loss, or empty for 1 each.</summary>
    public ImmutableArray<float> ClassWeights { get; init; } = [];

    /// <summary>How parameters begin.</summary>
    public InitializerKind Initializer { get; init; }

    /// <summary>The scale of <see cref="InitializerKind.Uniform"/> and <see cref="InitializerKind.Normal"/>.</summary>
    public float InitializerScale { get; init; } = 0.1f;

    /// <summary>Whether the head reads a sequence through attention pooling.</summary>
    internal bool PoolsByAttention => Head is HeadKind.ClassPerSequence or HeadKind.ValuesPerSequence && Pooling == Pooling.Attention;

    /// <summary>Directions of the recurrent stack: 1 or 2.</summary>
    public int Directions => Bidirectional ? 2 : 1;

    /// <summary>Whether the head says something at every step, not of the pooled sequence.</summary>
    internal bool IsPerStep => Head is HeadKind.ClassPerStep or HeadKind.Crf;

    /// <summary>Units of the characters' network in each direction.</summary>
    internal int CharacterUnits => (Characters + 1) / 2;

    /// <summary>Values of a step's input before the context window: embeddings, characters, real values.</summary>
    internal long StepSize => Embeddings.Sum(size => (long)size) + Characters + ValueSize;
}
