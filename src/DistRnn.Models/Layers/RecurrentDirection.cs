using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>Where the rows of a layer lie: a row every <paramref name="Stride"/> floats, [rows, units] at <paramref name="Pointer"/>.</summary>
internal readonly unsafe record struct RowBlock(nint Pointer, nint Stride)
{
    /// <summary>A row.</summary>
    public float* At(nint row) => (float*)Pointer + row * Stride;
}

/// <summary>
/// One direction of one recurrent layer: the time loop's body, outside the cell. The input's product for all steps comes first, into the gate buffer;
/// a step adds the product of the state before and lets the cell overwrite the sums with its gates; the backward pass overwrites those with their
/// gradients, and the sums over steps, dE/dW and dE/db, are taken once over all of them.
/// </summary>
/// <remarks>
/// Any part of a step's panels and positions may be computed by any thread. The caller sees to it that a step is finished before the next (positions
/// are independent: a thread that owns positions need not wait), and that the rounds of a backward step follow one another.
/// </remarks>
internal abstract unsafe class RecurrentDirection : IDisposable
{
    private const int RowsPerBlock = 96;

    private readonly FloatBuffer _bias;

    /// <summary>Makes a direction.</summary>
    /// <param name="kernels">The matrix kernels.</param>
    /// <param name="batch">How the rows lie.</param>
    /// <param name="form">Shapes and tensors.</param>
    protected RecurrentDirection(MatrixKernels kernels, PackedBatch batch, RecurrentForm form)
    {
        (Kernels, Batch, Form) = (kernels, batch, form);
        Gates = new PanelBuffer(form.Shape.PanelCount, form.Shape.ColumnsPerPanel);
        BackToState = new TransposedWeights(form.Shape, form.Shape.Units, 1, 0, Kernels);
        if (form.BackToInputs)
            BackToInputs = new TransposedWeights(form.Shape, form.InputSegment, form.InputSegments, form.InputSegmentStride, Kernels);
        _bias = new FloatBuffer(form.Shape.PanelCount * PanelShape.MaxColumns);
    }

    /// <summary>Shapes and tensors.</summary>
    public RecurrentForm Form { get; }

    /// <summary>W_ih on the way back, where the inputs' gradient is wanted.</summary>
    public TransposedWeights? BackToInputs { get; }

    /// <summary>W_hh on the way back.</summary>
    public TransposedWeights BackToState { get; }

    /// <summary>Rounds of a forward step.</summary>
    public virtual int ForwardRounds => 1;

    /// <summary>Rounds of a backward step.</summary>
    public virtual int BackwardRounds => 2;

    /// <summary>Bytes held.</summary>
    public virtual long Bytes => Gates.Bytes + BackToState.Bytes + (BackToInputs?.Bytes ?? 0) + (Dropout?.Bytes ?? 0) + _bias.Count * sizeof(float);

    /// <summary>The inputs, [N, inputs], by packed row.</summary>
    public LeftOperand Input { get; set; }

    /// <summary>The states, [B + N, H]: initial ones by position, then those by packed row.</summary>
    public RowBlock States { get; set; }

    /// <summary>dE/dh, laid out as <see cref="States"/>.</summary>
    public RowBlock StateGradients { get; set; }

    /// <summary>Whether dE/dh of the initial states is wanted.</summary>
    public bool BackToInitial { get; set; }

    /// <summary>Dropout of the direction's own state, or null without.</summary>
    public RecurrentDropout? Dropout { get; set; }

    /// <summary>The parameters' flat vector.</summary>
    protected float* Parameters { get; private set; }

    /// <summary>The matrix kernels.</summary>
    protected MatrixKernels Kernels { get; }

    /// <summary>How the rows lie.</summary>
    protected PackedBatch Batch { get; }

    /// <summary>Sums, gates, their gradients, in turn.</summary>
    protected PanelBuffer Gates { get; }

    /// <summary>What the recurrent products read, laid out as <see cref="States"/>.</summary>
    protected RowBlock ReadStates => Drops ? Dropout!.States : States;

