using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Computes with a <see cref="WordVectorModel"/>: gradients of shards in training, losses in use. A group's contexts, centre words and negatives are
/// gathered once and multiplied as three small matrices: scores X Y^T, and from the errors E the gradients E Y of the contexts and E^T X of the rest.
/// </summary>
/// <remarks>
/// <para>
/// A score is one chain of fused multiply-adds over the dimensions; an input's gradient one over the group's columns, a column's one over the group's
/// inputs, each ascending from +0. The gradient of a row is the sum of those of its occurrences, from +0, in (group, input, place) order in
/// <c>in.weight</c> and (group, column) order in <c>out.weight</c>, and then the gradient tree over shards. CBOW's mean is the sum of its words, in
/// their order, times float(1 / words), and its gradient goes to each of them times the same.
/// </para>
/// <para>All shards of a call are stacked, and threads share out groups. One caller at a time; nothing is allocated once the largest step was seen.</para>
/// </remarks>
public sealed unsafe class WordVectorComputer : INetworkComputer
{
    private readonly WordVectorModel _model;
    private readonly ComputeTeam _team;
    private readonly MatrixKernels _products;
    private readonly WordVectorKernels _kernels;
    private readonly WordVectorGroups _groups;
    private readonly WordVectorScratch[] _scratch;
    private readonly EmbeddingGradient _inGradient;
    private readonly EmbeddingGradient _outGradient;
    private readonly GrowingList<int> _columnWords = new();
    private readonly GrowingList<int> _columnShards = new();
    private readonly GrowingList<int> _columnRows = new();
    private readonly GrowingList<double> _losses = new();
    private readonly FloatBuffer _zeros;
    private readonly Action<int> _train;
    private readonly Action<int> _predict;
    private readonly int _stride;
    private FloatBuffer? _inputGradients;
    private FloatBuffer? _columnGradients;
    private FloatBuffer? _parameters;
    private float* _gradient;

    /// <summary>Makes a computer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="team">The threads to compute on; the caller is its thread 0. Stays the caller's.</param>
    /// <param name="width">The vector width, or null for <see cref="SimdWidths.Current"/>; every width gives the same bits.</param>
    public WordVectorComputer(WordVectorModel model, ComputeTeam team, SimdWidth? width = null)
        : this(model, team, width, null, WordVectorGroups.CentresMax)
    {
    }

