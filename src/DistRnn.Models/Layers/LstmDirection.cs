using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A direction of LSTM cells, with or without peepholes.</summary>
internal sealed unsafe class LstmDirection : RecurrentDirection
{
    private readonly CellKernels _cells;
    private readonly PanelBuffer _cell;
    private readonly PanelBuffer _cellGradient;

    public LstmDirection(MatrixKernels kernels, CellKernels cells, PackedBatch batch, RecurrentForm form)
        : base(kernels, batch, form)
    {
        _cells = cells;
        _cell = new PanelBuffer(form.Shape.PanelCount, 16);
        _cellGradient = new PanelBuffer(form.Shape.PanelCount, 16);
    }

    public override long Bytes => base.Bytes + _cell.Bytes + _cellGradient.Bytes;

    public override void Prepare()
    {
        base.Prepare();
        _cell.Ensure(Batch.Sequences + Batch.PackedRows);
        _cellGradient.Ensure(Batch.Sequences);
    }

    public override void BeginBackward(int panelStart, int panelEnd)
    {
        for (var panel = panelStart; panel < panelEnd; panel++)
            new Span<float>(_cellGradient.At(panel, 0), Batch.Sequences * 16).Clear();
    }

    public override void ClearInitial(int positionStart, int positionEnd)
    {
        for (var panel = 0; panel < Form.Shape.PanelCount; panel++)
            new Span<float>(_cell.At(panel, positionStart), (positionEnd - positionStart) * 16).Clear();
    }

    public override void LoadCell(int position, float* source)
    {
        for (var panel = 0; panel < Form.Shape.PanelCount; panel++)
            new ReadOnlySpan<float>(source + panel * 16, Form.Shape.UnitsOf(panel)).CopyTo(new Span<float>(_cell.At(panel, position), 16));
    }

    public override void SaveCell(int row, float* destination)
    {
        for (var panel = 0; panel < Form.Shape.PanelCount; panel++)
            new ReadOnlySpan<float>(_cell.At(panel, Batch.Sequences + row), Form.Shape.UnitsOf(panel)).CopyTo(new Span<float>(destination + panel * 16, 16));
    }

    public override void LoadCellGradient(int position, float* source)
    {
        for (var panel = 0; panel < Form.Shape.PanelCount; panel++)
            new ReadOnlySpan<float>(source + panel * 16, Form.Shape.UnitsOf(panel)).CopyTo(new Span<float>(_cellGradient.At(panel, position), 16));
    }

    public override void SaveCellGradient(int position, float* destination)
    {
        for (var panel = 0; panel < Form.Shape.PanelCount; panel++)
            new ReadOnlySpan<float>(_cellGradient.At(panel, position), Form.Shape.UnitsOf(panel)).CopyTo(new Span<float>(destination + panel * 16, 16));
    }

    public override void BiasGradient(float* gradient, int panel, float* scratch)
    {
        base.BiasGradient(gradient, panel, scratch);
        if (Form.Tensors.PeepholeI is not { } inputGate || Form.Tensors.PeepholeF is not { } forgetGate || Form.Tensors.PeepholeO is not { } outputGate)
            return;
        var (units, first) = (Form.Shape.UnitsOf(panel), panel * 16);
        var gates = Gates.At(panel, 0);
        var before = Batch.Recurrent(Form.Reverse);
        PeepholeGradient.Sum(_cells, gates, Gates.Stride, _cell.At(panel, 0), before, units, gradient + inputGate.Offset + first, scratch);
        PeepholeGradient.Sum(_cells, gates + units, Gates.Stride, _cell.At(panel, 0), before, units, gradient + forgetGate.Offset + first, scratch);
        PeepholeGradient.Sum(_cells, gates + 3 * units, Gates.Stride, _cell.At(panel, Batch.Sequences), Batch.EveryRow, units, gradient + outputGate.Offset + first, scratch);
    }

    public override void Dispose()
    {
        base.Dispose();
        _cell.Dispose();
        _cellGradient.Dispose();
    }

    protected override void StepForward(int round, int panel, in Piece piece, float* scratch)
    {
        var gates = Gates.At(panel, piece.Row);
        var columns = Form.Shape.ColumnsOf(panel);
        if (piece.Linked)
            Kernels.Multiply(Before(piece), piece.Rows, Units, StateWeights(panel), columns, columns, gates, Gates.Stride);
        _cells.LstmForward(PanelOf(panel, piece), piece.Rows);
    }

    protected override void StepBackward(int round, in Piece piece, in StepPart part)
    {
        if (round == 0)
        {
            for (var panel = part.PanelStart; panel < part.PanelEnd; panel++)
                _cells.LstmBackward(PanelOf(panel, piece), piece.Rows);
            return;
        }
        SendBack(Gates.Operand(piece.Row, Form.Shape.ColumnsPerPanel), piece, part);
    }

    private LstmPanel PanelOf(int panel, in Piece piece)
    {
        var (i, f, o) = (Form.Tensors.PeepholeI, Form.Tensors.PeepholeF, Form.Tensors.PeepholeO);
        return new LstmPanel
        {
            Units = Form.Shape.UnitsOf(panel),
            Gates = Gates.At(panel, piece.Row),
            GateStride = Gates.Stride,
            PreviousCell = _cell.At(panel, piece.Previous),
            Cell = _cell.At(panel, Batch.Sequences + piece.Row),
            State = States.At(Batch.Sequences + piece.Row) + panel * 16,
            StateStride = States.Stride,
            StateGradient = Gradient(piece) + panel * 16,
            GradientStride = StateGradients.Stride,
            CellGradient = _cellGradient.At(panel, piece.Position),
            PeepholeI = i is null ? null : Parameters + i.Offset + panel * 16,
            PeepholeF = f is null ? null : Parameters + f.Offset + panel * 16,
            PeepholeO = o is null ? null : Parameters + o.Offset + panel * 16,
        };
    }
}
