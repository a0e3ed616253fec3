using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The tensors of the characters' network: embeddings and one bidirectional LSTM layer of U units each way.</summary>
/// <param name="Embedding">The characters' embeddings, [characters, U].</param>
/// <param name="Forward">The direction that reads a token from its beginning.</param>
/// <param name="Backward">The direction that reads it from its end.</param>
/// <param name="Size">How many of the 2 U values are read, N.</param>
internal sealed record CharacterTensors(TensorInfo Embedding, StackTensors Forward, StackTensors Backward, int Size)
{
    /// <summary>Units of a direction, U, and values of a character's embedding.</summary>
    public int Units => Embedding.Shape[1];

    /// <summary>Lays out the tensors.</summary>
    /// <param name="builder">Where they are added.</param>
    /// <param name="options">The network's options.</param>
    public static CharacterTensors Add(ParameterTable.Builder builder, NetworkOptions options)
    {
        var units = options.CharacterUnits;
        var panels = new PanelShape(4, units);
        return new CharacterTensors(
            builder.AddRowMajor("characters.embedding.weight", [options.CharacterVocabulary, units], sparseRows: true),
            StackTensors.Add(builder, "characters.rnn", panels, units, 0, 0, peepholes: false),
            StackTensors.Add(builder, "characters.rnn", panels, units, 0, 1, peepholes: false),
            options.Characters);
    }

    /// <summary>Draws their beginning.</summary>
    /// <param name="initializer">What draws.</param>
    public void Initialize(Initializer initializer)
    {
        initializer.Embedding(Embedding);
        foreach (var direction in (StackTensors[])[Forward, Backward])
            initializer.Stack(direction, new PanelShape(4, Units), Units, 0);
    }
}

/// <summary>
/// What the characters of a step's token say: the state that a bidirectional LSTM over them ends with, the forward direction's at the last character before
/// the backward one's at the first. Each token of each sequence is a sequence of its own, a row of its shard in the order of the shard's steps.
/// </summary>
/// <remarks>Members that take a thread are called by every thread of the team at once and contain the same barriers for each; all else by one.</remarks>
internal sealed unsafe class CharacterLayer : IDisposable
{
    private readonly CharacterTensors _tensors;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _tokens;
    private readonly PackedBatch _batch = new();
    private readonly TokenEmbedding _embedding;
    private readonly RecurrentStack _stack;
    private readonly Scratch _inputs = new();
    private readonly Scratch _inputGradients = new();
    private readonly IntScratch _wordOf = new();
    private SequenceBatch[] _shards = [];