    /// <summary>Whether the state that the products read is dropped of.</summary>
    protected bool Drops => Dropout is { IsActive: true };

    /// <summary>H.</summary>
    protected int Units => Form.Shape.Units;

    /// <summary>Sets the parameters; the transposes are rebuilt by <see cref="TransposedWeights.Rebuild"/>.</summary>
    /// <param name="parameters">The flat vector.</param>
    public void SetParameters(FloatBuffer parameters)
    {
        Parameters = parameters.Pointer;
        float* ih = Parameters + Form.Tensors.BiasIh.Offset, hh = Parameters + Form.Tensors.BiasHh.Offset;
        for (var panel = 0; panel < Form.Shape.PanelCount; panel++)
        {
            var (first, columns) = (panel * Form.Shape.ColumnsPerPanel, Form.Shape.ColumnsOf(panel));
            for (var column = 0; column < columns; column++)
                BiasOf(panel)[column] = column < columns - Form.RecurrentBiasColumns(panel) ? ih[first + column] + hh[first + column] : ih[first + column];
        }
    }

    /// <summary>Makes room for a batch.</summary>
    public virtual void Prepare() => Gates.Ensure(Batch.PackedRows);

    /// <summary>Bias plus input product for some packed rows of a panel.</summary>
    public void InputProduct(int panel, int rowStart, int rowEnd)
    {
        var columns = Form.Shape.ColumnsOf(panel);
        var weights = Parameters + Form.Tensors.WeightIh.Offset + Form.Shape.OffsetOf(panel, Form.Inputs);
        for (var row = rowStart; row < rowEnd; row += RowsPerBlock)
        {
            var rows = Math.Min(RowsPerBlock, rowEnd - row);
            Kernels.Multiply(Input.From(row), rows, Form.Inputs, weights, columns, columns, BiasOf(panel), Gates.At(panel, row), Gates.Stride);
        }
    }

    /// <summary>A round of a step forward, for some panels and positions.</summary>
    public void StepForward(int step, int round, in StepPart part)
    {
        Span<Piece> pieces = stackalloc Piece[2];
        var count = PiecesOf(step, part.PositionStart, part.PositionEnd, pieces);
        for (var panel = part.PanelStart; panel < part.PanelEnd; panel++)
        {
            for (var i = 0; i < count; i++)
            {
                StepForward(round, panel, pieces[i], part.Scratch);
                if (Drops && round == ForwardRounds - 1)
                    Dropout!.Copy(States, pieces[i], panel * Form.Shape.UnitsPerPanel, Form.Shape.UnitsOf(panel));
            }
        }
    }

    /// <summary>A round of a step backward, for some panels, units and positions.</summary>
    public void StepBackward(int step, int round, in StepPart part)
    {
        Span<Piece> pieces = stackalloc Piece[2];
        var count = PiecesOf(step, part.PositionStart, part.PositionEnd, pieces);
        for (var i = 0; i < count; i++)
            StepBackward(round, pieces[i], part);
    }

    /// <summary>Clears what the backward pass carries from step to step, for some panels.</summary>
    public virtual void BeginBackward(int panelStart, int panelEnd)
    {
    }

    /// <summary>Sets dE/d what the cell carries beside h behind a sequence's last step, between <see cref="BeginBackward"/> and the first step.</summary>
    /// <param name="position">The position.</param>
    /// <param name="source">[H].</param>
    public virtual void LoadCellGradient(int position, float* source)
    {
    }

    /// <summary>Writes dE/d what the cell carries beside h before a sequence's first step, after the last step back.</summary>
    /// <param name="position">The position.</param>
    /// <param name="destination">[H].</param>
    public virtual void SaveCellGradient(int position, float* destination)
    {
    }

    /// <summary>Sets or clears the initial states of some positions beside h itself.</summary>
    public virtual void ClearInitial(int positionStart, int positionEnd)
    {
    }