    /// <summary>Makes a computer whose groups and negatives are the caller's choice.</summary>
    internal WordVectorComputer(WordVectorModel model, ComputeTeam team, SimdWidth? width, IWordVectorNegatives? negatives, int centresMax)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(team);
        (_model, _team) = (model, team);
        var chosen = width ?? SimdWidths.Current;
        _products = MatrixKernels.Create(chosen);
        _kernels = WordVectorKernels.Create(chosen);
        _groups = new WordVectorGroups(model.Options, negatives, centresMax);
        _stride = (model.Options.Dimensions + 15) / 16 * 16;
        _scratch = new WordVectorScratch[team.Threads];
        for (var i = 0; i < _scratch.Length; i++)
            _scratch[i] = new WordVectorScratch(_stride);
        _inGradient = new EmbeddingGradient(model.In.Rows, model.In.RowSize, team.Threads);
        _outGradient = new EmbeddingGradient(model.Out.Rows, model.Out.RowSize, team.Threads);
        _zeros = new FloatBuffer(Math.Max(_stride, 64) + 64);
        _train = Train;
        _predict = thread =>
        {
            var (start, end) = _team.PartOf(thread, _groups.Groups.Count);
            for (var group = start; group < end; group++)
                Score(group, _scratch[thread]);
        };
    }

    /// <inheritdoc/>
    public long AllocatedBytes =>
        _scratch.Sum(scratch => scratch.Bytes) + ((_inputGradients?.Count ?? 0) + (_columnGradients?.Count ?? 0)) * sizeof(float) + _inGradient.AllocatedBytes + _outGradient.AllocatedBytes;

    /// <summary>The parameters to compute with; null before they are set.</summary>
    public FloatBuffer? Parameters => _parameters;

    /// <inheritdoc/>
    public void SetParameters(FloatBuffer parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != _model.Parameters.Count)
            throw new ArgumentException($"The vector has {parameters.Count} floats, the model {_model.Parameters.Count}.", nameof(parameters));
        _parameters = parameters;
    }

    /// <summary>
    /// The gradient of some neighbouring shards of a step's batch, summed by the gradient tree; the sum over pairs, divided by nothing. All shards of a
    /// step at once, an aligned subtree of them, or one after another combined with <see cref="Gradient.AddRight"/> give the same bits.
    /// </summary>
    /// <param name="key">The seed and the step.</param>
    /// <param name="firstShard">The number of the first shard in the batch: negatives depend on it.</param>
    /// <param name="shards">The shards, in order: a row a centre word, which is its target; its steps are the words of its context.</param>
    /// <param name="from">Null: there is no state.</param>
    /// <param name="to">Null.</param>
    /// <param name="gradient">Where the sum goes; its earlier content is lost.</param>
    /// <param name="results">Each shard's loss, pairs (<see cref="ShardResult.Targets"/>) and centre words (<see cref="ShardResult.Sequences"/>).</param>
    /// <exception cref="InvalidOperationException"><see cref="SetParameters"/> was not called.</exception>
    /// <exception cref="ArgumentException">The shards do not fit the model, or there is a state.</exception>
    public void ComputeGradient(StepKey key, int firstShard, ReadOnlySpan<SequenceBatch> shards, LaneState? from, LaneState? to, Gradient gradient, Span<ShardResult> results)
    {
        GradientArguments.ThrowIfUnfit(_model.Parameters, firstShard, shards, gradient, results);
        if (from is not null || to is not null)
            throw new ArgumentException("Word vectors carry no state from step to step.", nameof(from));
        Prepare(key, firstShard, shards);
        Collect(shards.Length, gradient);
        gradient.IsAbsent = _groups.Groups.Count == 0;
        _gradient = gradient.Values.Pointer;
        _team.Run(_train);
        Report(shards, results);
    }

    /// <inheritdoc/>
    /// <remarks>Never told: both matrices are done together.</remarks>
    public GradientProgress? Progress { get; set; }

    /// <summary>The loss of a batch, against negatives that are the same in every evaluation.</summary>
    /// <param name="batch">The centre words and their contexts.</param>
    /// <param name="from">Null: there is no state.</param>
    /// <param name="to">Null.</param>
    /// <param name="predictions">Where the sums go; there are no outputs.</param>
    /// <exception cref="InvalidOperationException"><see cref="SetParameters"/> was not called.</exception>
    /// <exception cref="ArgumentException">The batch does not fit the model.</exception>
    public void Predict(SequenceBatch batch, LaneState? from, LaneState? to, Predictions predictions)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(predictions);
        ReadOnlySpan<SequenceBatch> shards = new(ref batch);
        Prepare(null, 0, shards);
        _team.Run(_predict);
        Span<ShardResult> results = stackalloc ShardResult[1];
        Report(shards, results);
        predictions.Reset(0, 1, classes: false);
        predictions.Result = results[0];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var scratch in _scratch)
            scratch.Dispose();
        _inGradient.Dispose();
        _outGradient.Dispose();
        _zeros.Dispose();
        _inputGradients?.Dispose();
        _columnGradients?.Dispose();
    }

    private void Prepare(StepKey? key, int firstShard, ReadOnlySpan<SequenceBatch> shards)
    {
        if (_parameters is null)
            throw new InvalidOperationException("The parameters have not been set.");
        _groups.Build(key, firstShard, shards);
        foreach (var scratch in _scratch)
            scratch.Reserve(_groups.InputsMax, _groups.ColumnsMax);
        _losses.Clear();
        _losses.AddMany(_groups.Groups.Count);
    }

    private void Collect(int shards, Gradient gradient)
    {
        _inGradient.Collect(_groups.Words.Span, _groups.WordShards.Span, _groups.WordInputs.Span, shards, gradient.TouchedRowsOf(WordVectorModel.InTensor));
        _columnWords.Clear();
        _columnShards.Clear();
        _columnRows.Clear();
        foreach (var group in _groups.Groups.Span)
        {
            for (var column = group.FirstColumn; column < group.FirstColumn + group.Columns; column++)
            {
                if (_groups.Columns.Span[column] is not (>= 0 and var word))
                    continue;
                _columnWords.Add(word);
                _columnShards.Add(group.Shard);
                _columnRows.Add(column);
            }
        }
        _outGradient.Collect(_columnWords.Span, _columnShards.Span, _columnRows.Span, shards, gradient.TouchedRowsOf(WordVectorModel.OutTensor));
        Grow(ref _inputGradients, (long)(_groups.InputStarts.Count - 1) * _stride);
        Grow(ref _columnGradients, (long)_groups.Columns.Count * _stride);
    }

    private static void Grow(ref FloatBuffer? buffer, long count)
    {
        if (buffer is not null && buffer.Count >= count)
            return;
        count = Math.Max(Math.Max(count, 64), 2 * (buffer?.Count ?? 0));
        buffer?.Dispose();
        buffer = new FloatBuffer(count);
    }

    private void Train(int thread)
    {
        var (start, end) = _team.PartOf(thread, _groups.Groups.Count);
        for (var group = start; group < end; group++)
        {
            Score(group, _scratch[thread]);
            if (group + 1 < end)
                Prefetch(_groups.Groups.Span[group + 1]);
            Backward(_groups.Groups.Span[group], _scratch[thread]);
        }
        _team.Barrier();
        _inGradient.Sum(_team, thread, _inputGradients!.Pointer, _stride, 0, _gradient + _model.In.Offset);
        _outGradient.Sum(_team, thread, _columnGradients!.Pointer, _stride, 0, _gradient + _model.Out.Offset);
    }

    /// <summary>Asks for the rows of a group that is to come, so that gathering it does not wait for the memory.</summary>
    private void Prefetch(in WordVectorGroup group)
    {
        var size = _model.Options.Dimensions;
        var inWeight = _parameters!.Pointer + _model.In.Offset;
        var outWeight = _parameters.Pointer + _model.Out.Offset;
        var starts = _groups.InputStarts.Span;
        foreach (var word in _groups.Words.Span[starts[group.FirstInput]..starts[group.FirstInput + group.Inputs]])
            _kernels.Prefetch(inWeight + (nint)word * size, size);
        foreach (var word in _groups.Columns.Span.Slice(group.FirstColumn, group.Columns))
            if (word >= 0)
                _kernels.Prefetch(outWeight + (nint)word * size, size);
    }

    /// <summary>Gathers a group's rows, and makes its scores and then its errors and losses.</summary>
    private void Score(int index, WordVectorScratch scratch)
    {
        var group = _groups.Groups.Span[index];
        var size = _model.Options.Dimensions;
        Gather(group, scratch);
        RowTranspose.Run(scratch.Y, _stride, group.Columns, size, scratch.Transposed, group.Columns);
        for (var first = 0; first < group.Columns; first += PanelShape.MaxColumns)
        {
            var columns = Math.Min(PanelShape.MaxColumns, group.Columns - first);
            _products.Multiply(
                new LeftOperand(scratch.X, _stride), group.Inputs, size, scratch.Transposed + first, group.Columns, columns, _zeros.Pointer, scratch.Errors + first, group.Columns);
        }
        fixed (float* weights = _groups.Weights.Span)
            _kernels.Decide(scratch.Errors, scratch.Losses, group.Inputs, group.Columns, weights + group.FirstWeight);
        _losses.Span[index] = -Reductions.Sum(scratch.Losses, (long)group.Inputs * group.Columns);
    }

    private void Gather(in WordVectorGroup group, WordVectorScratch scratch)
    {
        var size = _model.Options.Dimensions;
        var inWeight = _parameters!.Pointer + _model.In.Offset;
        var outWeight = _parameters.Pointer + _model.Out.Offset;
        var starts = _groups.InputStarts.Span;
        var words = _groups.Words.Span;
        var columns = _groups.Columns.Span;
        for (var i = 0; i < group.Inputs; i++)
        {
            var (start, end) = (starts[group.FirstInput + i], starts[group.FirstInput + i + 1]);
            var row = scratch.X + (nint)i * _stride;
            if (_model.Options.Algorithm == WordVectorAlgorithm.SkipGram)
                new ReadOnlySpan<float>(inWeight + (nint)words[start] * size, size).CopyTo(new Span<float>(row, size));
            else
                _kernels.SumRows(inWeight, words[start..end], size, 1f / (end - start), row);
        }
        for (var i = 0; i < group.Columns; i++)
        {
            var row = new Span<float>(scratch.Y + (nint)i * _stride, size);
            if (columns[group.FirstColumn + i] is >= 0 and var word)
                new ReadOnlySpan<float>(outWeight + (nint)word * size, size).CopyTo(row);
            else
                row.Clear();
        }
    }

    private void Backward(in WordVectorGroup group, WordVectorScratch scratch)
    {
        var size = _model.Options.Dimensions;
        var inputs = _inputGradients!.Pointer + (nint)group.FirstInput * _stride;
        var columns = _columnGradients!.Pointer + (nint)group.FirstColumn * _stride;
        var height = (group.Inputs + RowTranspose.Block - 1) / RowTranspose.Block * RowTranspose.Block;
        RowTranspose.Run(scratch.Errors, group.Columns, group.Inputs, group.Columns, scratch.ErrorsTransposed, height);
        for (var first = 0; first < size; first += PanelShape.MaxColumns)
        {
            var width = Math.Min(PanelShape.MaxColumns, size - first);
            _products.Multiply(
                new LeftOperand(scratch.Errors, group.Columns), group.Inputs, group.Columns, scratch.Y + first, _stride, width, _zeros.Pointer, inputs + first, _stride);
            _products.Multiply(
                new LeftOperand(scratch.ErrorsTransposed, height), group.Columns, group.Inputs, scratch.X + first, _stride, width, _zeros.Pointer, columns + first, _stride);
        }
        if (_model.Options.Algorithm == WordVectorAlgorithm.SkipGram)
            return;
        var starts = _groups.InputStarts.Span;
        for (var i = 0; i < group.Inputs; i++)
            _kernels.Scale(inputs + (nint)i * _stride, size, 1f / (starts[group.FirstInput + i + 1] - starts[group.FirstInput + i]));
    }

    private void Report(ReadOnlySpan<SequenceBatch> shards, Span<ShardResult> results)
    {
        var next = 0;
        for (var shard = 0; shard < shards.Length; shard++)
        {
            var (sum, pairs) = (new InterleavedSum(), 0L);
            for (; next < _groups.Groups.Count && _groups.Groups.Span[next].Shard == shard; next++)
            {
                sum.Add(_losses.Span[next]);
                pairs += _groups.Groups.Span[next].Pairs;
            }
            results[shard] = new ShardResult(sum.Total, pairs, shards[shard].Rows, 0);
        }
    }
}
