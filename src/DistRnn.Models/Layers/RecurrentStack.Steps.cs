namespace DistRnn.Models;

/// <content>
/// The way through time a step at a time, all layers of a step before the next step: a decoder whose input is what it said the step before. Threads
/// take positions for good, which depend on no other position, and need nobody until the last step is done.
/// </content>
internal sealed unsafe partial class RecurrentStack
{
    private readonly Scratch _fromAbove = new();
    private int _fromAboveStride;

    /// <summary>The positions of a thread, whatever the step: from the first to behind the last one.</summary>
    /// <param name="thread">The thread.</param>
    public (int Start, int End) PositionsOf(int thread) => (_cuts[thread], _cuts[thread + 1]);

    /// <summary>Loads the initial states; ends with a barrier.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="key">The seed and step of dropout, or null without.</param>
    public void BeginSteps(int thread, StepKey? key)
    {
        if (thread == 0)
        {
            for (var layer = 0; layer < _layers.Length; layer++)
            {
                _layers[layer][0].States = StatesOf(layer, 0);
                _layers[layer][0].Input = layer == 0 ? _input : OperandOf(key is not null && DropsBelow(layer) ? DroppedOf(layer - 1) : StatesOf(layer - 1, _batch.Sequences), layer - 1);
            }
        }
        _team.Barrier();
        var (first, last) = PositionsOf(thread);
        for (var layer = 0; layer < _layers.Length && first < last; layer++)
        {
            var direction = _layers[layer][0];
            direction.ClearInitial(first, last);
            for (var position = first; position < last; position++)
                LoadInitial(direction, layer, 0, position);
            direction.Dropout?.Begin(key, first, last, direction.States);
        }
        _team.Barrier();
    }

    /// <summary>All layers of one step, for the thread's positions.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="step">The step.</param>
    /// <param name="key">The seed and step of dropout, or null without.</param>
    public void StepForward(int thread, int step, StepKey? key)
    {
        if (!RowsOf(thread, step, out var part, out var start, out var end))
            return;
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var direction = _layers[layer][0];
            var panels = direction.Form.Shape.PanelCount;
            for (var panel = 0; panel < panels; panel++)
                direction.InputProduct(panel, start, end);
            var own = part with { PanelEnd = panels, Columns16End = direction.BackToState.Columns16 };
            for (var round = 0; round < direction.ForwardRounds; round++)
                direction.StepForward(step, round, own);
            if (key is { } dropout && DropsBelow(layer + 1))
                DropRows(layer, dropout, start, end);
        }
    }

    /// <summary>Writes the states behind the last step where they are wanted; ends with a barrier.</summary>
    /// <param name="thread">The thread.</param>
    public void EndSteps(int thread)
    {
        _team.Barrier();
        for (var layer = 0; layer < _layers.Length; layer++)
            SaveStates(thread, layer);
        _team.Barrier();
    }

    /// <summary>Clears all gradients of states; ends with a barrier.</summary>
    /// <param name="thread">The thread.</param>
    public void BeginStepsBackward(int thread)
    {
        if (thread == 0)
        {
            // One stride for all layers: threads may be at different ones, and a position's row is its own whichever it is at.
            for (var layer = 0; layer < _layers.Length; layer++)
                _fromAboveStride = Math.Max(_fromAboveStride, SegmentStrideOf(layer));
            _fromAbove.Ensure((long)_batch.Sequences * _fromAboveStride);
        }
        _team.Barrier();
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var direction = _layers[layer][0];
            if (thread == 0)
            {
                direction.StateGradients = GradientsOf(layer, 0);
                direction.BackToInitial = InitialGradients is not null;
            }
            var (panelStart, panelEnd) = _team.PartOf(thread, direction.Form.Shape.PanelCount);
            direction.BeginBackward(panelStart, panelEnd);
            var (start, end) = _team.PartOf(thread, _batch.Sequences + _batch.PackedRows);
            var gradients = GradientsOf(layer, 0);
            for (var row = start; row < end; row++)
                new Span<float>(gradients.At(row), (int)gradients.Stride).Clear();
        }
        _team.Barrier();
    }

    /// <summary>All layers of one step back, for the thread's positions; <see cref="TopGradients"/> of the step's rows have what comes from above added by now.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="step">The step.</param>
    /// <param name="key">The seed and step of dropout.</param>
    /// <param name="inputGradients">Where the inputs' gradient goes, [N, inputs]; whole rows are written.</param>
    public void StepBackward(int thread, int step, StepKey key, RowBlock inputGradients)
    {
        if (!RowsOf(thread, step, out var part, out var start, out var end))
            return;
        for (var layer = _layers.Length - 1; layer >= 0; layer--)
        {
            var direction = _layers[layer][0];
            var own = part with { PanelEnd = direction.Form.Shape.PanelCount, Columns16End = direction.BackToState.Columns16 };
            for (var round = 0; round < direction.BackwardRounds; round++)
                direction.StepBackward(step, round, own);
            if (layer == 0)
                RowsInputGradient(direction, inputGradients, start, end);
            else
                AddFromAbove(layer, part.PositionStart, start, end, key);
        }
    }

    /// <summary>dE/d the initial states, and this thread's share of dE/dW and dE/db, behind the last step back; begins and ends with a barrier.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="gradient">The flat gradient, whose recurrent tensors are written.</param>
    public void EndStepsBackward(int thread, float* gradient)
    {
        _team.Barrier();
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            SaveInitialGradients(thread, layer);
            WeightGradients(thread, layer, gradient);
        }
        _team.Barrier();
    }

    private bool RowsOf(int thread, int step, out StepPart part, out int start, out int end)
    {
        var (first, last) = PositionsOf(thread);
        last = Math.Min(last, _batch.Counts[step]);
        part = new StepPart(0, 0, 0, 0, first, last, (nint)_threadScratch[thread].Pointer);
        (start, end) = (_batch.Starts[step] + first, _batch.Starts[step] + last);
        return first < last;
    }

    private static void RowsInputGradient(RecurrentDirection direction, RowBlock gradients, int start, int end)
    {
        for (var row = start; row < end; row++)
            new Span<float>(gradients.At(row), (int)gradients.Stride).Clear();
        direction.InputGradient(gradients, start, end, 0, direction.BackToInputs!.Columns16);
    }

    /// <summary>What a layer sends to the states of the one below, which hold by now what the next step sent back.</summary>
    private void AddFromAbove(int layer, int position, int start, int end, StepKey key)
    {
        // A row a position: the block is shifted so that the step's first row is the thread's first one.
        var above = new RowBlock((nint)(_fromAbove.Pointer + ((nint)position - start) * _fromAboveStride), _fromAboveStride);
        RowsInputGradient(_layers[layer][0], above, start, end);
        if (DropsBelow(layer))
            DropoutRows.Apply(_batch, key, DropoutMasks.LayerTag(layer) + _options.DropoutTags, _options.LayersDropout, above, _options.Hidden[layer - 1], 1, 0, start, end);
        var below = GradientsOf(layer - 1, _batch.Sequences);
        for (var row = start; row < end; row++)
        {
            float* sum = below.At(row), added = above.At(row);
            for (var unit = 0; unit < _options.Hidden[layer - 1]; unit++)
                sum[unit] += added[unit];
        }
    }
}