    /// <summary>Reads what the cell carries beside h into the initial state of a position.</summary>
    /// <param name="position">The position.</param>
    /// <param name="source">[H].</param>
    public virtual void LoadCell(int position, float* source)
    {
    }

    /// <summary>Writes what the cell carries beside h after a packed row.</summary>
    /// <param name="row">The packed row.</param>
    /// <param name="destination">[H].</param>
    public virtual void SaveCell(int row, float* destination)
    {
    }

    /// <summary>dE/dW_ih for a share of all panels' inputs.</summary>
    public void InputWeightGradient(float* gradient, (int Start, int End) share, float* scratch) =>
        WeightGradient.Sum(
            Kernels, Input, Form.Inputs, Batch.EveryRow, Batch.Order, [new GradientColumns(Gates)], Form.Shape, gradient + Form.Tensors.WeightIh.Offset, share, scratch);

    /// <summary>dE/dW_hh for a share of all panels' units of the state before.</summary>
    public virtual void StateWeightGradient(float* gradient, (int Start, int End) share, float* scratch) =>
        StateWeightGradient(new LeftOperand(ReadStates.At(0), ReadStates.Stride), Batch.Recurrent(Form.Reverse), [new GradientColumns(Gates)], gradient, share, scratch);

    /// <summary>dE/db of a panel, and that of its peepholes.</summary>
    public virtual void BiasGradient(float* gradient, int panel, float* scratch)
    {
        var columns = Form.Shape.ColumnsOf(panel);
        var first = panel * Form.Shape.ColumnsPerPanel;
        var ih = gradient + Form.Tensors.BiasIh.Offset + first;
        var one = 1f;
        Kernels.SumOuterProducts(&one, 0, 1, Gates.At(panel, 0), Gates.Stride, columns, Batch.EveryRow, ih, columns, false, scratch);
        new ReadOnlySpan<float>(ih, columns).CopyTo(new Span<float>(gradient + Form.Tensors.BiasHh.Offset + first, columns));
    }

