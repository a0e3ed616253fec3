using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A network's parameters: which tensors there are, in PyTorch's order and with PyTorch's names, and how they begin.</summary>
/// <remarks>
/// In order: <c>embedding.weight</c> [V, E] and <c>feature_embedding.N.weight</c> for the further token columns; with characters
/// <c>characters.embedding.weight</c> and <c>characters.rnn.weight_ih_l0</c> and so on in both directions; for each layer and direction
/// <c>rnn.weight_ih_l0</c>, <c>rnn.weight_hh_l0</c>, <c>rnn.bias_ih_l0</c>, <c>rnn.bias_hh_l0</c> and, with peepholes, <c>rnn.weight_ci_l0</c>,
/// <c>rnn.weight_cf_l0</c>, <c>rnn.weight_co_l0</c> (the backward direction's end in <c>_reverse</c>); <c>pooling.weight</c>, <c>pooling.bias</c> and
/// <c>pooling.context</c> with attention pooling; the head's <c>weight</c> and <c>bias</c>; of a conditional random field <c>crf.start_transitions</c>,
/// <c>crf.end_transitions</c> and <c>crf.transitions</c>, as pytorch-crf has them. Tied weights are one tensor, <c>embedding.weight</c>, as PyTorch lists it
/// once: it is dense, lies in panels and begins as the head's weight would.
/// Immutable and thread-safe.
/// </remarks>
public sealed class Network : INetwork
{
    private readonly ImmutableArray<StackTensors> _stack;

    /// <summary>Lays out the parameters.</summary>
    /// <param name="options">What the network is made of.</param>
    /// <exception cref="ArgumentException">The options contradict each other or are out of range.</exception>
    public Network(NetworkOptions options)
    {
        NetworkOptionsCheck.ThrowIfInvalid(options);
        Options = options;
        InputSize = checked((int)(options.StepSize * options.ContextWindow));
        var builder = new ParameterTable.Builder();
        HeadPanels = new PanelShape(1, options.Outputs);
        var shared = options.TieWeights ? builder.AddWeight(EmbeddingName(0), HeadPanels, options.Embeddings[0]) : null;
        for (var column = shared is null ? 0 : 1; column < options.Embeddings.Length; column++)
            builder.AddRowMajor(EmbeddingName(column), [options.Vocabularies[column], options.Embeddings[column]], sparseRows: true);
        if (options.Characters > 0)
            Characters = CharacterTensors.Add(builder, options);
        var stack = ImmutableArray.CreateBuilder<StackTensors>();
        for (var layer = 0; layer < options.Hidden.Length; layer++)
            for (var direction = 0; direction < options.Directions; direction++)
                stack.Add(StackTensors.Add(builder, "rnn", PanelsOf(layer), InputSizeOf(layer), layer, direction, options.Peepholes));
        _stack = stack.ToImmutable();
        if (options.PoolsByAttention)
        {
            var panels = new PanelShape(1, TopSize);
            PoolingWeight = builder.AddWeight("pooling.weight", panels, TopSize);
            PoolingBias = builder.AddBias("pooling.bias", panels);
            PoolingContext = builder.AddRowMajor("pooling.context", [TopSize]);
        }
        HeadWeight = shared ?? builder.AddWeight($"{options.HeadName}.weight", HeadPanels, TopSize);
        HeadBias = builder.AddBias($"{options.HeadName}.bias", HeadPanels);
        if (options.Head == HeadKind.Crf)
            Crf = CrfTensors.Add(builder, options.Outputs);
        Parameters = builder.Build();
    }

    /// <summary>What the network is made of.</summary>
    public NetworkOptions Options { get; }

    /// <summary>The tensors.</summary>
    public ParameterTable Parameters { get; }

    /// <summary>Values a step that enter the first layer: all embeddings and the real values, times the context window.</summary>
    internal int InputSize { get; }

    /// <summary>Values a step that leave the last layer: its units in every direction.</summary>
    internal int TopSize => Options.Directions * Options.Hidden[^1];

    /// <summary>Gates a unit: 4 for LSTM (i f g o), 3 for GRU (r z n), 1 for a plain recurrent network.</summary>
    internal int Gates => Options.Cell switch { CellKind.Lstm => 4, CellKind.Gru => 3, _ => 1 };

    /// <summary>The head's panels: one gate, <see cref="NetworkOptions.Outputs"/> units.</summary>
    internal PanelShape HeadPanels { get; }

    /// <summary>W of attention pooling, [D, D], D = Directions * H of the last layer; null with another pooling.</summary>
    internal TensorInfo? PoolingWeight { get; }

