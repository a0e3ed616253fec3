namespace DistRnn.Reference;

/// <summary>A factor for one element in training: 0 for a dropped one, 1 / (1 - rate) for a kept one.</summary>
/// <param name="layer">The layer whose output it multiplies, from 0.</param>
/// <param name="step">The step, from 0, in the order of the sequence.</param>
/// <param name="unit">The element of that layer's output.</param>
public delegate double LayerMask(int layer, int step, int unit);

/// <summary>What a forward pass leaves behind.</summary>
/// <param name="Outputs">The last layer's outputs, [T][directions * H]: the forward direction's first.</param>
/// <param name="Final">
/// States at the end of each direction, PyTorch's order (layer 0, layer 0 reverse, layer 1 ...); the reverse direction ends at the first step.
/// </param>
/// <param name="Traces">[layer * directions + direction][t].</param>
/// <param name="Masks">The mask of the forward pass.</param>
public sealed record StackRun(double[][] Outputs, CellState[] Final, StepTrace[][] Traces, LayerMask? Masks);

/// <summary>
/// Recurrent layers over one sequence: layer by layer, forward and, where asked, from the sequence's own end; the outputs of the two are
/// concatenated. A ragged batch is nothing but a loop over its sequences.
/// </summary>
public sealed class BidirectionalStack
{
    private readonly ICell[] _cells;
    private readonly int _directions;

    /// <summary>Makes a stack.</summary>
    /// <param name="layers">Layers.</param>
    /// <param name="directions">1 or 2.</param>
    /// <param name="cell">Makes the cell of a layer from its index and the suffix of its tensors' names, such as <c>l1_reverse</c>.</param>
    public BidirectionalStack(int layers, int directions, Func<int, string, ICell> cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        _directions = directions;
        _cells = [.. Enumerable.Range(0, layers * directions).Select(i => cell(i / directions, $"l{i / directions}{(i % directions == 1 ? "_reverse" : "")}"))];
    }

    /// <summary>The states that a sequence begins with where none are given.</summary>
    public CellState[] ZeroStates() => [.. _cells.Select(cell => CellState.Zero(cell.Hidden, cell.HasMemory))];

    /// <summary>Runs over a sequence.</summary>
    /// <param name="inputs">[T][I].</param>
    /// <param name="initial">A state for each layer and direction, PyTorch's order.</param>
    /// <param name="masks">Dropout on the outputs of every layer but the last, or null.</param>
    /// <param name="recurrent">(layer * directions + direction): dropout on the state that a cell's recurrent weights read, [H], at every step; or null.</param>
    public StackRun Forward(double[][] inputs, CellState[] initial, LayerMask? masks = null, Func<int, double[]>? recurrent = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(initial);
        var traces = new StepTrace[_cells.Length][];
        var final = new CellState[_cells.Length];
        for (var first = 0; first < _cells.Length; first += _directions)
        {
            for (var i = first; i < first + _directions; i++)
            {
                traces[i] = new StepTrace[inputs.Length];
                final[i] = initial[i];
                var mask = recurrent?.Invoke(i);
                foreach (var t in Order(inputs.Length, reverse: i > first))
                    final[i] = (traces[i][t] = _cells[i].Forward(inputs[t], final[i] with { Mask = mask })).After;
            }
            inputs = [.. Enumerable.Range(0, inputs.Length).Select(t => traces[first..(first + _directions)].SelectMany(direction => direction[t].After.Hidden).ToArray())];
            if (first + _directions < _cells.Length)
                Mask(inputs, first / _directions, masks);
        }
        return new StackRun(inputs, final, traces, masks);
    }

    /// <summary>Back-propagation through time: adds to the gradients of the weights.</summary>
    /// <param name="run">The forward pass.</param>
    /// <param name="outputs">dE/d(outputs), [T][directions * H].</param>
    /// <param name="final">dE/d(final states), or null for none.</param>
    /// <returns>dE/d(inputs), [T][I], and dE/d(initial states).</returns>
    public (double[][] Inputs, CellState[] Initial) Backward(StackRun run, double[][] outputs, CellState[]? final = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(outputs);
        var initial = new CellState[_cells.Length];
        for (var first = _cells.Length - _directions; first >= 0; first -= _directions)
        {
            if (first + _directions < _cells.Length)
                Mask(outputs, first / _directions, run.Masks);
            var inputs = outputs.Select(_ => new double[_cells[first].Inputs]).ToArray();
            for (var i = first; i < first + _directions; i++)
            {
                var cell = _cells[i];
                var after = CellState.Zero(cell.Hidden, cell.HasMemory);
                if (final is not null)
                    after = new CellState((double[])final[i].Hidden.Clone(), (double[])final[i].Memory.Clone());
                foreach (var t in Order(inputs.Length, reverse: i == first))
                {
                    Algebra.Add(outputs[t][((i - first) * cell.Hidden)..((i - first + 1) * cell.Hidden)], after.Hidden);
                    (var dx, after) = cell.Backward(run.Traces[i][t], after);
                    Algebra.Add(dx, inputs[t]);
                }
                initial[i] = after;
            }
            outputs = inputs;
        }
        return (outputs, initial);
    }

    private static IEnumerable<int> Order(int count, bool reverse) => reverse ? Enumerable.Range(0, count).Reverse() : Enumerable.Range(0, count);

    private static void Mask(double[][] values, int layer, LayerMask? masks)
    {
        if (masks is null)
            return;
        for (var t = 0; t < values.Length; t++)
            for (var unit = 0; unit < values[t].Length; unit++)
                values[t][unit] *= masks(layer, t, unit);
    }
}
