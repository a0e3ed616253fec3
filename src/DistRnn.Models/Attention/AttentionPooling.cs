using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Self-attention pooling (Yang et al. 2016): a sequence is the weighted mean of its own steps, and it says itself what they weigh. With h_t the top layer's
/// state in all directions, D units, and sums over the sequence's steps:
/// <code>
/// u_t = tanh(W h_t + b)     e_t = v . u_t     a_t = exp(e_t) / sum_s exp(e_s)     p = sum_t a_t h_t
///
/// da_t = dp . h_t           de_t = a_t (da_t - sum_s a_s da_s)       dv = sum de_t u_t
/// du_t = de_t v (1 - u_t^2) dh_t = W^T du_t + a_t dp                 dW = sum du_t h_t^T     db = sum du_t
/// </code>
/// </summary>
/// <remarks>
/// Every sum is one chain of fused multiply-adds, over units or steps ascending, except a softmax's denominator, which is 16 interleaved parts. Members that take a
/// thread are called by every thread of the team at once; those that take a sequence, by one thread each.
/// </remarks>
internal sealed unsafe class AttentionPooling : IDisposable
{
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch;
    private readonly MatrixKernels _matrices;
    private readonly AttentionKernels _kernels;
    private readonly OutputLayer _layer;
    private readonly AttentionPoolingForm _form;
    private readonly FloatBuffer _noBias = new(PanelShape.MaxColumns);
    private readonly Scratch _scores = new();
    private readonly Scratch _weights = new();
    private readonly Scratch _weightGradients = new();
    private readonly Scratch[] _scratch;
    private nint _stride;
    private float* _parameters;

