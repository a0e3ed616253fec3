namespace DistRnn.Numerics;

/// <summary>
/// The way between panels and PyTorch's rows: a transpose of each gate of each panel, whose rows follow one another on both sides. It goes in bands of 16
/// inputs, so that what a band reads and writes fits the nearest cache.
/// </summary>
internal static unsafe class PanelCopy
{
    private const int BandInputs = 16;

    /// <summary>Copies [panels][inputs][columns] to [gates * units, inputs].</summary>
    /// <param name="shape">Gates and units.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="panels">Where from.</param>
    /// <param name="rows">Where to.</param>
    public static void FromPanels(PanelShape shape, int inputs, float* panels, float* rows)
    {
        for (var gate = 0; gate < shape.Gates; gate++)
        {
            for (var panel = 0; panel < shape.PanelCount; panel++)
                FromPanel(shape, inputs, panels, gate, panel, rows + RowOf(shape, gate, panel) * inputs);
        }
    }

    /// <summary>Copies one gate of one panel to rows: [units of the panel, inputs].</summary>
    /// <param name="shape">Gates and units.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="panels">Where from: the first panel.</param>
    /// <param name="gate">The gate.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="rows">Where to.</param>
    public static void FromPanel(PanelShape shape, int inputs, float* panels, int gate, int panel, float* rows)
    {
        var (units, columns) = (shape.UnitsOf(panel), shape.ColumnsOf(panel));
        var from = panels + shape.OffsetOf(panel, inputs) + gate * units;
        for (var band = 0; band < inputs; band += BandInputs)
        {
            var end = Math.Min(inputs, band + BandInputs);
            for (var unit = 0; unit < units; unit++)
            {
                var to = rows + (nint)unit * inputs;
                var source = from + (nint)band * columns + unit;
                for (nint input = band; input < end; input++, source += columns)
                    to[input] = *source;
            }
        }
    }

    /// <summary>Copies [gates * units, inputs] to [panels][inputs][columns].</summary>
    /// <param name="shape">Gates and units.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="rows">Where from.</param>
    /// <param name="panels">Where to.</param>
    public static void ToPanels(PanelShape shape, int inputs, float* rows, float* panels)
    {
        for (var gate = 0; gate < shape.Gates; gate++)
        {
            for (var panel = 0; panel < shape.PanelCount; panel++)
                ToPanel(shape, inputs, rows + RowOf(shape, gate, panel) * inputs, panels, gate, panel);
        }
    }

    private static void ToPanel(PanelShape shape, int inputs, float* rows, float* panels, int gate, int panel)
    {
        var (units, columns) = (shape.UnitsOf(panel), shape.ColumnsOf(panel));
        var to = panels + shape.OffsetOf(panel, inputs) + gate * units;
        for (var band = 0; band < inputs; band += BandInputs)
        {
            var end = Math.Min(inputs, band + BandInputs);
            for (var unit = 0; unit < units; unit++)
            {
                var from = rows + (nint)unit * inputs;
                var destination = to + (nint)band * columns + unit;
                for (nint input = band; input < end; input++, destination += columns)
                    *destination = from[input];
            }
        }
    }

    private static nint RowOf(PanelShape shape, int gate, int panel) => (nint)gate * shape.Units + panel * shape.UnitsPerPanel;
}
