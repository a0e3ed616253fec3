using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The dense layer on top, y = W x + b, over any rows. Its outputs lie in panels, [panels][rows][64], and the loss turns them into their gradient in
/// place, which then goes back through W and into dE/dW and dE/db.
/// </summary>
/// <remarks>Parts of products may be computed by any thread.</remarks>
internal sealed unsafe class OutputLayer : IDisposable
{
    private readonly ComputeTeam _team;
    private readonly MatrixKernels _kernels;
    private readonly OutputLayerForm _form;
    private readonly TransposedWeights _backToInputs;
    private readonly Scratch[] _scratch;
    private readonly FloatBuffer _noBias = new(PanelShape.MaxColumns);
    private float* _parameters;

    /// <summary>Makes a layer.</summary>
    public OutputLayer(ComputeTeam team, MatrixKernels kernels, OutputLayerForm form)
    {
        (_team, _kernels, _form) = (team, kernels, form);
        Outputs = new PanelBuffer(form.Shape.PanelCount, PanelShape.MaxColumns);
        _backToInputs = new TransposedWeights(form.Shape, form.Segment, form.Segments, form.SegmentStride, kernels);
        _scratch = [.. Enumerable.Range(0, team.Threads).Select(_ => new Scratch())];
    }

    /// <summary>The layer's panels.</summary>
    public PanelShape Shape => _form.Shape;

    /// <summary>Outputs, then their gradients.</summary>
    public PanelBuffer Outputs { get; }

    /// <summary>Units of 16 inputs, in which <see cref="Back"/> may be divided.</summary>
    public int Columns16 => _backToInputs.Columns16;

    /// <summary>Bytes held.</summary>
    public long Bytes => Outputs.Bytes + _backToInputs.Bytes + _scratch.Sum(scratch => scratch.Bytes);

    /// <summary>Sets the parameters.</summary>
    public void SetParameters(FloatBuffer parameters) => _parameters = parameters.Pointer;

    /// <summary>Makes room.</summary>
    /// <param name="rows">Rows.</param>
    public void Prepare(int rows)
    {
        Outputs.Ensure(_form.IsTied ? rows + PanelShape.MaxColumns : rows);
        foreach (var scratch in _scratch)
            scratch.Ensure(WeightGradient.ScratchFloats(rows));
    }

    /// <summary>Rebuilds this thread's share of the transpose.</summary>
    public void RebuildTransposes(int thread)
    {
        var (start, end) = _team.PartOf(thread, _form.Shape.PanelCount);
        _backToInputs.Rebuild(_parameters + _form.Weight.Offset, start, end);
    }

    /// <summary>y = W x + b for some panels and rows.</summary>
    /// <param name="x">The inputs, from row 0.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="rowStart">The first row.</param>
    /// <param name="rowEnd">Behind the last one.</param>
    public void Product(in LeftOperand x, int panel, int rowStart, int rowEnd)
    {
        var columns = _form.Shape.ColumnsOf(panel);
        _kernels.Multiply(
            x.From(rowStart), rowEnd - rowStart, _form.Inputs, _parameters + _form.Weight.Offset + _form.Shape.OffsetOf(panel, _form.Inputs), columns, columns,
            _form.Bias is { } bias ? _parameters + bias.Offset + panel * PanelShape.MaxColumns : _noBias.Pointer, Outputs.At(panel, rowStart), Outputs.Stride);
    }

    /// <summary>dx = W^T dy, from +0, for some rows and units of 16 inputs.</summary>
    /// <param name="dx">The inputs' gradient, from row 0.</param>
    /// <param name="rowStart">The first row.</param>
    /// <param name="rowEnd">Behind the last one.</param>
    /// <param name="start">The first unit of 16 inputs.</param>
    /// <param name="end">Behind the last one.</param>
    public void Back(RowBlock dx, int rowStart, int rowEnd, int start, int end)
    {
        _backToInputs.Clear(dx.At(rowStart), dx.Stride, rowEnd - rowStart, start, end);
        _backToInputs.Multiply(_kernels, Outputs.Operand(rowStart, PanelShape.MaxColumns), rowEnd - rowStart, dx.At(rowStart), dx.Stride, start, end);
    }

    /// <summary>This thread's share of dE/dW (not of tied weights) and dE/db: the inputs of all panels, one after another, are cut evenly.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="x">The inputs, from row 0.</param>
    /// <param name="rows">Which rows each shard has, in the order that counts.</param>
    /// <param name="order">The numbers 0, 1, 2 ...</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Gradients(int thread, in LeftOperand x, in ShardRows rows, int* order, float* gradient)
    {
        var scratch = _scratch[thread].Pointer;
        var panels = _form.Shape.PanelCount;
        if (!_form.IsTied)
        {
            WeightGradient.Sum(
                _kernels, x, _form.Inputs, rows, order, [new GradientColumns(Outputs)], _form.Shape, gradient + _form.Weight.Offset,
                _team.PartOf(thread, checked(panels * _form.Inputs)), scratch, _form.Bias is { } bias ? gradient + bias.Offset : null);
            return;
        }
        for (var panel = thread; _form.Bias is { } own && panel < panels; panel += _team.Threads)
        {
            var (columns, one) = (_form.Shape.ColumnsOf(panel), 1f);
            _kernels.SumOuterProducts(
                &one, 0, 1, Outputs.At(panel, 0), Outputs.Stride, columns, rows, gradient + own.Offset + panel * PanelShape.MaxColumns, columns, false, scratch);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Outputs.Dispose();
        _noBias.Dispose();
        _backToInputs.Dispose();
        foreach (var scratch in _scratch)
            scratch.Dispose();
    }
}

/// <summary>What an output layer is made of.</summary>
/// <param name="Weight">W, [outputs, inputs].</param>
/// <param name="Bias">b, [outputs]; null without.</param>
/// <param name="Shape">The panels: one gate, a unit an output.</param>
/// <param name="Segment">Inputs in a segment of a row.</param>
/// <param name="Segments">Segments of a row.</param>
/// <param name="SegmentStride">Floats from a segment to the next.</param>
/// <param name="IsTied">Whether W is an embedding's too: then <see cref="TiedGradient"/> computes its gradient.</param>
internal sealed record OutputLayerForm(TensorInfo Weight, TensorInfo? Bias, PanelShape Shape, int Segment, int Segments, int SegmentStride, bool IsTied = false)
{
    /// <summary>Inputs in all.</summary>
    public int Inputs => Segment * Segments;
}
