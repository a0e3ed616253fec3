using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Attention over an encoder's states: for a decoder's state q, weights w = softmax over s of score(q, m_s) and the context, the sum of w_s m_s. A
/// sequence's own length is all there is of it, so nothing is masked.
/// </summary>
/// <remarks>
/// <see cref="Load"/> and <see cref="Finish"/> are called by every thread of the team at once and contain the same barriers for each; rows forward
/// and back may be computed by any thread, a row's steps back from the last. What goes back to the memory is summed over t, ascending, but for
/// additive keys, which take it as the steps go back.
/// </remarks>
internal sealed unsafe class AttentionLayer : IDisposable
{
    private readonly AttentionForm _form;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _source;
    private readonly PackedBatch _target;
    private readonly MatrixKernels _matrices;
    private readonly AttentionKernels _kernels;
    private readonly AttentionMemory _memory;
    private readonly AttentionMemory? _ownKeys;
    private readonly OutputLayer? _keyLayer;
    private readonly OutputLayer? _queryLayer;
    private readonly Scratch _weights = new();
    private readonly Scratch _scoreGradients = new();
    private readonly Scratch _backRows = new();
    private readonly Scratch _vGradients = new();
    private readonly Scratch[] _threadScratch;
    private readonly IntScratch _rowLists = new();
    private readonly IntScratch _present = new();
    private readonly float _scale;
    private int[] _sequenceOf = [];
    private float* _parameters;
    private nint _scoreStride;
    private bool _training;

