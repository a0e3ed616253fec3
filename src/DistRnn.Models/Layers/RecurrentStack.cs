using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// All recurrent layers in all directions over packed rows, forward and backward. Its members that take a thread are called by every thread of the
/// team at once and contain the same barriers for each.
/// </summary>
/// <remarks>
/// How threads share a step: where the recurrent weights fit a core's second-level cache and there are rows enough, each takes positions and needs
/// nobody until the layer is done; otherwise each takes panels, and both directions of a layer run side by side with a barrier a round.
/// </remarks>
internal sealed unsafe partial class RecurrentStack : IDisposable
{
    private const long ResidentWeightBytes = 700 << 10;
    private const int RowsPerThreadMin = 4;

    private readonly RecurrentStackOptions _options;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch;
    private readonly RecurrentDirection[][] _layers;
    private readonly Scratch[] _states;
    private readonly Scratch[] _dropped;
    private readonly Scratch[] _gradients;
    private readonly Scratch[] _threadScratch;
    private readonly int[] _cuts;
    private long[] _lanes = [];
    private LaneState? _from;
    private LaneState? _to;
    private LeftOperand _input;
    private bool _byPositions;

    /// <summary>Makes a stack.</summary>
    /// <param name="options">Shapes, cell and tensors.</param>
    /// <param name="team">The threads.</param>
    /// <param name="batch">How rows lie; rebuilt by the caller before <see cref="Prepare"/>.</param>
    /// <param name="width">The vector width.</param>
    public RecurrentStack(RecurrentStackOptions options, ComputeTeam team, PackedBatch batch, SimdWidth width)
    {
        (_options, _team, _batch) = (options, team, batch);
        var kernels = MatrixKernels.Create(width);
        var cells = CellKernels.Create(width);
        _layers = new RecurrentDirection[options.Hidden.Length][];
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var index = layer;
            _layers[layer] = [.. Enumerable.Range(0, options.Directions).Select(direction => Create(index, direction, kernels, cells))];
        }
        _states = [.. _layers.Select(_ => new Scratch())];
        _dropped = [.. _layers.Select(_ => new Scratch())];
        _gradients = [.. Enumerable.Range(0, options.Stepwise ? _layers.Length : 2).Select(_ => new Scratch())];
        _threadScratch = [.. Enumerable.Range(0, team.Threads).Select(_ => new Scratch())];
        _cuts = new int[team.Threads + 1];
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _layers.Sum(layer => layer.Sum(direction => direction.Bytes))
        + _states.Concat(_dropped).Concat(_gradients).Concat(_threadScratch).Append(_fromAbove).Sum(scratch => scratch.Bytes);

    /// <summary>Units of a direction of the last layer.</summary>
    public int TopUnits => _options.Hidden[^1];

    /// <summary>Floats from a direction's segment of the last layer's rows to the next one's.</summary>
    public int TopSegmentStride => SegmentStrideOf(_layers.Length - 1);

    /// <summary>The last layer's outputs, by packed row.</summary>
    public RowBlock Top => StatesOf(_layers.Length - 1, _batch.Sequences);

    /// <summary>The gradient of <see cref="Top"/>, which the head writes.</summary>
    public RowBlock TopGradients => GradientsOf(_layers.Length - 1, _batch.Sequences);

    /// <summary>The last layer's outputs as a left operand.</summary>
    public LeftOperand TopOperand => OperandOf(Top, _layers.Length - 1);

    /// <summary>dE/d the states behind every sequence's last step, by lane, where something else reads them; else null.</summary>
    public LaneState? FinalGradients { get; set; }

    /// <summary>Where dE/d the initial states goes, by lane; null where it is not wanted.</summary>
    public LaneState? InitialGradients { get; set; }

    /// <summary>Told by thread 0 during <see cref="Backward"/> when the gradients of a layer's parameters, and all that was summed before, are final; first with how many layers there are.</summary>
    public Action<int>? Reached { get; set; }

    /// <summary>Sets the parameters; <see cref="RebuildTransposes"/> has to follow before a backward pass.</summary>
    /// <param name="parameters">The flat vector.</param>
    public void SetParameters(FloatBuffer parameters)
    {
        foreach (var layer in _layers)
            foreach (var direction in layer)
                direction.SetParameters(parameters);
    }

