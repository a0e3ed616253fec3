using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>One side's embedding: tokens by packed row, their vectors as the first values of that side's inputs, and the sparse gradient back.</summary>
/// <remarks>Members that take a thread are called by every thread of the team at once; all else by one.</remarks>
internal sealed unsafe class TokenEmbedding : IDisposable
{
    private readonly TensorInfo _tensor;
    private readonly TokenEmbeddingForm _form;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch;
    private readonly EmbeddingGradient _gradient;
    private readonly IntScratch _tokens = new();
    private int[] _entryTokens = [];
    private int[] _entryShards = [];
    private float* _table;

    /// <summary>Makes an embedding.</summary>
    /// <param name="tensor">The table, [V, E].</param>
    /// <param name="form">Dropout.</param>
    /// <param name="team">The threads.</param>
    /// <param name="batch">How rows lie.</param>
    public TokenEmbedding(TensorInfo tensor, TokenEmbeddingForm form, ComputeTeam team, PackedBatch batch)
    {
        (_tensor, _form, _team, _batch) = (tensor, form, team, batch);
        _gradient = new EmbeddingGradient(tensor.Shape[0], Size, team.Threads);
    }

    /// <summary>Values of a token, E.</summary>
    public int Size => _tensor.Shape[1];

    /// <summary>Bytes held.</summary>
    public long Bytes => _gradient.AllocatedBytes;

    /// <summary>Sets the parameters.</summary>
    public void SetParameters(FloatBuffer parameters) => _table = parameters.Pointer + _tensor.Offset;

    /// <summary>Takes the tokens of some shards.</summary>
    /// <param name="shards">The shards, as the batch was built from.</param>
    /// <param name="key">The seed and step of word dropout, or null without.</param>
    /// <exception cref="ArgumentException">The shards have no tokens, or one is not in the vocabulary.</exception>
    public void Prepare(ReadOnlySpan<SequenceBatch> shards, StepKey? key)
    {
        _tokens.Ensure(_batch.PackedRows);
        var sequence = 0;
        for (var shard = 0; shard < shards.Length; shard++)
        {
            if (shards[shard].Rows > 0 && shards[shard].TokenColumns != 1)
                throw new ArgumentException($"The shard has {shards[shard].TokenColumns} token columns; an encoder-decoder reads one on either side.", nameof(shards));
            for (var row = 0; row < shards[shard].Rows; row++, sequence++)
                Take(shards[shard], shard, row, sequence, key);
        }
    }

    /// <summary>Lists the touched rows.</summary>
    /// <param name="gradient">The gradient that <see cref="Backward"/> will write.</param>
    public void Collect(Gradient gradient)
    {
        var count = _batch.PackedRows;
        if (_entryTokens.Length < count)
            (_entryTokens, _entryShards) = (new int[count], new int[count]);
        for (var shard = 0; shard < _batch.Shards; shard++)
            for (var i = _batch.RowOffsets[shard]; i < _batch.RowOffsets[shard + 1]; i++)
                (_entryShards[i], _entryTokens[i]) = (shard, _tokens.Pointer[_batch.Rows[i]]);
        _gradient.Collect(
            _entryTokens.AsSpan(0, count), _entryShards.AsSpan(0, count), new ReadOnlySpan<int>(_batch.Rows, count), _batch.Shards,
            gradient.TouchedRowsOf(gradient.Parameters.Tensors.IndexOf(_tensor)));
    }

    /// <summary>Writes the vectors; the caller's next barrier ends it.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="inputs">The inputs by packed row, whose first values are the embedding.</param>
    /// <param name="key">The seed and step of dropout, or null without.</param>
    public void Forward(int thread, RowBlock inputs, StepKey? key)
    {
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        for (var row = start; row < end; row++)
            new ReadOnlySpan<float>(_table + (nint)_tokens.Pointer[row] * Size, Size).CopyTo(new Span<float>(inputs.At(row), Size));
        if (key is { } dropout && _form.Rate > 0)
            DropoutRows.Apply(_batch, dropout, DropoutMasks.EmbeddingTag + _form.DropoutTags, _form.Rate, inputs, Size, 1, 0, start, end);
    }

    /// <summary>From the inputs' gradient to the embedding's; begins after a barrier of the caller's.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="gradients">The inputs' gradient by packed row.</param>
    /// <param name="key">The seed and step of dropout.</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Backward(int thread, RowBlock gradients, StepKey key, float* gradient)
    {
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        if (_form.Rate > 0)
            DropoutRows.Apply(_batch, key, DropoutMasks.EmbeddingTag + _form.DropoutTags, _form.Rate, gradients, Size, 1, 0, start, end);
        _team.Barrier();
        _gradient.Sum(_team, thread, gradients.At(0), gradients.Stride, 0, gradient + _tensor.Offset);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gradient.Dispose();
        _tokens.Dispose();
    }

    private void Take(SequenceBatch shard, int index, int row, int sequence, StepKey? key)
    {
        var tokens = shard.Tokens(0).Slice(shard.Offsets[row], shard.LengthOf(row));
        for (var step = 0; step < tokens.Length; step++)
        {
            var token = tokens[step];
            if ((uint)token >= (uint)_tensor.Shape[0])
                throw new ArgumentException($"Token {token} is not in the vocabulary of {_tensor.Shape[0]}.", nameof(shard));
            if (key is { } dropout && DropoutMasks.DropsWord(dropout, DropoutMasks.RowKey(_form.FirstStep + step, _batch.FirstShard + index, row), _form.WordRate))
                token = _form.UnknownToken;
            _tokens.Pointer[_batch.PackedRowOf(step, sequence)] = token;
        }
    }
}

/// <summary>How a side's embedding is dropped.</summary>
/// <param name="Rate">The rate of dropout.</param>
/// <param name="DropoutTags">What is added to its tag, so that the sides differ.</param>
/// <param name="WordRate">The rate of word dropout.</param>
/// <param name="UnknownToken">What word dropout puts in place.</param>
/// <param name="FirstStep">What is added to the step in word dropout, which has no tags.</param>
internal sealed record TokenEmbeddingForm(float Rate, uint DropoutTags, float WordRate, int UnknownToken, int FirstStep);