    /// <summary>Makes a layer.</summary>
    /// <param name="form">Sizes and tensors.</param>
    /// <param name="team">The threads.</param>
    /// <param name="source">How the encoder's rows lie.</param>
    /// <param name="target">How the decoder's rows lie.</param>
    /// <param name="width">The vector width.</param>
    public AttentionLayer(AttentionForm form, ComputeTeam team, PackedBatch source, PackedBatch target, SimdWidth width)
    {
        (_form, _team, _source, _target) = (form, team, source, target);
        (_matrices, _kernels) = (MatrixKernels.Create(width), AttentionKernels.Create(width));
        _memory = new AttentionMemory(form.MemorySize, turned: true);
        _scale = form.Kind == AttentionKind.ScaledDot ? (float)(1 / Math.Sqrt(form.QuerySize)) : 1;
        if (form.KeyWeight is { } weight)
        {
            _ownKeys = new AttentionMemory(weight.Shape[0], turned: true);
            _keyLayer = new OutputLayer(team, _matrices, new OutputLayerForm(weight, null, new PanelShape(1, weight.Shape[0]), form.Segment, form.Segments, form.SegmentStride));
        }
        if (form.QueryWeight is { } queries)
            _queryLayer = new OutputLayer(team, _matrices, new OutputLayerForm(queries, null, new PanelShape(1, queries.Shape[0]), form.QuerySize, 1, 0));
        _threadScratch = [.. Enumerable.Range(0, team.Threads).Select(_ => new Scratch())];
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _memory.Bytes + (_ownKeys?.Bytes ?? 0) + (_keyLayer?.Bytes ?? 0) + (_queryLayer?.Bytes ?? 0)
        + _weights.Bytes + _scoreGradients.Bytes + _backRows.Bytes + _vGradients.Bytes + _threadScratch.Sum(scratch => scratch.Bytes);

    private AttentionMemory Keys => _ownKeys ?? _memory;

    private bool IsAdditive => _queryLayer is not null;

    private nint BackStride => (_form.QuerySize + 15) / 16 * 16;

    private nint VStride => IsAdditive ? Keys.Stride : 0;

    /// <summary>The weights of a decoder's row after <see cref="Forward"/>, one for each step of its sequence.</summary>
    /// <param name="row">The packed row.</param>
    public float* WeightsAt(int row) => _weights.Pointer + row * _scoreStride;

    /// <summary>Where dE/d(weights) of a row may be put before its step back, which adds the context's part.</summary>
    /// <param name="row">The packed row.</param>
    public float* WeightGradientsAt(int row) => _scoreGradients.Pointer + row * _scoreStride;

    /// <summary>Sets the parameters.</summary>
    public void SetParameters(FloatBuffer parameters)
    {
        _parameters = parameters.Pointer;
        _keyLayer?.SetParameters(parameters);
        _queryLayer?.SetParameters(parameters);
    }

    /// <summary>Rebuilds this thread's share of the transposes.</summary>
    public void RebuildTransposes(int thread)
    {
        _keyLayer?.RebuildTransposes(thread);
        _queryLayer?.RebuildTransposes(thread);
    }

    /// <summary>Makes room for the encoder's rows; one thread.</summary>
    /// <param name="training">Whether a backward pass will follow.</param>
    public void PrepareSource(bool training)
    {
        _training = training;
        _memory.Prepare(_source, training);
        _ownKeys?.Prepare(_source, training);
        _keyLayer?.Prepare(_source.PackedRows);
        _scoreStride = AttentionMemory.TurnedStride(_source.Steps);
    }

    /// <summary>Makes room for the decoder's rows; one thread.</summary>
    /// <param name="training">Whether a backward pass will follow.</param>
    /// <param name="sequenceOf">The encoder's sequence that each of the decoder's reads.</param>
    public void PrepareTarget(bool training, ReadOnlySpan<int> sequenceOf)
    {
        if (_sequenceOf.Length < sequenceOf.Length)
            _sequenceOf = new int[sequenceOf.Length];
        sequenceOf.CopyTo(_sequenceOf);
        _weights.Ensure(_target.PackedRows * _scoreStride);
        _queryLayer?.Prepare(_target.PackedRows);
        if (!training)
            return;
        _scoreGradients.Ensure(_target.PackedRows * _scoreStride);
        new Span<float>(_scoreGradients.Pointer, checked((int)(_target.PackedRows * _scoreStride))).Clear();
        _backRows.Ensure(_target.PackedRows * BackStride);
        _vGradients.Ensure(_target.PackedRows * VStride);
        foreach (var scratch in _threadScratch)
            scratch.Ensure(MatrixKernels.ScratchFloats);
        ListRows();
    }

    /// <summary>Takes the encoder's states in and makes the keys; begins after a barrier of the caller's and ends with one.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="memory">The states by packed row, [N, segments].</param>
    public void Load(int thread, in LeftOperand memory)
    {
        var (start, end) = _team.PartOf(thread, _source.PackedRows);
        for (var panel = 0; _keyLayer is not null && panel < _keyLayer.Shape.PanelCount && start < end; panel++)
            _keyLayer.Product(memory, panel, start, end);
        var (first, last) = _team.PartOf(thread, _source.Sequences);
        for (var sequence = first; sequence < last; sequence++)
        {
            for (var step = 0; step < _source.LengthOf[sequence]; step++)
                CopyRow(memory, _source.PackedRowOf(step, sequence), _memory.At(sequence, step));
            _memory.Turn(sequence, _source.LengthOf[sequence]);
            if (_training && IsAdditive)
                new Span<float>(Keys.GradientAt(sequence, 0), checked((int)(_source.LengthOf[sequence] * Keys.Stride))).Clear();
        }
        _team.Barrier();
        for (var sequence = first; _keyLayer is not null && sequence < last; sequence++)
        {
            for (var step = 0; step < _source.LengthOf[sequence]; step++)
                CopyPanels(_keyLayer, _source.PackedRowOf(step, sequence), Keys.At(sequence, step));
            Keys.Turn(sequence, _source.LengthOf[sequence]);
        }
        _team.Barrier();
    }

    /// <summary>Weights and contexts of some neighbouring rows of one step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="start">The first packed row.</param>
    /// <param name="end">Behind the last one.</param>
    /// <param name="queries">The decoder's states, by packed row.</param>
    /// <param name="contexts">Where contexts go, by packed row, with room for them rounded up to 16.</param>
    public void Forward(int step, int start, int end, RowBlock queries, RowBlock contexts)
    {
        for (var panel = 0; _queryLayer is not null && panel < _queryLayer.Shape.PanelCount; panel++)
            _queryLayer.Product(new LeftOperand(queries.At(0), queries.Stride), panel, start, end);
        for (var row = start; row < end; row++)
        {
            var (sequence, length) = SequenceOf(step, row);
            var weights = WeightsAt(row);
            var stride = AttentionMemory.TurnedStride(length);
            new Span<float>(weights, (int)stride).Clear();
            if (_queryLayer is null)
                Keys.TimesEveryRow(_matrices, queries.At(row), sequence, length, weights);
            for (var panel = 0; _queryLayer is not null && panel < _queryLayer.Shape.PanelCount; panel++)
            {
                var first = panel * PanelShape.MaxColumns;
                _kernels.AdditiveScores(
                    _queryLayer.Outputs.At(panel, row), _parameters + _form.V!.Offset + first, Keys.TurnedOf(sequence) + first * stride, _queryLayer.Shape.ColumnsOf(panel),
                    stride, length, weights);
            }
            _kernels.Softmax(weights, length, _scale);
            new Span<float>(contexts.At(row), (_form.MemorySize + 15) / 16 * 16).Clear();
            _memory.WeightedSum(_matrices, weights, sequence, length, contexts.At(row));
        }
    }

    /// <summary>Back through some neighbouring rows of one step; a sequence's rows are all computed by one thread.</summary>
    /// <param name="step">The step.</param>
    /// <param name="start">The first packed row.</param>
    /// <param name="end">Behind the last one.</param>
    /// <param name="contextGradients">dE/d(contexts), by packed row.</param>
    /// <param name="queryGradients">What dE/d(queries) is added to, by packed row, with room for it rounded up to 16.</param>
    public void Backward(int step, int start, int end, RowBlock contextGradients, RowBlock queryGradients)
    {
        for (var row = start; row < end; row++)
        {
            var (sequence, length) = SequenceOf(step, row);
            var scores = WeightGradientsAt(row);
            _memory.TimesEveryRow(_matrices, contextGradients.At(row), sequence, length, scores);
            _kernels.SoftmaxBackward(WeightsAt(row), scores, length, _scale);
            if (_queryLayer is null)
                Keys.WeightedSum(_matrices, scores, sequence, length, queryGradients.At(row));
            for (var panel = 0; _queryLayer is not null && panel < _queryLayer.Shape.PanelCount; panel++)
            {
                var first = panel * PanelShape.MaxColumns;
                _kernels.AdditiveBackward(
                    _queryLayer.Outputs.At(panel, row), _parameters + _form.V!.Offset + first, Keys.At(sequence, 0) + first, Keys.GradientAt(sequence, 0) + first, Keys.Stride,
                    scores, length, _queryLayer.Shape.ColumnsOf(panel), _vGradients.Pointer + row * VStride + first);
            }
        }
        if (_queryLayer is null)
            return;
        var back = new RowBlock((nint)_backRows.Pointer, BackStride);
        _queryLayer.Back(back, start, end, 0, _queryLayer.Columns16);
        for (var row = start; row < end; row++)
        {
            float* sum = queryGradients.At(row), added = back.At(row);
            for (var unit = 0; unit < _form.QuerySize; unit++)
                sum[unit] += added[unit];
        }
    }

    /// <summary>What goes back to the encoder's states, and the gradients of the attention's own tensors; begins after a barrier of the caller's and ends with one.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="memory">The encoder's states, as for <see cref="Load"/>.</param>
    /// <param name="queries">The decoder's states, by packed row.</param>
    /// <param name="contextGradients">dE/d(contexts), by packed row.</param>
    /// <param name="memoryGradients">Where dE/d(the encoder's states) goes, by packed row, laid out as they are.</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Finish(int thread, in LeftOperand memory, RowBlock queries, RowBlock contextGradients, RowBlock memoryGradients, float* gradient)
    {
        var (first, last) = _team.PartOf(thread, _source.Sequences);
        for (var sequence = first; sequence < last; sequence++)
            SumOverSteps(sequence, queries, contextGradients, _threadScratch[thread].Pointer);
        _team.Barrier();
        if (_keyLayer is not null)
        {
            var (start, end) = _team.PartOf(thread, _source.PackedRows);
            if (start < end)
                _keyLayer.Back(memoryGradients, start, end, 0, _keyLayer.Columns16);
            _keyLayer.Gradients(thread, memory, _source.EveryRow, _source.Order, gradient);
        }
        if (_queryLayer is not null)
        {
            _queryLayer.Gradients(thread, new LeftOperand(queries.At(0), queries.Stride), _target.EveryRow, _target.Order, gradient);
            var one = 1f;
            if (thread == _team.Threads - 1)
                _matrices.SumOuterProducts(&one, 0, 1, _vGradients.Pointer, VStride, Keys.Columns, _target.EveryRow, gradient + _form.V!.Offset, Keys.Columns, false, _threadScratch[thread].Pointer);
        }
        _team.Barrier();
        for (var sequence = first; sequence < last; sequence++)
            for (var step = 0; step < _source.LengthOf[sequence]; step++)
                PutBack(_memory.GradientAt(sequence, step), memoryGradients.At(_source.PackedRowOf(step, sequence)));
        _team.Barrier();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        _ownKeys?.Dispose();
        _keyLayer?.Dispose();
        _queryLayer?.Dispose();
        foreach (var scratch in (Scratch[])[_weights, _scoreGradients, _backRows, _vGradients, .. _threadScratch])
            scratch.Dispose();
        _rowLists.Dispose();
        _present.Dispose();
    }

    private (int Sequence, int Length) SequenceOf(int step, int row)
    {
        var sequence = _sequenceOf[_target.SequenceAt[row - _target.Starts[step]]];
        return (sequence, _source.LengthOf[sequence]);
    }

    /// <summary>dE/d(m_s) = sum over t of w_ts dE/dc_t and dE/d(key_s) = sum over t of dE/de_ts q_t, in one chain where the keys are the states themselves.</summary>
    private void SumOverSteps(int sequence, RowBlock queries, RowBlock contextGradients, float* scratch)
    {
        var length = _source.LengthOf[sequence];
        var list = _rowLists.Pointer;
        var rows = new ShardRows(list, list, list + _target.PackedRows + sequence, (bool*)_present.Pointer, 1);
        _matrices.SumOuterProducts(
            WeightsAt(0), _scoreStride, length, contextGradients.At(0), contextGradients.Stride, _form.MemorySize, rows, _memory.GradientAt(sequence, 0), _memory.Stride, false, scratch);
        if (_queryLayer is null)
        {
            _matrices.SumOuterProducts(
                WeightGradientsAt(0), _scoreStride, length, queries.At(0), queries.Stride, Keys.Columns, rows, Keys.GradientAt(sequence, 0), Keys.Stride, _ownKeys is null, scratch);
        }
        for (var step = 0; _keyLayer is not null && step < length; step++)
        {
            var row = _source.PackedRowOf(step, sequence);
            var from = Keys.GradientAt(sequence, step);
            for (var panel = 0; panel < _keyLayer.Shape.PanelCount; panel++)
                new ReadOnlySpan<float>(from + panel * PanelShape.MaxColumns, _keyLayer.Shape.ColumnsOf(panel)).CopyTo(new Span<float>(_keyLayer.Outputs.At(panel, row), PanelShape.MaxColumns));
        }
    }

    private void PutBack(float* from, float* to)
    {
        for (var segment = 0; segment < _form.Segments; segment++, from += _form.Segment, to += _form.SegmentStride)
            for (var i = 0; i < _form.Segment; i++)
                to[i] = _keyLayer is null ? from[i] : to[i] + from[i];
    }

    private void CopyRow(in LeftOperand memory, int row, float* to)
    {
        var from = (float*)memory.Pointer + row * memory.RowStride;
        for (var segment = 0; segment < _form.Segments; segment++)
            new ReadOnlySpan<float>(from + segment * _form.SegmentStride, _form.Segment).CopyTo(new Span<float>(to + segment * _form.Segment, _form.Segment));
    }

    private static void CopyPanels(OutputLayer layer, int row, float* to)
    {
        for (var panel = 0; panel < layer.Shape.PanelCount; panel++)
            new ReadOnlySpan<float>(layer.Outputs.At(panel, row), layer.Shape.ColumnsOf(panel)).CopyTo(new Span<float>(to + panel * PanelShape.MaxColumns, PanelShape.MaxColumns));
    }

    /// <summary>The decoder's packed rows of each sequence, t ascending, and behind them where each sequence begins.</summary>
    private void ListRows()
    {
        var list = _rowLists.Ensure(_target.PackedRows + _target.Sequences + 1L);
        var offsets = list + _target.PackedRows;
        var next = 0;
        for (var sequence = 0; sequence < _target.Sequences; sequence++)
        {
            offsets[sequence] = next;
            for (var step = 0; step < _target.LengthOf[sequence]; step++)
                list[next++] = _target.PackedRowOf(step, sequence);
        }
        offsets[_target.Sequences] = next;
        *_present.Ensure(1) = 1;
    }
}

/// <summary>What attention is made of.</summary>
internal sealed record AttentionForm
{
    /// <summary>The score; not <see cref="AttentionKind.None"/>.</summary>
    public required AttentionKind Kind { get; init; }

    /// <summary>Units of the decoder's state q.</summary>
    public required int QuerySize { get; init; }

    /// <summary>Units of an encoder's state in a segment of its rows: a direction.</summary>
    public required int Segment { get; init; }

    /// <summary>Segments of the encoder's rows.</summary>
    public required int Segments { get; init; }

    /// <summary>Floats from a segment to the next.</summary>
    public required int SegmentStride { get; init; }

    /// <summary>W [query units, memory units] of general scores, W_m [units, memory units] of additive ones; else null.</summary>
    public TensorInfo? KeyWeight { get; init; }

    /// <summary>W_q [units, query units] of additive scores; else null.</summary>
    public TensorInfo? QueryWeight { get; init; }

    /// <summary>v [units] of additive scores; else null.</summary>
    public TensorInfo? V { get; init; }

    /// <summary>Units of an encoder's state in all.</summary>
    public int MemorySize => Segment * Segments;
}