    /// <summary>Makes the layer.</summary>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="team">The threads.</param>
    /// <param name="tokens">How the tokens' rows lie.</param>
    /// <param name="width">The vector width.</param>
    public CharacterLayer(CharacterTensors tensors, ComputeTeam team, PackedBatch tokens, SimdWidth width)
    {
        (_tensors, _team, _tokens) = (tensors, team, tokens);
        _embedding = new TokenEmbedding(tensors.Embedding, new TokenEmbeddingForm(0, 0, 0, 0, 0), team, _batch);
        _stack = new RecurrentStack(
            new RecurrentStackOptions
            {
                Cell = CellKind.Lstm,
                Inputs = tensors.Units,
                Hidden = [tensors.Units],
                Directions = 2,
                Tensors = [tensors.Forward, tensors.Backward],
                BackToInputs = true,
            },
            team, _batch, width);
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _embedding.Bytes + _stack.Bytes + _inputs.Bytes + _inputGradients.Bytes;

    private nint Stride => (_tensors.Units + 15) / 16 * 16;

    private RowBlock Inputs => new((nint)_inputs.Pointer, Stride);

    private RowBlock InputGradients => new((nint)_inputGradients.Pointer, Stride);

    private int BackwardUnits => _tensors.Size - _tensors.Units;

    /// <summary>Sets the parameters.</summary>
    /// <param name="parameters">The flat vector.</param>
    public void SetParameters(FloatBuffer parameters)
    {
        _embedding.SetParameters(parameters);
        _stack.SetParameters(parameters);
    }

    /// <summary>Rebuilds this thread's share of the transposes.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="parameters">The flat vector.</param>
    public void RebuildTransposes(int thread, FloatBuffer parameters) => _stack.RebuildTransposes(thread, parameters);

    /// <summary>Takes the characters out of the shards.</summary>
    /// <param name="shards">The shards, as the tokens' batch was built from.</param>
    /// <param name="training">Whether gradients will be wanted.</param>
    /// <exception cref="ArgumentException">A shard has no characters, or not those of each of its steps, or one is not in the vocabulary.</exception>
    public void Prepare(ReadOnlySpan<SequenceBatch> shards, bool training)
    {
        if (_shards.Length < shards.Length)
            _shards = new SequenceBatch[shards.Length];
        for (var shard = 0; shard < shards.Length; shard++)
        {
            _shards[shard] = shards[shard].CharacterSequences;
            if (_shards[shard].Rows != shards[shard].Steps)
                throw new ArgumentException($"The shard has the characters of {_shards[shard].Rows} tokens; it has {shards[shard].Steps} steps.", nameof(shards));
        }
        var characters = _shards.AsSpan(0, shards.Length);
        _batch.Build(characters, _tokens.FirstShard, carried: false);
        _embedding.Prepare(characters, null);
        _inputs.Ensure(_batch.PackedRows * Stride);
        if (training)
            _inputGradients.Ensure(_batch.PackedRows * Stride);
        ListWords(shards);
        if (_batch.Sequences > 0)
            _stack.Prepare(new LeftOperand(Inputs.At(0), Inputs.Stride), training, null, null, []);
    }

    /// <summary>Lists the touched rows of the characters' embedding.</summary>
    /// <param name="gradient">The gradient that <see cref="Backward"/> will write.</param>
    public void Collect(Gradient gradient) => _embedding.Collect(gradient);

    /// <summary>Writes what the characters say into the rows of the thread's share of the tokens.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="steps">The tokens' rows.</param>
    /// <param name="offset">Where in a row it belongs.</param>
    public void Forward(int thread, RowBlock steps, int offset)
    {
        _embedding.Forward(thread, Inputs, null);
        _team.Barrier();
        _stack.Forward(thread, null);
        var (start, end) = _team.PartOf(thread, _tokens.PackedRows);
        for (var row = start; row < end; row++)
        {
            var (first, last) = EndsOf(_wordOf.Pointer[row]);
            var said = steps.At(row) + offset;
            new ReadOnlySpan<float>(_stack.Top.At(last), _tensors.Units).CopyTo(new Span<float>(said, _tensors.Units));
            new ReadOnlySpan<float>(_stack.Top.At(first) + _stack.TopSegmentStride, BackwardUnits).CopyTo(new Span<float>(said + _tensors.Units, BackwardUnits));
        }
    }

    /// <summary>From the gradients of what <see cref="Forward"/> wrote to those of all tensors; begins after a barrier of the caller's.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="key">The seed and step.</param>
    /// <param name="steps">The gradients of the tokens' rows.</param>
    /// <param name="offset">Where in a row they are.</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Backward(int thread, StepKey key, RowBlock steps, int offset, float* gradient)
    {
        var top = _stack.TopGradients;
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        for (var row = start; row < end; row++)
            new Span<float>(top.At(row), (int)top.Stride).Clear();
        _team.Barrier();
        (start, end) = _team.PartOf(thread, _tokens.PackedRows);
        for (var row = start; row < end; row++)
        {
            var (first, last) = EndsOf(_wordOf.Pointer[row]);
            var said = steps.At(row) + offset;
            new ReadOnlySpan<float>(said, _tensors.Units).CopyTo(new Span<float>(top.At(last), _tensors.Units));
            new ReadOnlySpan<float>(said + _tensors.Units, BackwardUnits).CopyTo(new Span<float>(top.At(first) + _stack.TopSegmentStride, BackwardUnits));
        }
        _stack.Backward(thread, key, gradient, InputGradients);
        _embedding.Backward(thread, InputGradients, key, gradient);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var part in (IDisposable[])[_embedding, _stack, _inputs, _inputGradients, _wordOf, _batch])
            part.Dispose();
    }

    /// <summary>Which sequence of characters belongs to each packed row of the tokens.</summary>
    private void ListWords(ReadOnlySpan<SequenceBatch> shards)
    {
        _wordOf.Ensure(_tokens.PackedRows);
        var sequence = 0;
        for (var shard = 0; shard < shards.Length; shard++)
            for (var row = 0; row < shards[shard].Rows; row++, sequence++)
                for (var step = 0; step < shards[shard].LengthOf(row); step++)
                    _wordOf.Pointer[_tokens.PackedRowOf(step, sequence)] = _batch.FirstSequence[shard] + shards[shard].Offsets[row] + step;
    }

    private (int First, int Last) EndsOf(int word) => (_batch.PackedRowOf(0, word), _batch.PackedRowOf(_batch.LengthOf[word] - 1, word));
}
