using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A direction of GRU cells in the textbook form, whose candidate sees r * h': a step has two products, one after the other, each way.</summary>
internal sealed unsafe class TextbookGruDirection : RecurrentDirection
{
    private readonly CellKernels _cells;
    private readonly Scratch _reset = new();
    private readonly Scratch _resetGradient = new();

    public TextbookGruDirection(MatrixKernels kernels, CellKernels cells, PackedBatch batch, RecurrentForm form)
        : base(kernels, batch, form) => _cells = cells;

    public override int ForwardRounds => 2;

    public override int BackwardRounds => 4;

    public override long Bytes => base.Bytes + _reset.Bytes + _resetGradient.Bytes;

    private nint ResetStride => (Units + 15) / 16 * 16;

    public override void Prepare()
    {
        base.Prepare();
        _reset.Ensure(Batch.PackedRows * ResetStride);
        _resetGradient.Ensure(Batch.Sequences * ResetStride);
    }

    public override void StateWeightGradient(float* gradient, (int Start, int End) share, float* scratch)
    {
        StateWeightGradient(
            new LeftOperand(ReadStates.At(0), ReadStates.Stride), Batch.Recurrent(Form.Reverse), [new GradientColumns(Gates, 0, 2, 0)], gradient, share, scratch);
        StateWeightGradient(new LeftOperand(_reset.Pointer, ResetStride), Batch.EveryRow, [new GradientColumns(Gates, 2, 1, 2)], gradient, share, scratch);
    }

    public override void Dispose()
    {
        base.Dispose();
        _reset.Dispose();
        _resetGradient.Dispose();
    }

    protected override void StepForward(int round, int panel, in Piece piece, float* scratch)
    {
        var (units, columns) = (Form.Shape.UnitsOf(panel), Form.Shape.ColumnsOf(panel));
        var (from, count) = round == 0 ? (0, 2 * units) : (2 * units, units);
        var gates = Gates.At(panel, piece.Row) + from;
        for (var row = 0; row < piece.Rows; row++)
            new ReadOnlySpan<float>(gates + row * Gates.Stride, count).CopyTo(new Span<float>(scratch + row * 48, count));
        if (piece.Linked)
        {
            var operand = round == 0 ? Before(piece) : new LeftOperand(_reset.Pointer + piece.Row * ResetStride, ResetStride);
            Kernels.Multiply(operand, piece.Rows, Units, StateWeights(panel) + from, columns, count, scratch, 48);
        }
        if (round == 0)
        {
            _cells.TextbookGruReset(PanelOf(panel, piece, scratch), piece.Rows);
            if (Drops)
                Dropout!.Apply(_reset.Pointer + piece.Row * ResetStride, ResetStride, piece, panel * Form.Shape.UnitsPerPanel, units);
        }
        else
        {
            _cells.TextbookGruForward(PanelOf(panel, piece, scratch), piece.Rows);
        }
    }

    protected override void StepBackward(int round, in Piece piece, in StepPart part)
    {
        var before = BeforeGradient(piece);
        switch (round)
        {
            case 0:
                for (var panel = part.PanelStart; panel < part.PanelEnd; panel++)
                    _cells.TextbookGruBackward(PanelOf(panel, piece, null), piece.Rows);
                break;
            case 1:
                ResetProduct(piece, part);
                break;
            case 2:
                for (var panel = part.PanelStart; panel < part.PanelEnd; panel++)
                    _cells.TextbookGruResetBackward(PanelOf(panel, piece, null), piece.Rows);
                break;
            default:
                if (before == null)
                    break;
                var product = BeginSendBack(before, piece, part);
                BackToState.MultiplyGates(Kernels, Gates.At(0, piece.Row), Gates.Stride, Gates.PanelStride, piece.Rows, 0, 2, product.At(0), product.Stride, part.Columns16Start, part.Columns16End);
                EndSendBack(before, piece, part);
                break;
        }
    }

    /// <summary>dq = U_n^T dn for some units, from +0.</summary>
    private void ResetProduct(in Piece piece, in StepPart part)
    {
        var output = _resetGradient.Pointer + piece.Position * ResetStride;
        var (from, to) = (part.Columns16Start * 16, Math.Min(part.Columns16End * 16, (int)ResetStride));
        for (var row = 0; row < piece.Rows; row++)
            new Span<float>(output + row * ResetStride + from, to - from).Clear();
        BackToState.MultiplyGates(Kernels, Gates.At(0, piece.Row), Gates.Stride, Gates.PanelStride, piece.Rows, 2, 3, output, ResetStride, part.Columns16Start, part.Columns16End);
        if (Drops)
            Dropout!.Apply(output, ResetStride, piece, from, Math.Min(to, Units) - from);
    }

    private GruPanel PanelOf(int panel, in Piece piece, float* sums)
    {
        var before = BeforeGradient(piece);
        return new GruPanel
        {
            Units = Form.Shape.UnitsOf(panel),
            Gates = Gates.At(panel, piece.Row),
            GateStride = Gates.Stride,
            Sums = sums,
            SumStride = 48,
            Candidate = _reset.Pointer + piece.Row * ResetStride + panel * 16,
            CandidateStride = ResetStride,
            PreviousState = States.At(piece.Previous) + panel * 16,
            State = States.At(Batch.Sequences + piece.Row) + panel * 16,
            StateStride = States.Stride,
            StateGradient = Gradient(piece) + panel * 16,
            PreviousGradient = before == null ? null : before + panel * 16,
            GradientStride = StateGradients.Stride,
            ResetGradient = _resetGradient.Pointer + piece.Position * ResetStride + panel * 16,
            ResetStride = ResetStride,
        };
    }
}