    /// <summary>Adds what goes back to the inputs of some rows; 16 output columns are a unit.</summary>
    public void InputGradient(RowBlock gradients, int rowStart, int rowEnd, int start, int end) =>
        BackToInputs!.Multiply(Kernels, Gates.Operand(rowStart, Form.Shape.ColumnsPerPanel), rowEnd - rowStart, gradients.At(rowStart), gradients.Stride, start, end);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        Gates.Dispose();
        BackToState.Dispose();
        BackToInputs?.Dispose();
        Dropout?.Dispose();
        _bias.Dispose();
    }

    /// <summary>A round of a step forward: one panel, one piece.</summary>
    protected abstract void StepForward(int round, int panel, in Piece piece, float* scratch);

    /// <summary>A round of a step backward: some panels or units, one piece.</summary>
    protected abstract void StepBackward(int round, in Piece piece, in StepPart part);

    /// <summary>dE/dW_hh of some columns.</summary>
    protected void StateWeightGradient(
        in LeftOperand x, in ShardRows pairs, ReadOnlySpan<GradientColumns> parts, float* gradient, (int Start, int End) share, float* scratch) =>
        WeightGradient.Sum(Kernels, x, Units, pairs, Batch.Order, parts, Form.Shape, gradient + Form.Tensors.WeightHh.Offset, share, scratch);

    /// <summary>The recurrent weights of a panel, [H, columns].</summary>
    protected float* StateWeights(int panel) => Parameters + Form.Tensors.WeightHh.Offset + Form.Shape.OffsetOf(panel, Units);

    /// <summary>h', as the recurrent products read it, as a left operand.</summary>
    protected LeftOperand Before(in Piece piece) => new(ReadStates.At(piece.Previous), ReadStates.Stride);

    /// <summary>Adds what goes back through the recurrent weights to dE/dh' of a piece, for some units; nothing where nothing goes back.</summary>
    /// <param name="gates">The gradients of what the recurrent products entered.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="part">The units.</param>
    protected void SendBack(in LeftOperand gates, in Piece piece, in StepPart part)
    {
        var before = BeforeGradient(piece);
        if (before == null)
            return;
        var output = BeginSendBack(before, piece, part);
        BackToState.Multiply(Kernels, gates, piece.Rows, output.At(0), output.Stride, part.Columns16Start, part.Columns16End);
        EndSendBack(before, piece, part);
    }

    /// <summary>Where a product that goes back to h' is to be added: dE/dh' itself or, with dropout, +0.</summary>
    protected RowBlock BeginSendBack(float* before, in Piece piece, in StepPart part)
    {
        if (!Drops)
            return new RowBlock((nint)before, StateGradients.Stride);
        var products = Dropout!.Products;
        BackToState.Clear(products.At(piece.Position), products.Stride, piece.Rows, part.Columns16Start, part.Columns16End);
        return products with { Pointer = (nint)products.At(piece.Position) };
    }

    /// <summary>With dropout, adds such a product, multiplied by the masks, to dE/dh'.</summary>
    protected void EndSendBack(float* before, in Piece piece, in StepPart part)
    {
        if (Drops)
            Dropout!.AddProducts(before, StateGradients.Stride, piece, part.Columns16Start * 16, part.Columns16End * 16);
    }

    /// <summary>dE/dh' of a piece, or null where the states before are initial ones to which nothing goes back.</summary>
    protected float* BeforeGradient(in Piece piece) => piece.Previous < Batch.Sequences && !BackToInitial ? null : StateGradients.At(piece.Previous);

    /// <summary>dE/dh of a piece.</summary>
    protected float* Gradient(in Piece piece) => StateGradients.At(Batch.Sequences + piece.Row);

    private float* BiasOf(int panel) => _bias.Pointer + panel * PanelShape.MaxColumns;

    /// <summary>A step's positions in pieces whose states before are neighbours: reading from the end, some sequences begin where others go on.</summary>
    private int PiecesOf(int step, int start, int end, Span<Piece> pieces)
    {
        end = Math.Min(end, Batch.Counts[step]);
        if (start >= end)
            return 0;
        var row = Batch.Starts[step];
        if (!Form.Reverse)
        {
            pieces[0] = new Piece(row + start, end - start, start, step == 0 ? start : Batch.Sequences + Batch.Starts[step - 1] + start, step > 0 || Batch.Carried);
            return 1;
        }
        var count = 0;
        var going = step + 1 < Batch.Steps ? Batch.Counts[step + 1] : 0;
        if (start < going)
            pieces[count++] = new Piece(row + start, Math.Min(end, going) - start, start, Batch.Sequences + Batch.Starts[step + 1] + start, true);
        var beginning = Math.Max(start, going);
        if (beginning < end)
            pieces[count++] = new Piece(row + beginning, end - beginning, beginning, beginning, Batch.Carried);
        return count;
    }
}

/// <summary>Neighbouring positions of one step.</summary>
/// <param name="Row">The packed row of the first.</param>
/// <param name="Rows">How many there are.</param>
/// <param name="Position">The first position.</param>
/// <param name="Previous">The state row before the first.</param>
/// <param name="Linked">Whether the states before take part in products: initial states of +0 do not.</param>
internal readonly record struct Piece(int Row, int Rows, int Position, int Previous, bool Linked);

/// <summary>A thread's share of a step.</summary>
/// <param name="PanelStart">The first panel.</param>
/// <param name="PanelEnd">Behind the last one.</param>
/// <param name="Columns16Start">Of the state's units, the first 16.</param>
/// <param name="Columns16End">Behind the last ones.</param>
/// <param name="PositionStart">The first position.</param>
/// <param name="PositionEnd">Behind the last one.</param>
/// <param name="ScratchPointer">The thread's own working memory.</param>
internal readonly unsafe record struct StepPart(
    int PanelStart, int PanelEnd, int Columns16Start, int Columns16End, int PositionStart, int PositionEnd, nint ScratchPointer)
{
    /// <summary>The thread's own working memory: room for a panel of every position.</summary>
    public float* Scratch => (float*)ScratchPointer;
}
