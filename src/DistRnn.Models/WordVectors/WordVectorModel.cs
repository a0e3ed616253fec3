using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Vectors of words: the parameters of skip-gram and CBOW (T. Mikolov, K. Chen, G. Corrado, J. Dean, "Efficient estimation of word representations in
/// vector space", 2013) and how they begin.
/// </summary>
/// <remarks>
/// <c>in.weight</c> [V, D] are the vectors themselves, read for the words of a context; <c>out.weight</c> [V, D] is read for the centre word and the
/// words it is told from, or [V', D] for the V' inner nodes of the Huffman tree (at least 1). Both have sparse rows. Immutable and thread-safe.
/// </remarks>
public sealed class WordVectorModel : INetwork
{
    /// <summary>The place of <c>in.weight</c> in <see cref="ParameterTable.Tensors"/>.</summary>
    internal const int InTensor = 0;

    /// <summary>The place of <c>out.weight</c> in <see cref="ParameterTable.Tensors"/>.</summary>
    internal const int OutTensor = 1;

    /// <summary>Lays out the parameters.</summary>
    /// <param name="options">What they are for.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of its range.</exception>
    /// <exception cref="ArgumentException">Fewer than two words occur.</exception>
    public WordVectorModel(WordVectorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Dimensions);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Negatives, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Negatives, 1_000);
        var words = options.Counts.Count(count => count > 0);
        if (words < 2)
            throw new ArgumentException($"{words} words occur; to tell words apart takes two.", nameof(options));
        Options = options;
        var outputs = options.Output == WordVectorOutput.NegativeSampling ? options.Counts.Length : words - 1;
        var builder = new ParameterTable.Builder();
        builder.AddRowMajor("in.weight", [options.Counts.Length, options.Dimensions], sparseRows: true);
        builder.AddRowMajor("out.weight", [outputs, options.Dimensions], sparseRows: true);
        Parameters = builder.Build();
    }

    /// <summary>What the vectors are made of.</summary>
    public WordVectorOptions Options { get; }

    /// <inheritdoc/>
    public ParameterTable Parameters { get; }

    /// <summary>The vectors of words, [V, D].</summary>
    public TensorInfo In => Parameters.Tensors[InTensor];

    /// <summary>The vectors of what is predicted, [V, D] or [inner nodes, D].</summary>
    public TensorInfo Out => Parameters.Tensors[OutTensor];

    /// <summary>
    /// Sets the parameters to their beginning, that of word2vec.c: <c>in.weight</c> uniform between -1/2D and 1/2D, element k drawn at index k of
    /// (seed, <see cref="PhiloxPurpose.Initialize"/>, 0); <c>out.weight</c> +0.
    /// </summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="parameters">The flat vector, <see cref="ParameterTable.Count"/> floats.</param>
    /// <exception cref="ArgumentException">The vector has another size.</exception>
    public void Initialize(ulong seed, FloatBuffer parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != Parameters.Count)
            throw new ArgumentException($"The vector has {parameters.Count} floats; the model's has {Parameters.Count}.", nameof(parameters));
        parameters.Clear();
        var chance = new Philox(seed, PhiloxPurpose.Initialize, InTensor);
        for (var row = 0; row < In.Rows; row++)
        {
            var values = parameters.Slice(In.Offset + (long)row * In.RowSize, In.RowSize);
            for (var i = 0; i < values.Length; i++)
                values[i] = (chance.Uniform((ulong)row * (ulong)In.RowSize + (ulong)i) - 0.5f) / In.RowSize;
        }
    }

    /// <inheritdoc/>
    public LaneState CreateLanes(int lanes) => throw new NotSupportedException("Word vectors carry no state from step to step.");

    /// <inheritdoc/>
    public INetworkComputer CreateComputer(ComputeTeam team, SimdWidth? width = null) => new WordVectorComputer(this, team, width);
}
