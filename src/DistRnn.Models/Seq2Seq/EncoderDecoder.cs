using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// An encoder-decoder's parameters (Sutskever et al. 2014, Bahdanau et al. 2015, Luong et al. 2015): the encoder reads the source, the decoder begins
/// with the states it ends with and says the target token by token, looking at the encoder's states by attention.
/// </summary>
/// <remarks>
/// In order: <c>source_embedding.weight</c>, <c>target_embedding.weight</c>; the recurrent tensors of <c>encoder</c> and <c>decoder</c>;
/// <c>attention.weight</c> [decoder units, encoder units] (general) or <c>attention.weight_q</c>, <c>attention.weight_m</c> and <c>attention.v</c>
/// (additive); <c>combine.weight</c> over [state; context] and <c>combine.bias</c>; <c>output.weight</c> and <c>output.bias</c>. The decoder's input is,
/// side by side, the token's embedding, the encoder's last h (peek) and what the output layer read the step before (input feeding). Immutable and thread-safe.
/// </remarks>
public sealed class EncoderDecoder : INetwork
{
    /// <summary>Lays out the parameters.</summary>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="ArgumentException">The options contradict each other or are out of range.</exception>
    public EncoderDecoder(EncoderDecoderOptions options)
    {
        EncoderDecoderOptionsCheck.ThrowIfInvalid(options);
        Options = options;
        DecoderUnits = options.DecoderUnits;
        MemorySize = options.Hidden[^1] * options.Directions;
        QuerySize = DecoderUnits[^1];
        var (units, memory) = (DecoderUnits, MemorySize);
        var builder = new ParameterTable.Builder();
        SourceEmbedding = builder.AddRowMajor("source_embedding.weight", [options.SourceVocabulary, options.Embedding], sparseRows: true);
        TargetEmbedding = builder.AddRowMajor("target_embedding.weight", [options.TargetVocabulary, options.Embedding], sparseRows: true);
        Encoder = [.. from layer in Enumerable.Range(0, options.Hidden.Length) from direction in Enumerable.Range(0, options.Directions)
                      select StackTensors.Add(builder, "encoder", PanelsOf(options.Hidden[layer]), EncoderInputsOf(layer), layer, direction, options.Peepholes)];
        Decoder = [.. from layer in Enumerable.Range(0, units.Length)
                      select StackTensors.Add(builder, "decoder", PanelsOf(units[layer]), DecoderInputsOf(layer), layer, 0, options.Peepholes)];
        if (options.Attention == AttentionKind.General)
            AttentionKeys = builder.AddWeight("attention.weight", new PanelShape(1, units[^1]), memory);
        if (options.Attention == AttentionKind.Additive)
        {
            AttentionQueries = builder.AddWeight("attention.weight_q", new PanelShape(1, units[^1]), units[^1]);
            AttentionKeys = builder.AddWeight("attention.weight_m", new PanelShape(1, units[^1]), memory);
            AttentionV = builder.AddRowMajor("attention.v", [units[^1]]);
        }
        if (HasCombine)
        {
            CombineWeight = builder.AddWeight("combine.weight", new PanelShape(1, units[^1]), units[^1] + memory);
            CombineBias = builder.AddBias("combine.bias", new PanelShape(1, units[^1]));
        }
        OutputWeight = builder.AddWeight("output.weight", OutputPanels, FeatureSize);
        OutputBias = builder.AddBias("output.bias", OutputPanels);
        Parameters = builder.Build();
    }

    /// <summary>What it is made of.</summary>
    public EncoderDecoderOptions Options { get; }

    /// <inheritdoc/>
    public ParameterTable Parameters { get; }

    internal TensorInfo SourceEmbedding { get; }

    internal TensorInfo TargetEmbedding { get; }

    /// <summary>The encoder's tensors, layer by layer and in a layer direction by direction.</summary>
    internal ImmutableArray<StackTensors> Encoder { get; }

    internal ImmutableArray<StackTensors> Decoder { get; }

    internal TensorInfo? AttentionKeys { get; }

    internal TensorInfo? AttentionQueries { get; }

    internal TensorInfo? AttentionV { get; }

    internal TensorInfo? CombineWeight { get; }

