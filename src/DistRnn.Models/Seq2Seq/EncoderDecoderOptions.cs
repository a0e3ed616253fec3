using System.Collections.Immutable;

namespace DistRnn.Models;

/// <summary>How a decoder's state and the context of attention become what the output layer reads.</summary>
public enum CombineKind
{
    /// <summary>tanh(W [state; context] + b), as many values as the state has (Luong et al. 2015).</summary>
    Tanh,

    /// <summary>Both side by side.</summary>
    Concat,
}

/// <summary>What a decoder begins with of the states the encoder ends with.</summary>
public enum BridgeKind
{
    /// <summary>h, and an LSTM's c.</summary>
    Full,

    /// <summary>h alone; an LSTM's c begins as +0.</summary>
    Hidden,
}

/// <summary>Everything an encoder-decoder is made of; two with equal options have the same parameter table.</summary>
public sealed record EncoderDecoderOptions
{
    /// <summary>Tokens of the source, V, at least 1.</summary>
    public required int SourceVocabulary { get; init; }

    /// <summary>Tokens of the target, at least 1.</summary>
    public required int TargetVocabulary { get; init; }

    /// <summary>Values of an embedding on either side, E, at least 1.</summary>
    public required int Embedding { get; init; }

    /// <summary>The recurrent cell of both sides.</summary>
    public CellKind Cell { get; init; } = CellKind.Lstm;

    /// <summary>The function of a plain recurrent network; not read for others.</summary>
    public Activation Activation { get; init; } = Activation.Tanh;

    /// <summary>Whether an LSTM's gates see its cell state.</summary>
    public bool Peepholes { get; init; }

    /// <summary>Whether a GRU's reset gate works on the product or on the state before it.</summary>
    public bool ResetAfter { get; init; } = true;

    /// <summary>Added to an LSTM's forget gate bias at the start.</summary>
    public float ForgetBias { get; init; }

    /// <summary>Units of each layer of the encoder in one direction, at least one layer.</summary>
    public ImmutableArray<int> Hidden { get; init; } = [128];

    /// <summary>Whether every layer of the encoder also reads the source from its end.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>
    /// Units of each layer of the decoder, as many layers as the encoder's. A layer has those of the encoder's in all directions, whose states then stand
    /// side by side at its start, or those of one direction, whose states are then added up. Empty: those of all directions.
    /// </summary>
    public ImmutableArray<int> DecoderHidden { get; init; } = [];

    /// <summary>How the decoder looks at the encoder's states. Additive scores have as many units as the decoder's last layer.</summary>
    public AttentionKind Attention { get; init; }

    /// <summary>How state and context are combined; not read without attention.</summary>
    public CombineKind Combine { get; init; }

    /// <summary>Whether the decoder reads, beside a token, what the output layer read the step before, +0 at first; not read without attention.</summary>
    public bool InputFeeding { get; init; } = true;

    /// <summary>What the decoder begins with.</summary>
    public BridgeKind Bridge { get; init; }

    /// <summary>Whether the decoder reads, beside each token, the h that the encoder's last layer ends with.</summary>
    public bool Peek { get; init; }

    /// <summary>Dropout in training, on both sides.</summary>
    public DropoutOptions Dropout { get; init; } = DropoutOptions.None;

    /// <summary>The token that word dropout puts in place in the source.</summary>
    public int SourceUnknown { get; init; }

    /// <summary>The token that word dropout puts in place in what the decoder reads.</summary>
    public int TargetUnknown { get; init; }

    /// <summary>Hypotheses that go on at a time where targets are searched for, at least 1; no parameter depends on it.</summary>
    public int Beam { get; init; } = 1;

    /// <summary>How parameters begin.</summary>
    public InitializerKind Initializer { get; init; }

    /// <summary>The scale of <see cref="InitializerKind.Uniform"/> and <see cref="InitializerKind.Normal"/>.</summary>
    public float InitializerScale { get; init; } = 0.1f;

    /// <summary>Directions of the encoder: 1 or 2.</summary>
    public int Directions => Bidirectional ? 2 : 1;

    /// <summary>Units of each layer of the decoder, with the default in its place.</summary>
    public ImmutableArray<int> DecoderUnits => DecoderHidden.IsDefaultOrEmpty ? [.. Hidden.Select(units => units * Directions)] : DecoderHidden;

    /// <summary>Whether the decoder reads what the output layer read the step before.</summary>
    public bool Feeds => InputFeeding && Attention != AttentionKind.None;
}
