namespace DistRnn.Reference;

/// <summary>What a cell carries from one step to the next, or its gradient.</summary>
/// <param name="Hidden">h, [H]; the notes' z.</param>
/// <param name="Memory">An LSTM's c, [H]; empty for other cells.</param>
public sealed record CellState(double[] Hidden, double[] Memory)
{
    /// <summary>What h is multiplied by before the recurrent weights read it, [H], or null for 1 each.</summary>
    public double[]? Mask { get; init; }

    /// <summary>What the recurrent weights read, [H].</summary>
    public double[] Read => Masked(Hidden);

    /// <summary>Values of the units, multiplied by the mask.</summary>
    public double[] Masked(double[] values) => Mask is null ? values : [.. values.Zip(Mask, (value, factor) => value * factor)];

    /// <summary>All zeros.</summary>
    /// <param name="hidden">Units.</param>
    /// <param name="hasMemory">Whether there is a c.</param>
    public static CellState Zero(int hidden, bool hasMemory) => new(new double[hidden], new double[hasMemory ? hidden : 0]);
}

/// <summary>What a step leaves for its backward pass.</summary>
/// <param name="Input">x_t.</param>
/// <param name="Before">The state it began with.</param>
/// <param name="After">The state it ended with.</param>
/// <param name="Gates">What else the cell wants to remember, in an order of its own.</param>
public sealed record StepTrace(double[] Input, CellState Before, CellState After, params double[][] Gates);

/// <summary>One step of a recurrence, forward and backward. The loop over time stands outside.</summary>
public interface ICell
{
    /// <summary>Units, H.</summary>
    int Hidden { get; }

    /// <summary>Inputs, I.</summary>
    int Inputs { get; }

    /// <summary>Whether the state has a c beside h.</summary>
    bool HasMemory { get; }

    /// <summary>Computes the next state.</summary>
    /// <param name="input">x_t, [I].</param>
    /// <param name="before">The state before the step.</param>
    StepTrace Forward(double[] input, CellState before);

    /// <summary>Adds the step's part to the gradients of the weights and hands the rest on.</summary>
    /// <param name="trace">What <see cref="Forward"/> returned.</param>
    /// <param name="after">dE/d(state after the step), from the outputs of the step and all that followed.</param>
    /// <returns>dE/dx_t and dE/d(state before the step).</returns>
    (double[] Input, CellState Before) Backward(StepTrace trace, CellState after);
}
