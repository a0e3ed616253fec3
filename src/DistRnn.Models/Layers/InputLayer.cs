using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// What enters the first recurrent layer, by packed row: the embeddings of a step's tokens side by side, what its characters
/// say, then its real values; with a context window
/// those of the neighbouring steps too, from left to right, +0 beyond the ends; then dropout. Back: the sparse gradients of the embeddings,
/// and the characters' network.
/// </summary>
/// <remarks>Members that take a thread are called by every thread of the team at once and contain the same barriers for each.</remarks>
internal sealed unsafe class InputLayer : IDisposable
{
    private readonly Network _network;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch;
    private readonly EmbeddingGradient[] _embeddings;
    private readonly IntScratch[] _tokens;
    private readonly CharacterLayer? _characters;
    private readonly Scratch _step = new();
    private readonly Scratch _window = new();
    private readonly Scratch _gradients = new();
    private readonly Scratch _stepGradients = new();
    private readonly int _stepSize;
    private readonly int _characterOffset;
    private readonly int _valueOffset;
    private float* _parameters;
    private int[] _entryTokens = [];
    private int[] _entryShards = [];

    /// <summary>Makes the layer.</summary>
    /// <param name="network">The network.</param>
    /// <param name="team">The threads.</param>
    /// <param name="batch">How rows lie.</param>
    /// <param name="width">The vector width.</param>
    public InputLayer(Network network, ComputeTeam team, PackedBatch batch, SimdWidth width)
    {
        (_network, _team, _batch) = (network, team, batch);
        var options = network.Options;
        _characterOffset = options.Embeddings.Sum();
        _valueOffset = _characterOffset + options.Characters;
        _stepSize = _valueOffset + options.ValueSize;
        if (network.Characters is { } characters)
            _characters = new CharacterLayer(characters, team, batch, width);
        _embeddings = [.. options.Embeddings.Select((size, column) => new EmbeddingGradient(options.Vocabularies[column], size, team.Threads))];
        _tokens = [.. options.Embeddings.Select(_ => new IntScratch())];
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _step.Bytes + _window.Bytes + _gradients.Bytes + _stepGradients.Bytes + _embeddings.Sum(embedding => embedding.AllocatedBytes) + (_characters?.Bytes ?? 0);

    /// <summary>Whether anything goes back: real values have no parameters.</summary>
    public bool HasGradient => _embeddings.Length > 0;

    /// <summary>The inputs as a left operand.</summary>
    public LeftOperand Operand => new(Inputs.At(0), Inputs.Stride);

    /// <summary>Where the inputs' gradient is to be written, [N, inputs].</summary>
    public RowBlock Gradients => new((nint)_gradients.Pointer, WindowStride);

    /// <summary>The tokens of column 0 by packed row, [N].</summary>
    public int* FirstTokens => _tokens[0].Pointer;

    // The first column whose embedding is its own: column 0 may share the output layer's weights.
    private int FirstSparse => _network.Options.TieWeights ? 1 : 0;

    private int Window => _network.Options.ContextWindow;

    private int StepStride => (_stepSize + 15) / 16 * 16;

    private int WindowStride => (_network.InputSize + 15) / 16 * 16;

    private RowBlock Steps => new((nint)_step.Pointer, StepStride);

    private RowBlock Inputs => Window == 1 ? Steps : new((nint)_window.Pointer, WindowStride);

    /// <summary>Sets the parameters.</summary>
    public void SetParameters(FloatBuffer parameters)
    {
        _parameters = parameters.Pointer;
        _characters?.SetParameters(parameters);
    }

    /// <summary>Rebuilds this thread's share of the transposes.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="parameters">The flat vector.</param>
    public void RebuildTransposes(int thread, FloatBuffer parameters) => _characters?.RebuildTransposes(thread, parameters);

    /// <summary>Takes tokens and values out of the shards; one thread.</summary>
    /// <param name="shards">The shards, as the batch was built from.</param>
    /// <param name="key">The seed and step of word dropout, or null without.</param>
    /// <param name="training">Whether gradients will be wanted.</param>
    /// <exception cref="ArgumentException">The shards have other columns than the network, or a token is not in its vocabulary.</exception>
    public void Prepare(ReadOnlySpan<SequenceBatch> shards, StepKey? key, bool training)
    {
        _step.Ensure((long)_batch.PackedRows * StepStride);
        if (Window > 1)
            _window.Ensure((long)_batch.PackedRows * WindowStride);
        if (training && HasGradient)
        {
            _gradients.Ensure((long)_batch.PackedRows * WindowStride);
            if (Window > 1)
                _stepGradients.Ensure((long)_batch.PackedRows * StepStride);
        }
        foreach (var tokens in _tokens)
            tokens.Ensure(_batch.PackedRows);
        var sequence = 0;
        foreach (var shard in shards)
        {
            if (shard.Rows > 0 && (shard.TokenColumns != _tokens.Length || shard.ValueSize != _network.Options.ValueSize))
            {
                throw new ArgumentException(
                    $"The shard has {shard.TokenColumns} token columns and {shard.ValueSize} values a step; the network reads {_tokens.Length} and {_network.Options.ValueSize}.",
                    nameof(shards));
            }
            for (var row = 0; row < shard.Rows; row++, sequence++)
                Take(shard, row, sequence, key);
        }
        _characters?.Prepare(shards, training);
    }

    /// <summary>Lists the touched rows of every embedding; one thread, after <see cref="Prepare"/>.</summary>
    /// <param name="gradient">The gradient that <see cref="Backward"/> will write.</param>
    public void Collect(Gradient gradient)
    {
        var count = _batch.PackedRows;
        if (_entryTokens.Length < count)
            (_entryTokens, _entryShards) = (new int[count], new int[count]);
        for (var shard = 0; shard < _batch.Shards; shard++)
            for (var i = _batch.RowOffsets[shard]; i < _batch.RowOffsets[shard + 1]; i++)
                _entryShards[i] = shard;
        for (var column = FirstSparse; column < _embeddings.Length; column++)
        {
            for (var i = 0; i < count; i++)
                _entryTokens[i] = _tokens[column].Pointer[_batch.Rows[i]];
            _embeddings[column].Collect(
                _entryTokens.AsSpan(0, count), _entryShards.AsSpan(0, count), new ReadOnlySpan<int>(_batch.Rows, count), _batch.Shards,
                gradient.TouchedRowsOf(_network.EmbeddingTensor(column)));
        }
        _characters?.Collect(gradient);
    }

    /// <summary>Gathers embeddings and neighbours; the caller's next barrier ends it.</summary>
    public void Forward(int thread, StepKey? key)
    {
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        var options = _network.Options;
        for (int column = 0, offset = 0; column < _embeddings.Length; offset += options.Embeddings[column++])
        {
            var size = options.Embeddings[column];
            var table = _parameters + _network.Parameters.Tensors[_network.EmbeddingTensor(column)].Offset;
            var tokens = _tokens[column].Pointer;
            if (column < FirstSparse)
                GatherFromPanels(table, tokens, start, end);
            for (var row = start; column >= FirstSparse && row < end; row++)
                new ReadOnlySpan<float>(table + (nint)tokens[row] * size, size).CopyTo(new Span<float>(Steps.At(row) + offset, size));
        }
        _characters?.Forward(thread, Steps, _characterOffset);
        if (Window > 1)
        {
            _team.Barrier();
            ForEachRow(start, end, static (layer, row, step, sequence) => layer.GatherWindow(row, step, sequence));
        }
        if (key is { } dropout && options.Dropout.Embedding > 0)
            DropoutRows.Apply(_batch, dropout, DropoutMasks.EmbeddingTag, options.Dropout.Embedding, Inputs, _network.InputSize, 1, 0, start, end);
    }

    /// <summary>From the inputs' gradient to the embeddings'; begins after a barrier of the caller's.</summary>
    public void Backward(int thread, StepKey key, float* gradient)
    {
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        var options = _network.Options;
        if (options.Dropout.Embedding > 0)
            DropoutRows.Apply(_batch, key, DropoutMasks.EmbeddingTag, options.Dropout.Embedding, Gradients, _network.InputSize, 1, 0, start, end);
        _team.Barrier();
        var source = Gradients;
        if (Window > 1)
        {
            ForEachRow(start, end, static (layer, row, step, sequence) => layer.SumWindow(row, step, sequence));
            _team.Barrier();
            source = new RowBlock((nint)_stepGradients.Pointer, StepStride);
        }
        for (int column = 0, offset = 0; column < _embeddings.Length; offset += options.Embeddings[column++])
        {
            var tensor = _network.Parameters.Tensors[_network.EmbeddingTensor(column)];
            if (column < FirstSparse)
                continue;
            _embeddings[column].Sum(_team, thread, source.At(0), source.Stride, offset, gradient + tensor.Offset);
        }
        _characters?.Backward(thread, key, source, _characterOffset, gradient);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var embedding in _embeddings)
            embedding.Dispose();
        foreach (var tokens in _tokens)
            tokens.Dispose();
        foreach (var scratch in (Scratch[])[_step, _window, _gradients, _stepGradients])
            scratch.Dispose();
        _characters?.Dispose();
    }