    /// <summary>b of attention pooling, [D], or null.</summary>
    internal TensorInfo? PoolingBias { get; }

    /// <summary>v of attention pooling, [D], or null.</summary>
    internal TensorInfo? PoolingContext { get; }

    /// <summary>The flat index behind the recurrent layers: what the head has of its own stands from here on.</summary>
    internal long HeadOffset => (PoolingWeight ?? (Options.TieWeights ? HeadBias : HeadWeight)).Offset;

    /// <summary>The head's weight, [Outputs, Directions * H of the last layer].</summary>
    internal TensorInfo HeadWeight { get; }

    /// <summary>The head's bias, [Outputs].</summary>
    internal TensorInfo HeadBias { get; }

    /// <summary>The characters' tensors; null without characters.</summary>
    internal CharacterTensors? Characters { get; }

    /// <summary>The transitions of a conditional random field; null of another head.</summary>
    internal CrfTensors? Crf { get; }

    /// <summary>Sets the parameters to their beginning, drawn from the seed in PyTorch's order.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="parameters">The flat vector, <see cref="ParameterTable.Count"/> floats; the gaps between tensors become +0.</param>
    /// <exception cref="ArgumentException">The vector has another size.</exception>
    public void Initialize(ulong seed, FloatBuffer parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != Parameters.Count)
            throw new ArgumentException($"The vector has {parameters.Count} floats; the network's has {Parameters.Count}.", nameof(parameters));
        parameters.Clear();
        var initializer = new Initializer(Parameters, Options.Initializer, Options.InitializerScale, seed, parameters);
        for (var column = Options.TieWeights ? 1 : 0; column < Options.Embeddings.Length; column++)
            initializer.Embedding(Parameters.Tensors[EmbeddingTensor(column)]);
        Characters?.Initialize(initializer);
        for (var layer = 0; layer < Options.Hidden.Length; layer++)
            for (var direction = 0; direction < Options.Directions; direction++)
                initializer.Stack(Stack(layer, direction), PanelsOf(layer), InputSizeOf(layer), Options.ForgetBias);
        if (PoolingWeight is { } weight && PoolingContext is { } context)
        {
            initializer.Dense(weight, PoolingBias);
            initializer.Dense(context, null);
        }
        initializer.Dense(HeadWeight, HeadBias);
        if (Crf is { } crf)
            initializer.Transitions(crf);
    }

    /// <inheritdoc/>
    public bool TryCollectRows(int tensor, int firstShard, ReadOnlySpan<SequenceBatch> shards, StepKey key, ISet<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        for (var column = Options.TieWeights ? 1 : 0; column < Options.Embeddings.Length; column++)
        {
            if (EmbeddingTensor(column) != tensor)
                continue;
            foreach (var shard in shards)
                foreach (var token in shard.Tokens(column))
                    rows.Add(token);
            if (column == 0 && Options.Dropout.Words > 0)
                rows.Add(Options.UnknownToken);
            return true;
        }
        if (Characters is { } characters && ReferenceEquals(Parameters.Tensors[tensor], characters.Embedding))
        {
            foreach (var shard in shards)
                foreach (var character in shard.CharacterSequences.Tokens(0))
                    rows.Add(character);
            return true;
        }
        return false;
    }

    /// <inheritdoc/>
    public LaneState CreateLanes(int lanes) => new(Options, lanes);

    /// <inheritdoc/>
    public INetworkComputer CreateComputer(ComputeTeam team, SimdWidth? width = null) => new NetworkComputer(this, team, width);

    /// <summary>The place in <see cref="ParameterTable.Tensors"/> of a token column's embedding: embeddings come first, so it is the column.</summary>
    /// <param name="column">The token column; 0 is the token itself.</param>
    internal int EmbeddingTensor(int column)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(column);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(column, Options.Embeddings.Length);
        return column;
    }

    /// <summary>The tensors of one recurrent layer in one direction.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="direction">0 is forward, 1 backward.</param>
    internal StackTensors Stack(int layer, int direction) => _stack[layer * Options.Directions + direction];

    /// <summary>Inputs of a recurrent layer.</summary>
    /// <param name="layer">The layer.</param>
    internal int InputSizeOf(int layer) => layer == 0 ? InputSize : checked(Options.Directions * Options.Hidden[layer - 1]);

    /// <summary>The panels of a recurrent layer: its gates and units.</summary>
    /// <param name="layer">The layer.</param>
    internal PanelShape PanelsOf(int layer) => new(Gates, Options.Hidden[layer]);

    private static string EmbeddingName(int column) =>
        column == 0 ? "embedding.weight" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"feature_embedding.{column - 1}.weight");
}
