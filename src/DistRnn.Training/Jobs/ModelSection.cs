using System.Collections.Immutable;
using DistRnn.Models;

namespace DistRnn.Training;

/// <summary>The section <c>model</c> of a job: what the network is made of.</summary>
public sealed record ModelSection
{
    /// <summary>Size of a token's embedding, at least 1.</summary>
    public int Embedding { get; init; } = 128;

    /// <summary>A run whose embedding or word vectors are the start of this one's embedding, or a file of word2vec; an absolute path, or null.</summary>
    public string? EmbeddingFrom { get; init; }

    /// <summary>Sizes of the features' embeddings (tagging), one for each of <see cref="TagColumnsSection.Features"/>, each at least 1.</summary>
    public ImmutableArray<int> FeatureEmbedding { get; init; } = [32];

    /// <summary>Odd, at least 1: how many neighbours' embeddings stand side by side as a step's input (tagging).</summary>
    public int ContextWindow { get; init; } = 1;

    /// <summary>Tagging: values that stand for a token's characters beside its embedding, at least 1; null where tokens are read whole.</summary>
    public int? Characters { get; init; }

    /// <summary>Tagging: how the tags of a sequence are chosen.</summary>
    public TagOutputKind TagOutput { get; init; } = TagOutputKind.Softmax;

    /// <summary>The recurrent cell.</summary>
    public CellKind Cell { get; init; } = CellKind.Lstm;

    /// <summary>The function of a plain recurrent network.</summary>
    public Activation Activation { get; init; } = Activation.Tanh;

    /// <summary>Whether an LSTM has peepholes.</summary>
    public bool Peepholes { get; init; }

    /// <summary>Whether a GRU is PyTorch's form; false is the textbook form.</summary>
    public bool ResetAfter { get; init; } = true;

    /// <summary>Added to an LSTM's forget gate at the start.</summary>
    public double ForgetBias { get; init; }

    /// <summary>Units of each layer, each at least 1; as many entries as <see cref="Layers"/>.</summary>
    public ImmutableArray<int> Hidden { get; init; } = [128];

    /// <summary>Recurrent layers, at least 1.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Whether every layer also reads from the end.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>What a classifier or forecaster reads of a sequence.</summary>
    public Pooling Pooling { get; init; } = Pooling.Last;

    /// <summary>The forecast that a forecaster's network corrects: none, last or seasonal.</summary>
    public string Residual { get; init; } = "none";

    /// <summary>Translation: how the decoder looks at the encoder's states.</summary>
    public AttentionKind Attention { get; init; } = AttentionKind.None;

    /// <summary>Translation: how the decoder's state and the context are combined.</summary>
    public CombineKind Combine { get; init; } = CombineKind.Tanh;

    /// <summary>Translation: whether the decoder reads what the output layer read before.</summary>
    public bool InputFeeding { get; init; } = true;

    /// <summary>Translation: what the decoder begins with.</summary>
    public BridgeKind Bridge { get; init; } = BridgeKind.Full;

    /// <summary>Translation: whether the decoder reads the encoder's last state beside each token.</summary>
    public bool Peek { get; init; }

    /// <summary>Translation: units of the decoder's layers; empty for those of the encoder in all directions.</summary>
    public ImmutableArray<int> DecoderHidden { get; init; } = [];

    /// <summary>Translation: how targets are found.</summary>
    public DecodeSection Decode { get; init; } = new();

    /// <summary>Rates of dropout.</summary>
    public DropoutSection Dropout { get; init; } = new();

    /// <summary>Language models: whether the output layer shares the embedding's weights, whose size is then the last layer's units.</summary>
    public bool TieWeights { get; init; }

    /// <summary>Word vectors: what predicts the centre word.</summary>
    public WordVectorAlgorithm Algorithm { get; init; } = WordVectorAlgorithm.SkipGram;

    /// <summary>Word vectors: how the centre word is predicted.</summary>
    public WordVectorOutputSection WordOutput { get; init; } = new();

    /// <summary>Word vectors: size of a vector, at least 1.</summary>
    public int Dimensions { get; init; } = 100;

    /// <summary>Word vectors: the most words on either side that are a word's context, 1 to 1,000.</summary>
    public int Window { get; init; } = 5;

    /// <summary>How parameters begin.</summary>
    public InitializerSection Initializer { get; init; } = new();

    /// <summary>A run whose kept model is the start of this one, an absolute path, or null.</summary>
    public string? From { get; init; }
}

/// <summary>How the tags of a sequence are chosen.</summary>
public enum TagOutputKind
{
    /// <summary>Each for itself, by a softmax.</summary>
    Softmax,

    /// <summary>Together, by a linear-chain conditional random field: the most probable sequence of tags.</summary>
    Crf,
}

/// <summary>Rates of dropout, each at least 0 and below 1.</summary>
public sealed record DropoutSection
{
    /// <summary>On what enters the first layer.</summary>
    public double Embedding { get; init; }

    /// <summary>Between recurrent layers.</summary>
    public double Layers { get; init; }

    /// <summary>On what enters the output layer.</summary>
    public double Output { get; init; }

    /// <summary>On the state that recurrent weights read: one mask a sequence and layer, the same at every step.</summary>
    public double Recurrent { get; init; }

    /// <summary>The rate at which a token becomes the unknown one.</summary>
    public double Words { get; init; }
}