    private void Take(SequenceBatch shard, int row, int sequence, StepKey? key)
    {
        var options = _network.Options;
        var (offset, length) = (shard.Offsets[row], shard.LengthOf(row));
        var wordRate = key is null ? 0 : options.Dropout.Words;
        var index = _batch.ShardOf[sequence];
        for (var column = 0; column < _tokens.Length; column++)
        {
            var tokens = shard.Tokens(column);
            for (var step = 0; step < length; step++)
            {
                var token = tokens[offset + step];
                if ((uint)token >= (uint)options.Vocabularies[column])
                    throw new ArgumentException($"Token {token} of column {column} is not in the vocabulary of {options.Vocabularies[column]}.", nameof(shard));
                if (column == 0 && wordRate > 0 && DropoutMasks.DropsWord(key!.Value, DropoutMasks.RowKey(step, _batch.FirstShard + index, row), wordRate))
                    token = options.UnknownToken;
                _tokens[column].Pointer[_batch.PackedRowOf(step, sequence)] = token;
            }
        }
        if (options.ValueSize == 0)
            return;
        var values = shard.Values;
        for (var step = 0; step < length; step++)
        {
            values.Slice((offset + step) * options.ValueSize, options.ValueSize)
                .CopyTo(new Span<float>(Steps.At(_batch.PackedRowOf(step, sequence)) + _valueOffset, options.ValueSize));
        }
    }

