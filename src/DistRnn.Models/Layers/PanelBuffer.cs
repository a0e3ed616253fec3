namespace DistRnn.Models;

/// <summary>
/// Rows of a layer panel by panel, [panels][rows][stride]: a panel's rows of one step are neighbours, so the cell finds what the product has just
/// written in the nearest cache.
/// </summary>
internal sealed unsafe class PanelBuffer : IDisposable
{
    private readonly Scratch _values = new();
    private nint _rows;

    /// <summary>Makes the buffer; <see cref="Ensure"/> gives it rows.</summary>
    /// <param name="panels">Panels.</param>
    /// <param name="stride">Floats of a panel's row, a multiple of 16.</param>
    public PanelBuffer(int panels, int stride)
    {
        Panels = panels;
        Stride = stride;
    }

    /// <summary>Panels.</summary>
    public int Panels { get; }

    /// <summary>Floats of a panel's row.</summary>
    public nint Stride { get; }

    /// <summary>Floats from a panel to the next.</summary>
    public nint PanelStride => _rows * Stride;

    /// <summary>Bytes held.</summary>
    public long Bytes => _values.Bytes;

    /// <summary>Makes room; the content is lost.</summary>
    /// <param name="rows">Rows.</param>
    public void Ensure(int rows)
    {
        // An odd number of 64-float rows keeps panels from meeting in the same cache sets.
        _rows = rows | 1;
        _values.Ensure(Panels * _rows * Stride);
    }

    /// <summary>A row of a panel.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="row">The row.</param>
    public float* At(int panel, int row) => _values.Pointer + (panel * _rows + row) * Stride;

    /// <summary>The rows from one on as the left operand of a product in which k runs over all columns.</summary>
    /// <param name="row">The first row.</param>
    /// <param name="columns">Columns of a full panel.</param>
    public Numerics.LeftOperand Operand(int row, int columns) => new(At(0, row), Stride, columns, PanelStride);

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();
}