    /// <summary>Rebuilds this thread's share of the transposes.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="parameters">The flat vector.</param>
    public void RebuildTransposes(int thread, FloatBuffer parameters)
    {
        foreach (var layer in _layers)
        {
            foreach (var direction in layer)
            {
                var (start, end) = _team.PartOf(thread, direction.Form.Shape.PanelCount);
                direction.BackToState.Rebuild(parameters.Pointer + direction.Form.Tensors.WeightHh.Offset, start, end);
                direction.BackToInputs?.Rebuild(parameters.Pointer + direction.Form.Tensors.WeightIh.Offset, start, end);
            }
        }
    }

    /// <summary>Makes room for the batch; called by one thread.</summary>
    /// <param name="input">The inputs by packed row.</param>
    /// <param name="training">Whether a backward pass will follow.</param>
    /// <param name="from">The lanes' states before, where the batch is carried.</param>
    /// <param name="to">Where the lanes' states go, or null.</param>
    /// <param name="lanes">The lane of each sequence; read where there are states.</param>
    public void Prepare(LeftOperand input, bool training, LaneState? from, LaneState? to, ReadOnlySpan<long> lanes)
    {
        (_input, _from, _to) = (input, from, to);
        if (from is not null || to is not null || FinalGradients is not null || InitialGradients is not null)
        {
            if (_lanes.Length < lanes.Length)
                _lanes = new long[lanes.Length];
            lanes.CopyTo(_lanes);
        }
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var width = _options.Directions * SegmentStrideOf(layer);
            _states[layer].Ensure((long)(_batch.Sequences + _batch.PackedRows) * width);
            if (training)
                _gradients[layer % _gradients.Length].Ensure((long)(_batch.Sequences + _batch.PackedRows) * width);
            if (training && DropsBelow(layer + 1))
                _dropped[layer].Ensure((long)_batch.PackedRows * width);
        }
        foreach (var scratch in _threadScratch)
            scratch.Ensure(Math.Max(WeightGradient.ScratchFloats(_batch.PackedRows), (long)_batch.Sequences * PanelShape.MaxColumns));
        foreach (var layer in _layers)
            foreach (var direction in layer)
            {
                direction.Prepare();
                direction.Dropout?.Prepare(training);
            }
        Cut();
    }

    /// <summary>From inputs to <see cref="Top"/>; ends with a barrier.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="key">The seed and step of dropout, or null without.</param>
    public void Forward(int thread, StepKey? key)
    {
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var states = StatesOf(layer, 0);
            for (var d = 0; d < _options.Directions; d++)
            {
                var direction = _layers[layer][d];
                direction.States = states with { Pointer = states.Pointer + d * SegmentStrideOf(layer) * sizeof(float) };
                direction.Input = layer == 0 ? _input : OperandOf(key is not null && DropsBelow(layer) ? DroppedOf(layer - 1) : StatesOf(layer - 1, _batch.Sequences), layer - 1);
            }
            _team.Barrier();
            BeginLayer(thread, layer, key);
            _team.Barrier();
            ForwardSteps(thread, layer);
            _team.Barrier();
            SaveStates(thread, layer);
            if (key is { } dropout && DropsBelow(layer + 1))
                Drop(thread, layer, dropout);
        }
        _team.Barrier();
    }

    /// <summary>From <see cref="TopGradients"/> to the parameters' and the inputs' gradients.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="key">The seed and step of dropout.</param>
    /// <param name="gradient">The flat gradient, whose recurrent tensors are written.</param>
    /// <param name="inputGradients">Where the inputs' gradient goes, [N, inputs]; its stride is a multiple of 16 and whole rows are written. Not written where it is not wanted.</param>
    public void Backward(int thread, StepKey key, float* gradient, RowBlock inputGradients)
    {
        for (var layer = _layers.Length - 1; layer >= 0; layer--)
        {
            var gradients = GradientsOf(layer, _batch.Sequences);
            _team.Barrier();
            Tell(thread, layer + 1);
            for (var d = 0; d < _options.Directions; d++)
            {
                var direction = _layers[layer][d];
                if (thread == 0)
                {
                    direction.StateGradients = GradientsOf(layer, 0) with { Pointer = GradientsOf(layer, 0).Pointer + d * SegmentStrideOf(layer) * sizeof(float) };
                    direction.BackToInitial = InitialGradients is not null;
                }
                var (start, end) = _team.PartOf(thread, direction.Form.Shape.PanelCount);
                direction.BeginBackward(start, end);
            }
            if (DropsBelow(layer + 1))
            {
                var (start, end) = _team.PartOf(thread, _batch.PackedRows);
                DropoutRows.Apply(
                    _batch, key, DropoutMasks.LayerTag(layer + 1) + _options.DropoutTags, _options.LayersDropout, gradients, _options.Hidden[layer], _options.Directions, SegmentStrideOf(layer), start, end);
            }
            if (FinalGradients is not null || InitialGradients is not null)
            {
                _team.Barrier();
                BeginStates(thread, layer);
            }
            _team.Barrier();
            BackwardSteps(thread, layer);
            _team.Barrier();
            SaveInitialGradients(thread, layer);
            if (layer > 0)
                InputGradient(thread, layer, GradientsOf(layer - 1, _batch.Sequences), _options.Directions * SegmentStrideOf(layer - 1));
            else if (_options.BackToInputs)
                InputGradient(thread, layer, inputGradients, (int)inputGradients.Stride);
            WeightGradients(thread, layer, gradient);
        }
        _team.Barrier();
        Tell(thread, 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers)
            foreach (var direction in layer)
                direction.Dispose();
        foreach (var scratch in _states.Concat(_dropped).Concat(_gradients).Concat(_threadScratch).Append(_fromAbove))
            scratch.Dispose();
    }

    private void Tell(int thread, int layer)
    {
        if (thread == 0)
            Reached?.Invoke(layer);
    }

    private RecurrentDirection Create(int layer, int direction, MatrixKernels kernels, CellKernels cells)
    {
        var form = new RecurrentForm
        {
            Shape = new PanelShape(_options.Cell switch { CellKind.Lstm => 4, CellKind.Gru => 3, _ => 1 }, _options.Hidden[layer]),
            Tensors = _options.Tensors[layer * _options.Directions + direction],
            Reverse = direction == 1,
            InputSegment = layer == 0 ? _options.Inputs : _options.Hidden[layer - 1],
            InputSegments = layer == 0 ? 1 : _options.Directions,
            InputSegmentStride = layer == 0 ? 0 : SegmentStrideOf(layer - 1),
            BackToInputs = layer > 0 || _options.BackToInputs,
            SeparateCandidate = _options.Cell == CellKind.Gru && _options.ResetAfter,
        };
        RecurrentDirection created = _options.Cell switch
        {
            CellKind.Lstm => new LstmDirection(kernels, cells, _batch, form),
            CellKind.Gru when _options.ResetAfter => new GruDirection(kernels, cells, _batch, form),
            CellKind.Gru => new TextbookGruDirection(kernels, cells, _batch, form),
            _ => new RnnDirection(kernels, cells, _batch, form, _options.Activation),
        };
        if (_options.RecurrentDropout > 0)
        {
            var tag = DropoutMasks.RecurrentTag(layer) + _options.DropoutTags;
            created.Dropout = new RecurrentDropout(_batch, form.Shape.Units, _options.RecurrentDropout, direction == 0 ? tag : tag | DropoutRows.SecondSegment);
        }
        return created;
    }

    private int SegmentStrideOf(int layer) => (_options.Hidden[layer] + 15) / 16 * 16;

    private bool DropsBelow(int layer) => layer > 0 && layer < _layers.Length && _options.LayersDropout > 0;

    private RowBlock StatesOf(int layer, int row)
    {
        var stride = _options.Directions * SegmentStrideOf(layer);
        return new RowBlock((nint)(_states[layer].Pointer + (nint)row * stride), stride);
    }

    private RowBlock DroppedOf(int layer) => new((nint)_dropped[layer].Pointer, _options.Directions * SegmentStrideOf(layer));

    private RowBlock GradientsOf(int layer, int row)
    {
        var stride = _options.Directions * SegmentStrideOf(layer);
        return new RowBlock((nint)(_gradients[layer % _gradients.Length].Pointer + (nint)row * stride), stride);
    }

    private LeftOperand OperandOf(RowBlock rows, int layer) => new(rows.At(0), rows.Stride, _options.Hidden[layer], SegmentStrideOf(layer));

    /// <summary>Cuts the positions so that each thread has about the same number of steps.</summary>
    private void Cut()
    {
        long weights = 0;
        foreach (var layer in _layers)
            weights = Math.Max(weights, 4L * layer[0].Form.Shape.Columns * layer[0].Form.Shape.Units);
        _byPositions = _team.Threads == 1 || (weights <= ResidentWeightBytes && _batch.Sequences >= RowsPerThreadMin * _team.Threads);
        long steps = 0;
        var thread = 1;
        for (var position = 0; position < _batch.Sequences; position++)
        {
            while (thread < _team.Threads && steps * _team.Threads >= (long)_batch.PackedRows * thread)
                _cuts[thread++] = position;
            steps += _batch.LengthOf[_batch.SequenceAt[position]];
        }
        while (thread <= _team.Threads)
            _cuts[thread++] = _batch.Sequences;
    }

    /// <summary>Initial states, and the inputs' product for all steps.</summary>
    private void BeginLayer(int thread, int layer, StepKey? key)
    {
        var (first, last) = _team.PartOf(thread, _batch.Sequences);
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        for (var d = 0; d < _options.Directions; d++)
        {
            var direction = _layers[layer][d];
            direction.ClearInitial(first, last);
            for (var position = first; position < last; position++)
                LoadInitial(direction, layer, d, position);
            direction.Dropout?.Begin(key, first, last, direction.States);
            for (var panel = 0; panel < direction.Form.Shape.PanelCount; panel++)
                direction.InputProduct(panel, start, end);
        }
    }

    private void LoadInitial(RecurrentDirection direction, int layer, int d, int position)
    {
        var state = new Span<float>(direction.States.At(position), _options.Hidden[layer]);
        if (!_batch.Carried)
        {
            state.Clear();
            return;
        }
        var lane = _lanes[_batch.SequenceAt[position]];
        new ReadOnlySpan<float>(_from!.Of(layer, d, 0, lane), state.Length).CopyTo(state);
        if (_from.Kinds > 1)
            direction.LoadCell(position, _from.Of(layer, d, 1, lane));
    }

    private void SaveStates(int thread, int layer)
    {
        if (_to is null)
            return;
        var (first, last) = _team.PartOf(thread, _batch.Sequences);
        var units = _options.Hidden[layer];
        for (var d = 0; d < _options.Directions; d++)
        {
            var direction = _layers[layer][d];
            for (var sequence = first; sequence < last; sequence++)
            {
                var row = LastRowOf(direction, sequence);
                new ReadOnlySpan<float>(direction.States.At(_batch.Sequences + row), units).CopyTo(new Span<float>(_to.Of(layer, d, 0, _lanes[sequence]), units));
                if (_to.Kinds > 1)
                    direction.SaveCell(row, _to.Of(layer, d, 1, _lanes[sequence]));
            }
        }
    }

    /// <summary>What goes back into the final states, and +0 for the initial ones.</summary>
    private void BeginStates(int thread, int layer)
    {
        var (first, last) = _team.PartOf(thread, _batch.Sequences);
        var units = _options.Hidden[layer];
        for (var d = 0; d < _options.Directions; d++)
        {
            var direction = _layers[layer][d];
            for (var sequence = first; sequence < last; sequence++)
            {
                var position = _batch.PositionOf[sequence];
                new Span<float>(direction.StateGradients.At(position), units).Clear();
                if (FinalGradients is null)
                    continue;
                float* sum = direction.StateGradients.At(_batch.Sequences + LastRowOf(direction, sequence)), added = FinalGradients.Of(layer, d, 0, _lanes[sequence]);
                for (var unit = 0; unit < units; unit++)
                    sum[unit] += added[unit];
                if (FinalGradients.Kinds > 1)
                    direction.LoadCellGradient(position, FinalGradients.Of(layer, d, 1, _lanes[sequence]));
            }
        }
    }

    private void SaveInitialGradients(int thread, int layer)
    {
        if (InitialGradients is null)
            return;
        var (first, last) = _team.PartOf(thread, _batch.Sequences);
        var units = _options.Hidden[layer];
        for (var d = 0; d < _options.Directions; d++)
        {
            var direction = _layers[layer][d];
            for (var sequence = first; sequence < last; sequence++)
            {
                var position = _batch.PositionOf[sequence];
                new ReadOnlySpan<float>(direction.StateGradients.At(position), units).CopyTo(new Span<float>(InitialGradients.Of(layer, d, 0, _lanes[sequence]), units));
                if (InitialGradients.Kinds > 1)
                    direction.SaveCellGradient(position, InitialGradients.Of(layer, d, 1, _lanes[sequence]));
            }
        }
    }

    /// <summary>The packed row of the step that a direction reads last.</summary>
    private int LastRowOf(RecurrentDirection direction, int sequence) => _batch.PackedRowOf(direction.Form.Reverse ? 0 : _batch.LengthOf[sequence] - 1, sequence);

    private void ForwardSteps(int thread, int layer)
    {
        var directions = _layers[layer];
        for (var s = 0; s < _batch.Steps; s++)
        {
            for (var round = 0; round < directions[0].ForwardRounds; round++)
            {
                for (var d = 0; d < directions.Length; d++)
                    directions[d].StepForward(d == 0 ? s : _batch.Steps - 1 - s, round, PartOf(thread, directions[d], d, directions.Length));
                if (!_byPositions)
                    _team.Barrier();
            }
        }
    }

    private void BackwardSteps(int thread, int layer)
    {
        var directions = _layers[layer];
        for (var s = _batch.Steps - 1; s >= 0; s--)
        {
            for (var round = 0; round < directions[0].BackwardRounds; round++)
            {
                for (var d = 0; d < directions.Length; d++)
                    directions[d].StepBackward(d == 0 ? s : _batch.Steps - 1 - s, round, PartOf(thread, directions[d], d, directions.Length));
                if (!_byPositions)
                    _team.Barrier();
            }
        }
    }

    /// <summary>A thread's share of a direction's step: its positions, or its panels of the layer's panels in all directions.</summary>
    private StepPart PartOf(int thread, RecurrentDirection direction, int index, int directions)
    {
        var panels = direction.Form.Shape.PanelCount;
        var columns = direction.BackToState.Columns16;
        var scratch = (nint)_threadScratch[thread].Pointer;
        if (_byPositions)
            return new StepPart(0, panels, 0, columns, _cuts[thread], _cuts[thread + 1], scratch);
        var (panelStart, panelEnd) = Share(thread, panels, index, directions);
        var (columnStart, columnEnd) = Share(thread, columns, index, directions);
        return new StepPart(panelStart, panelEnd, columnStart, columnEnd, 0, _batch.Sequences, scratch);
    }

    private (int Start, int End) Share(int thread, int count, int index, int directions)
    {
        var (start, end) = _team.PartOf(thread, count * directions);
        return (Math.Clamp(start - index * count, 0, count), Math.Clamp(end - index * count, 0, count));
    }

    private void Drop(int thread, int layer, StepKey key)
    {
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        DropRows(layer, key, start, end);
    }

    private void DropRows(int layer, StepKey key, int start, int end)
    {
        var (source, destination) = (StatesOf(layer, _batch.Sequences), DroppedOf(layer));
        for (var row = start; row < end; row++)
            new ReadOnlySpan<float>(source.At(row), (int)source.Stride).CopyTo(new Span<float>(destination.At(row), (int)source.Stride));
        DropoutRows.Apply(
            _batch, key, DropoutMasks.LayerTag(layer + 1) + _options.DropoutTags, _options.LayersDropout, destination, _options.Hidden[layer], _options.Directions, SegmentStrideOf(layer), start, end);
    }

    private void InputGradient(int thread, int layer, RowBlock gradients, int width)
    {
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        for (var row = start; row < end; row++)
            new Span<float>(gradients.At(row), width).Clear();
        foreach (var direction in _layers[layer])
            direction.InputGradient(gradients, start, end, 0, direction.BackToInputs!.Columns16);
    }

    /// <summary>This thread's share of dE/dW and dE/db: the weights' inputs of all panels, one after another, are cut evenly.</summary>
    private void WeightGradients(int thread, int layer, float* gradient)
    {
        var scratch = _threadScratch[thread].Pointer;
        foreach (var direction in _layers[layer])
        {
            var panels = direction.Form.Shape.PanelCount;
            direction.InputWeightGradient(gradient, _team.PartOf(thread, checked(panels * direction.Form.Inputs)), scratch);
            direction.StateWeightGradient(gradient, _team.PartOf(thread, checked(panels * direction.Form.Shape.Units)), scratch);
            for (var panel = thread; panel < panels; panel += _team.Threads)
                direction.BiasGradient(gradient, panel, scratch);
        }
    }
}