    /// <summary>Makes the pooling of one network.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="batch">How rows lie.</param>
    /// <param name="width">The vector width.</param>
    /// <param name="form">Shapes and tensors.</param>
    public AttentionPooling(ComputeTeam team, PackedBatch batch, SimdWidth width, AttentionPoolingForm form)
    {
        (_team, _batch, _form) = (team, batch, form);
        (_matrices, _kernels) = (MatrixKernels.Create(width), AttentionKernels.Create(width));
        _layer = new OutputLayer(team, _matrices, new OutputLayerForm(form.Weight, form.Bias, new PanelShape(1, form.Size), form.Segment, form.Segments, form.SegmentStride));
        _scratch = [.. Enumerable.Range(0, team.Threads).Select(_ => new Scratch())];
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _layer.Bytes + _scores.Bytes + _weights.Bytes + _weightGradients.Bytes + _scratch.Sum(scratch => scratch.Bytes);

    private float* Context => _parameters + _form.Context.Offset;

    /// <summary>Sets the parameters.</summary>
    public void SetParameters(FloatBuffer parameters)
    {
        _parameters = parameters.Pointer;
        _layer.SetParameters(parameters);
    }

    /// <summary>Rebuilds this thread's share of the transpose.</summary>
    public void RebuildTransposes(int thread) => _layer.RebuildTransposes(thread);

    /// <summary>Makes room for the batch; one thread.</summary>
    public void Prepare()
    {
        _layer.Prepare(_batch.PackedRows);
        _stride = (_batch.Steps + 15) / 16 * 16;
        _scores.Ensure(_batch.PackedRows * 16L);
        _weights.Ensure(_batch.Sequences * _stride);
        _weightGradients.Ensure(_batch.Sequences * _stride);
        foreach (var scratch in _scratch)
            scratch.Ensure(MatrixKernels.ScratchFloats);
    }

    /// <summary>u and e of this thread's rows; the caller's next barrier ends it.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="states">h by packed row.</param>
    public void Project(int thread, in LeftOperand states)
    {
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        if (start >= end)
            return;
        for (var panel = 0; panel < _layer.Shape.PanelCount; panel++)
        {
            _layer.Product(states, panel, start, end);
            for (var row = start; row < end; row++)
                _kernels.Tanh(_layer.Outputs.At(panel, row), _layer.Shape.ColumnsOf(panel));
        }
        _matrices.Multiply(_layer.Outputs.Operand(start, PanelShape.MaxColumns), end - start, _form.Size, Context, 1, 1, _noBias.Pointer, ScoreOf(start), 16);
    }

    /// <summary>a and p of one sequence, after <see cref="Project"/>.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="stepRows">The packed row of each of its steps.</param>
    /// <param name="states">h by packed row.</param>
    /// <param name="pooled">p, [D]: the directions one behind the other.</param>
    public void Forward(int thread, int sequence, int* stepRows, RowBlock states, float* pooled)
    {
        var length = _batch.LengthOf[sequence];
        var weights = WeightsOf(sequence);
        for (var t = 0; t < length; t++)
            weights[t] = *ScoreOf(stepRows[t]);
        _kernels.Softmax(weights, length, 1);
        var offsets = stackalloc int[2] { 0, length };
        var present = true;
        var rows = new ShardRows(_batch.Order, stepRows, offsets, &present, 1);
        for (var segment = 0; segment < _form.Segments; segment++)
        {
            _matrices.SumOuterProducts(
                weights, 1, 1, states.At(0) + segment * _form.SegmentStride, states.Stride, _form.Segment, rows, pooled + segment * _form.Segment, _form.Segment, false,
                _scratch[thread].Pointer);
        }
    }

    /// <summary>de of one sequence.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="stepRows">The packed row of each of its steps.</param>
    /// <param name="states">h by packed row.</param>
    /// <param name="pooledGradient">dp, [D].</param>
    public void BackwardScores(int sequence, int* stepRows, RowBlock states, float* pooledGradient)
    {
        var length = _batch.LengthOf[sequence];
        var gradients = _weightGradients.Pointer + sequence * _stride;
        for (var t = 0; t < length; t++)
            gradients[t] = Dot(pooledGradient, states.At(stepRows[t]));
        _kernels.SoftmaxBackward(WeightsOf(sequence), gradients, length, 1);
        for (var t = 0; t < length; t++)
            *ScoreOf(stepRows[t]) = gradients[t];
    }

    /// <summary>The gradients of v, W and b and what goes back through W, which is written into whole rows; begins after a barrier of the caller's; all of the latter is there when it returns.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="states">h by packed row.</param>
    /// <param name="stateGradients">Where W^T du goes, by packed row.</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Backward(int thread, in LeftOperand states, RowBlock stateGradients, float* gradient)
    {
        var scratch = _scratch[thread].Pointer;
        for (var panel = thread; panel < _layer.Shape.PanelCount; panel += _team.Threads)
        {
            var columns = _layer.Shape.ColumnsOf(panel);
            _matrices.SumOuterProducts(
                ScoreOf(0), 16, 1, _layer.Outputs.At(panel, 0), _layer.Outputs.Stride, columns, _batch.EveryRow, gradient + _form.Context.Offset + panel * PanelShape.MaxColumns,
                columns, false, scratch);
        }
        _team.Barrier();
        var (start, end) = _team.PartOf(thread, _batch.PackedRows);
        for (var panel = 0; panel < _layer.Shape.PanelCount; panel++)
            for (var row = start; row < end; row++)
                BackwardTanh(panel, row, scratch);
        if (start < end)
            _layer.Back(stateGradients, start, end, 0, _layer.Columns16);
        _team.Barrier();
        _layer.Gradients(thread, states, _batch.EveryRow, _batch.Order, gradient);
    }

    /// <summary>Adds a_t dp to the gradients of one sequence's states, after <see cref="Backward"/>: the product, then the sum.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="stepRows">The packed row of each of its steps.</param>
    /// <param name="pooledGradient">dp, [D].</param>
    /// <param name="stateGradients">dE/dh by packed row.</param>
    public void AddWeighted(int sequence, int* stepRows, float* pooledGradient, RowBlock stateGradients)
    {
        var weights = WeightsOf(sequence);
        for (var t = 0; t < _batch.LengthOf[sequence]; t++)
            for (var segment = 0; segment < _form.Segments; segment++)
                SequencePooling.AddScaled(pooledGradient + segment * _form.Segment, weights[t], stateGradients.At(stepRows[t]) + segment * _form.SegmentStride, _form.Segment);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _layer.Dispose();
        _noBias.Dispose();
        foreach (var scratch in (Scratch[])[_scores, _weights, _weightGradients, .. _scratch])
            scratch.Dispose();
    }

    /// <summary>e of a packed row, then its gradient: one float of a row of 16.</summary>
    private float* ScoreOf(int row) => _scores.Pointer + (nint)row * 16;

    private float* WeightsOf(int sequence) => _weights.Pointer + sequence * _stride;

    private float Dot(float* pooledGradient, float* state)
    {
        var sum = 0f;
        for (var segment = 0; segment < _form.Segments; segment++, pooledGradient += _form.Segment, state += _form.SegmentStride)
            for (var unit = 0; unit < _form.Segment; unit++)
                sum = MathF.FusedMultiplyAdd(pooledGradient[unit], state[unit], sum);
        return sum;
    }

    /// <summary>u becomes du.</summary>
    private void BackwardTanh(int panel, int row, float* scratch)
    {
        var (columns, score) = (_layer.Shape.ColumnsOf(panel), *ScoreOf(row));
        var context = Context + panel * PanelShape.MaxColumns;
        for (var column = 0; column < columns; column++)
            scratch[column] = score * context[column];
        _kernels.TanhBackward(_layer.Outputs.At(panel, row), scratch, columns);
    }
}

/// <summary>What attention pooling is made of.</summary>
/// <param name="Weight">W, [D, D].</param>
/// <param name="Bias">b, [D].</param>
/// <param name="Context">v, [D].</param>
/// <param name="Segment">Units of a direction.</param>
/// <param name="Segments">Directions.</param>
/// <param name="SegmentStride">Floats from a direction's units to the next one's in a row of states.</param>
internal sealed record AttentionPoolingForm(TensorInfo Weight, TensorInfo Bias, TensorInfo Context, int Segment, int Segments, int SegmentStride)
{
    /// <summary>D.</summary>
    public int Size => Segment * Segments;
}
