using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A direction of GRU cells with the reset gate behind the product (PyTorch, cuDNN).</summary>
/// <remarks>
/// The candidate's recurrent product has a bias of its own and stays apart from the input's, so a step adds up in a thread's scratch block, which
/// begins with the gates' sums and that bias; what goes back through the recurrent weights differs from the gates' gradients in the same part.
/// </remarks>
internal sealed unsafe class GruDirection : RecurrentDirection
{
    private readonly CellKernels _cells;
    private readonly PanelBuffer _candidate;
    private readonly Scratch _backward = new();

    public GruDirection(MatrixKernels kernels, CellKernels cells, PackedBatch batch, RecurrentForm form)
        : base(kernels, batch, form)
    {
        _cells = cells;
        _candidate = new PanelBuffer(form.Shape.PanelCount, 16);
    }

    public override long Bytes => base.Bytes + _candidate.Bytes + _backward.Bytes;

    // Whole panels: the vectors that store a last panel of few units reach behind its columns, where the next row, another thread's, must not begin.
    private nint BackwardStride => Form.Shape.PanelCount * 48;

    public override void Prepare()
    {
        base.Prepare();
        _candidate.Ensure(Batch.PackedRows);
        _backward.Ensure(Batch.Sequences * BackwardStride);
    }

    public override void StateWeightGradient(float* gradient, (int Start, int End) share, float* scratch) =>
        StateWeightGradient(
            new LeftOperand(ReadStates.At(0), ReadStates.Stride), Batch.Recurrent(Form.Reverse),
            [new GradientColumns(Gates, 0, 2, 0), new GradientColumns(_candidate, 2, 1, 0)], gradient, share, scratch);

    public override void BiasGradient(float* gradient, int panel, float* scratch)
    {
        base.BiasGradient(gradient, panel, scratch);
        var units = Form.Shape.UnitsOf(panel);
        var destination = gradient + Form.Tensors.BiasHh.Offset + panel * Form.Shape.ColumnsPerPanel + 2 * units;
        var one = 1f;
        Kernels.SumOuterProducts(&one, 0, 1, _candidate.At(panel, 0), _candidate.Stride, units, Batch.EveryRow, destination, units, false, scratch);
    }

    public override void Dispose()
    {
        base.Dispose();
        _candidate.Dispose();
        _backward.Dispose();
    }

    protected override void StepForward(int round, int panel, in Piece piece, float* scratch)
    {
        var (units, columns) = (Form.Shape.UnitsOf(panel), Form.Shape.ColumnsOf(panel));
        var gates = Gates.At(panel, piece.Row);
        var bias = new ReadOnlySpan<float>(Parameters + Form.Tensors.BiasHh.Offset + panel * Form.Shape.ColumnsPerPanel + 2 * units, units);
        for (var row = 0; row < piece.Rows; row++)
        {
            new ReadOnlySpan<float>(gates + row * Gates.Stride, 2 * units).CopyTo(new Span<float>(scratch + row * 48, 2 * units));
            bias.CopyTo(new Span<float>(scratch + row * 48 + 2 * units, units));
        }
        if (piece.Linked)
            Kernels.Multiply(Before(piece), piece.Rows, Units, StateWeights(panel), columns, columns, scratch, 48);
        _cells.GruForward(PanelOf(panel, piece, scratch), piece.Rows);
    }

    protected override void StepBackward(int round, in Piece piece, in StepPart part)
    {
        if (round == 0)
        {
            for (var panel = part.PanelStart; panel < part.PanelEnd; panel++)
                _cells.GruBackward(PanelOf(panel, piece, null), piece.Rows);
            return;
        }
        SendBack(new LeftOperand(_backward.Pointer + piece.Position * BackwardStride, BackwardStride), piece, part);
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
            Candidate = _candidate.At(panel, piece.Row),
            CandidateStride = _candidate.Stride,
            PreviousState = States.At(piece.Previous) + panel * 16,
            State = States.At(Batch.Sequences + piece.Row) + panel * 16,
            StateStride = States.Stride,
            StateGradient = Gradient(piece) + panel * 16,
            PreviousGradient = before == null ? null : before + panel * 16,
            GradientStride = StateGradients.Stride,
            Backward = _backward.Pointer + piece.Position * BackwardStride + panel * 48,
            BackwardStride = BackwardStride,
        };
    }
}
