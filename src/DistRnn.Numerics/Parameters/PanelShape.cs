namespace DistRnn.Numerics;

/// <summary>
/// The panels of a matrix whose columns are <see cref="Gates"/> x <see cref="Units"/>. A panel takes <see cref="UnitsPerPanel"/> units (the last
/// one what is left) and all their gates: its columns are gate 0 of its units, then gate 1 of them, and so on. A panel is stored as
/// [inputs][columns], row by row without gaps, and panels follow one another, so nothing is padded.
/// </summary>
/// <remarks>
/// LSTM: 16 units x 4 gates = 64 columns; GRU 16 x 3 = 48; RNN and dense layers 64 x 1. A panel has never more than 64 columns, which is the
/// widest tile of the kernels. The order of the columns of all panels, one after another, is the <em>column order</em>: the order in which a
/// gate buffer's row stands in memory, and the order of k where a backward product runs over gates. It is the same on every machine.
/// </remarks>
/// <param name="Gates">Gates a unit: 4 for LSTM, 3 for GRU, 1 otherwise.</param>
/// <param name="Units">Units, H.</param>
public readonly record struct PanelShape(int Gates, int Units)
{
    /// <summary>The most columns a panel has.</summary>
    public const int MaxColumns = 64;

    /// <summary>Units in every panel but the last.</summary>
    public int UnitsPerPanel => Gates == 1 ? 64 : 16;

    /// <summary>Columns in every panel but the last.</summary>
    public int ColumnsPerPanel => Gates * UnitsPerPanel;

    /// <summary>Columns in all: gates x units.</summary>
    public int Columns => Gates * Units;

    /// <summary>How many panels there are.</summary>
    public int PanelCount => (Units + UnitsPerPanel - 1) / UnitsPerPanel;

    /// <summary>Units of one panel.</summary>
    /// <param name="panel">The panel's index.</param>
    public int UnitsOf(int panel) => Math.Min(UnitsPerPanel, Units - panel * UnitsPerPanel);

    /// <summary>Columns of one panel.</summary>
    /// <param name="panel">The panel's index.</param>
    public int ColumnsOf(int panel) => Gates * UnitsOf(panel);

    /// <summary>Where a panel begins in a tensor of <paramref name="inputs"/> inputs, in floats.</summary>
    /// <param name="panel">The panel's index.</param>
    /// <param name="inputs">Inputs: rows of a panel.</param>
    public long OffsetOf(int panel, int inputs) => (long)panel * ColumnsPerPanel * inputs;

    /// <summary>Where a gate of a unit stands in the column order.</summary>
    /// <param name="gate">The gate, in PyTorch's order.</param>
    /// <param name="unit">The unit.</param>
    public int ColumnOf(int gate, int unit)
    {
        var panel = unit / UnitsPerPanel;
        return panel * ColumnsPerPanel + gate * UnitsOf(panel) + (unit - panel * UnitsPerPanel);
    }

    /// <summary>Where an element of a [gates * units, inputs] matrix stands in its panels, in floats.</summary>
    /// <param name="gate">The gate, in PyTorch's order.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="input">The input.</param>
    /// <param name="inputs">Inputs in all.</param>
    public long ElementOf(int gate, int unit, int input, int inputs)
    {
        var panel = unit / UnitsPerPanel;
        return OffsetOf(panel, inputs) + (long)input * ColumnsOf(panel) + gate * UnitsOf(panel) + (unit - panel * UnitsPerPanel);
    }
}