    /// <summary>Rows of an embedding that is an output layer's weight: a token is a column of a panel.</summary>
    private void GatherFromPanels(float* table, int* tokens, int start, int end)
    {
        var (shape, size) = (_network.HeadPanels, _network.Options.Embeddings[0]);
        for (var row = start; row < end; row++)
        {
            var panel = tokens[row] / PanelShape.MaxColumns;
            var columns = shape.ColumnsOf(panel);
            var source = table + shape.OffsetOf(panel, size) + tokens[row] % PanelShape.MaxColumns;
            var destination = Steps.At(row);
            for (var i = 0; i < size; i++, source += columns)
                destination[i] = *source;
        }
    }

    private void GatherWindow(int row, int step, int sequence)
    {
        var half = Window / 2;
        for (var slot = 0; slot < Window; slot++)
        {
            var from = step + slot - half;
            var destination = new Span<float>(Inputs.At(row) + slot * _stepSize, _stepSize);
            if (from < 0 || from >= _batch.LengthOf[sequence])
                destination.Clear();
            else
                new ReadOnlySpan<float>(Steps.At(_batch.PackedRowOf(from, sequence)), _stepSize).CopyTo(destination);
        }
    }

    /// <summary>The gradient of a step's own inputs: what all the windows that show it send back, by ascending slot, from +0.</summary>
    private void SumWindow(int row, int step, int sequence)
    {
        var half = Window / 2;
        var sum = _stepGradients.Pointer + (nint)row * StepStride;
        new Span<float>(sum, _stepSize).Clear();
        for (var slot = 0; slot < Window; slot++)
        {
            var at = step - slot + half;
            if (at < 0 || at >= _batch.LengthOf[sequence])
                continue;
            var source = Gradients.At(_batch.PackedRowOf(at, sequence)) + slot * _stepSize;
            for (var i = 0; i < _stepSize; i++)
                sum[i] += source[i];
        }
    }

    private void ForEachRow(int start, int end, Action<InputLayer, int, int, int> action)
    {
        var step = 0;
        for (var row = start; row < end; row++)
        {
            while (_batch.Starts[step + 1] <= row)
                step++;
            action(this, row, step, _batch.SequenceAt[row - _batch.Starts[step]]);
        }
    }
}
