using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A direction of plain recurrent cells.</summary>
internal sealed unsafe class RnnDirection(MatrixKernels kernels, CellKernels cells, PackedBatch batch, RecurrentForm form, Activation activation)
    : RecurrentDirection(kernels, batch, form)
{
    protected override void StepForward(int round, int panel, in Piece piece, float* scratch)
    {
        var sums = Gates.At(panel, piece.Row);
        var columns = Form.Shape.ColumnsOf(panel);
        if (piece.Linked)
            Kernels.Multiply(Before(piece), piece.Rows, Units, StateWeights(panel), columns, columns, sums, Gates.Stride);
        cells.RnnForward(PanelOf(panel, piece), piece.Rows, activation);
    }

    protected override void StepBackward(int round, in Piece piece, in StepPart part)
    {
        if (round == 0)
        {
            for (var panel = part.PanelStart; panel < part.PanelEnd; panel++)
                cells.RnnBackward(PanelOf(panel, piece), piece.Rows, activation);
            return;
        }
        SendBack(Gates.Operand(piece.Row, Form.Shape.ColumnsPerPanel), piece, part);
    }

    private RnnPanel PanelOf(int panel, in Piece piece) => new()
    {
        Units = Form.Shape.UnitsOf(panel),
        Sums = Gates.At(panel, piece.Row),
        SumStride = Gates.Stride,
        State = States.At(Batch.Sequences + piece.Row) + panel * Form.Shape.UnitsPerPanel,
        StateStride = States.Stride,
        StateGradient = Gradient(piece) + panel * Form.Shape.UnitsPerPanel,
        GradientStride = StateGradients.Stride,
    };
}