    internal TensorInfo? CombineBias { get; }

    internal TensorInfo OutputWeight { get; }

    internal TensorInfo OutputBias { get; }

    internal PanelShape OutputPanels => new(1, Options.TargetVocabulary);

    internal bool HasCombine => Options.Attention != AttentionKind.None && Options.Combine == CombineKind.Tanh;

    /// <summary>Units of an encoder's state in all directions.</summary>
    internal int MemorySize { get; }

    /// <summary>Units of the decoder's last layer.</summary>
    internal int QuerySize { get; }

    /// <summary>Units of each layer of the decoder.</summary>
    internal ImmutableArray<int> DecoderUnits { get; }

    /// <summary>Values that the output layer reads.</summary>
    internal int FeatureSize => Options.Attention != AttentionKind.None && !HasCombine ? QuerySize + MemorySize : QuerySize;

    /// <summary>Where in the decoder's input the encoder's last h stands.</summary>
    internal int PeekOffset => Options.Embedding;

    /// <summary>Where in the decoder's input stands what the output layer read.</summary>
    internal int FedOffset => PeekOffset + (Options.Peek ? MemorySize : 0);

    /// <summary>Values that the decoder reads a step.</summary>
    internal int DecoderInputSize => FedOffset + (Options.Feeds ? FeatureSize : 0);

    /// <inheritdoc/>
    public void Initialize(ulong seed, FloatBuffer parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != Parameters.Count)
            throw new ArgumentException($"The vector has {parameters.Count} floats; the network's has {Parameters.Count}.", nameof(parameters));
        parameters.Clear();
        var initializer = new Initializer(Parameters, Options.Initializer, Options.InitializerScale, seed, parameters);
        initializer.Embedding(SourceEmbedding);
        initializer.Embedding(TargetEmbedding);
        for (var i = 0; i < Encoder.Length; i++)
            initializer.Stack(Encoder[i], PanelsOf(Options.Hidden[i / Options.Directions]), EncoderInputsOf(i / Options.Directions), Options.ForgetBias);
        for (var layer = 0; layer < Decoder.Length; layer++)
            initializer.Stack(Decoder[layer], PanelsOf(DecoderUnits[layer]), DecoderInputsOf(layer), Options.ForgetBias);
        foreach (var weight in new[] { AttentionQueries, AttentionKeys, AttentionV })
            if (weight is not null)
                initializer.Dense(weight, null);
        if (CombineWeight is not null)
            initializer.Dense(CombineWeight, CombineBias);
        initializer.Dense(OutputWeight, OutputBias);
    }

    /// <inheritdoc/>
    public LaneState CreateLanes(int lanes) => throw new NotSupportedException("An encoder-decoder reads independent sequences; no state is carried from one step to the next.");

    /// <inheritdoc/>
    public INetworkComputer CreateComputer(ComputeTeam team, SimdWidth? width = null) => new EncoderDecoderComputer(this, team, width);

    /// <summary>The encoder in the words of other networks, for its checks and its states.</summary>
    /// <param name="options">What the whole is made of.</param>
    internal static NetworkOptions EncoderOptionsOf(EncoderDecoderOptions options) => new()
    {
        Vocabularies = [options.SourceVocabulary],
        Embeddings = [options.Embedding],
        Cell = options.Cell,
        Activation = options.Activation,
        Peepholes = options.Peepholes,
        ResetAfter = options.ResetAfter,
        ForgetBias = options.ForgetBias,
        Hidden = options.Hidden,
        Bidirectional = options.Bidirectional,
        Outputs = options.TargetVocabulary,
        Dropout = options.Dropout,
        UnknownToken = options.SourceUnknown,
        Initializer = options.Initializer,
        InitializerScale = options.InitializerScale,
    };

    private PanelShape PanelsOf(int units) => new(Options.Cell switch { CellKind.Lstm => 4, CellKind.Gru => 3, _ => 1 }, units);

    private int EncoderInputsOf(int layer) => layer == 0 ? Options.Embedding : Options.Directions * Options.Hidden[layer - 1];

    private int DecoderInputsOf(int layer) => layer == 0 ? DecoderInputSize : DecoderUnits[layer - 1];
}
