using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>What a whole sequence says: its states are pooled into one row, from which come a softmax over classes or real values.</summary>
internal sealed unsafe class SequenceHead : NetworkHead
{
    private readonly SoftmaxLoss? _softmax;
    private readonly AttentionPooling? _attention;
    private readonly Scratch _pooled = new();
    private readonly Scratch _pooledGradients = new();
    private readonly IntScratch _largest = new();
    private readonly IntScratch _stepRows = new();
    private readonly Scratch _values = new();
    private readonly Scratch _threadRow = new();
    private int[] _firstStep = [];
    private double[] _losses = [];
    private bool _hasTargets;
    private bool _hasBase;

    public SequenceHead(Network network, ComputeTeam team, PackedBatch batch, RecurrentStack stack, OutputLayer layer, SimdWidth width)
        : base(network, team, batch, stack, layer)
    {
        if (network.Options.Head == HeadKind.ClassPerSequence)
            _softmax = new SoftmaxLoss(team, layer, width, network.Options.ClassWeights.AsSpan());
        if (network.PoolingWeight is { } weight && network.PoolingBias is { } bias && network.PoolingContext is { } context)
            _attention = new AttentionPooling(team, batch, width, new AttentionPoolingForm(weight, bias, context, network.Options.Hidden[^1], network.Options.Directions, stack.TopSegmentStride));
    }

    public override long Bytes => base.Bytes + (_softmax?.Bytes ?? 0) + (_attention?.Bytes ?? 0) + _pooled.Bytes + _pooledGradients.Bytes + _values.Bytes + _threadRow.Bytes;

    private int Outputs => Network.Options.Outputs;

    private int Stride => (Network.TopSize + 15) / 16 * 16;

    private int BackwardUnits => Segments > 1 ? Stack.TopUnits : 0;

    private RowBlock Pooled => new((nint)_pooled.Pointer, Stride);

    private RowBlock PooledGradients => new((nint)_pooledGradients.Pointer, Stride);

    // A thread's own copy of one row of outputs, panel by panel without gaps.
    private float* RowOf(int thread) => _threadRow.Pointer + (nint)thread * ((Outputs + 63) / 64 * 64);

    // The targets of all sequences, and behind them their known forecasts.
    private float* TargetsOf(int sequence) => _values.Pointer + (nint)sequence * Outputs;

    private float* BaseOf(int sequence) => _hasBase ? _values.Pointer + ((nint)Batch.Sequences + sequence) * Outputs : null;

    private RowBlock Top => Stack.Top;

    public override void SetParameters(FloatBuffer parameters)
    {
        base.SetParameters(parameters);
        _attention?.SetParameters(parameters);
    }

    public override void RebuildTransposes(int thread)
    {
        base.RebuildTransposes(thread);
        _attention?.RebuildTransposes(thread);
    }

    public override void Prepare(ReadOnlySpan<SequenceBatch> shards)
    {
        var kind = _softmax is null ? TargetKind.ValuesPerSequence : TargetKind.ClassPerSequence;
        _pooled.Ensure((long)Batch.Sequences * Stride);
        _pooledGradients.Ensure((long)Batch.Sequences * Stride);
        _largest.Ensure((long)Batch.Sequences * Stride);
        _stepRows.Ensure(Batch.PackedRows);
        _attention?.Prepare();
        if (_firstStep.Length <= Batch.Sequences)
            (_firstStep, _losses) = (new int[Batch.Sequences + 1], new double[Batch.Sequences + 1]);
        for (int sequence = 0, at = 0; sequence < Batch.Sequences; sequence++)
        {
            _firstStep[sequence] = at;
            for (var step = 0; step < Batch.LengthOf[sequence]; step++)
                _stepRows.Pointer[at++] = Batch.PackedRowOf(step, sequence);
        }
        _hasTargets = false;
        _hasBase = false;
        foreach (var shard in shards)
        {
            if (shard.Rows > 0 && shard.TargetKind != kind && shard.TargetKind != TargetKind.None)
                throw new ArgumentException($"The shard's targets are {shard.TargetKind}; the network learns {kind}.", nameof(shards));
            if (shard.Rows > 0 && shard.TargetKind == TargetKind.ValuesPerSequence && shard.TargetSize != Outputs)
                throw new ArgumentException($"The shard has {shard.TargetSize} values a target; the network says {Outputs}.", nameof(shards));
            _hasTargets |= shard.Rows > 0 && shard.TargetKind != TargetKind.None;
            _hasBase |= shard.Rows > 0 && shard.HasBase;
        }
        if (_softmax is null)
            PrepareValues(shards);
        else
            PrepareClasses(shards);
    }

    public override void Run(int thread, StepKey? key, float* gradient, bool values)
    {
        var (start, end) = Team.PartOf(thread, Batch.Sequences);
        _attention?.Project(thread, Stack.TopOperand);
        if (_attention is not null)
            Team.Barrier();
        for (var sequence = start; sequence < end; sequence++)
        {
            Pool(thread, sequence);
            Drop(key, Pooled, sequence);
        }
        Team.Barrier();
        var x = new LeftOperand(Pooled.At(0), Stride);
        if (_softmax is not null)
        {
            var mode = gradient != null ? SoftmaxMode.Gradient : values ? SoftmaxMode.Probabilities : SoftmaxMode.Losses;
            _softmax.Run(thread, x, Batch.Sequences, mode, PooledGradients);
        }
        else
        {
            RunValues(thread, x, start, end, gradient != null);
        }
        Team.Barrier();
        if (gradient == null)
            return;
        Layer.Gradients(thread, x, Batch.EverySequence, Batch.Order, gradient);
        for (var sequence = start; sequence < end; sequence++)
            Drop(key, PooledGradients, sequence);
        if (_attention is not null)
            PoolBackByAttention(thread, _attention, start, end, gradient);
        else
            PoolBack(thread, start, end);
    }

    public override LeftOperand Features(StepKey? key) => new(Pooled.At(0), Stride);

    public override void Report(ReadOnlySpan<SequenceBatch> shards, Span<ShardResult> results)
    {
        for (var shard = 0; shard < shards.Length; shard++)
        {
            var sum = new InterleavedSum();
            long targets = 0, correct = 0;
            for (var sequence = Batch.FirstSequence[shard]; sequence < Batch.FirstSequence[shard + 1]; sequence++)
            {
                if (!HasTarget(sequence))
                    continue;
                sum.Add(LossOf(sequence));
                targets++;
                correct += _softmax is not null && _softmax.IsCorrect(sequence) ? 1 : 0;
            }
            results[shard] = new ShardResult(sum.Total, targets, shards[shard].Rows, correct);
        }
    }

    public override void Report(SequenceBatch shard, Predictions predictions)
    {
        predictions.Reset(shard.Rows, Outputs, classes: _softmax is not null);
        for (var sequence = 0; sequence < shard.Rows; sequence++)
        {
            predictions.MutableLosses[sequence] = LossOf(sequence);
            if (_softmax is not null)
                predictions.MutableClasses[sequence] = Math.Max(_softmax.Classes[sequence], 0);
            if (!predictions.WantsValues)
                continue;
            var values = predictions.MutableValues.Slice(sequence * Outputs, Outputs);
            if (_softmax is not null)
            {
                _softmax.CopyProbabilities(sequence, values);
                continue;
            }
            for (var i = 0; i < Outputs; i++)
            {
                var value = Layer.Outputs.At(i / PanelShape.MaxColumns, sequence)[i % PanelShape.MaxColumns];
                values[i] = _hasBase ? value + BaseOf(sequence)[i] : value;
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _softmax?.Dispose();
        _attention?.Dispose();
        foreach (var scratch in (Scratch[])[_pooled, _pooledGradients, _values, _threadRow])
            scratch.Dispose();
        _largest.Dispose();
        _stepRows.Dispose();
    }

    private int* StepRowsOf(int sequence) => _stepRows.Pointer + _firstStep[sequence];

    private void Pool(int thread, int sequence)
    {
        if (_attention is not null)
        {
            _attention.Forward(thread, sequence, StepRowsOf(sequence), Top, Pooled.At(sequence));
            return;
        }
        SequencePooling.Forward(
            Network.Options.Pooling, Top.At(0), Top.Stride, StepRowsOf(sequence), Batch.LengthOf[sequence], Stack.TopUnits, BackwardUnits, Stack.TopSegmentStride,
            Pooled.At(sequence), _largest.Pointer + (nint)sequence * Stride);
    }

    private void PoolBack(int thread, int start, int end)
    {
        var (first, last) = Team.PartOf(thread, Batch.PackedRows);
        for (var row = first; row < last; row++)
            new Span<float>(Stack.TopGradients.At(row), (int)Stack.TopGradients.Stride).Clear();
        Team.Barrier();
        for (var sequence = start; sequence < end; sequence++)
        {
            SequencePooling.Backward(
                Network.Options.Pooling, PooledGradients.At(sequence), StepRowsOf(sequence), Batch.LengthOf[sequence], Stack.TopUnits, BackwardUnits,
                Stack.TopSegmentStride, _largest.Pointer + (nint)sequence * Stride, Stack.TopGradients.At(0), Stack.TopGradients.Stride);
        }
    }

    private void PoolBackByAttention(int thread, AttentionPooling attention, int start, int end, float* gradient)
    {
        for (var sequence = start; sequence < end; sequence++)
            attention.BackwardScores(sequence, StepRowsOf(sequence), Top, PooledGradients.At(sequence));
        Team.Barrier();
        attention.Backward(thread, Stack.TopOperand, Stack.TopGradients, gradient);
        for (var sequence = start; sequence < end; sequence++)
            attention.AddWeighted(sequence, StepRowsOf(sequence), PooledGradients.At(sequence), Stack.TopGradients);
    }

    private bool HasTarget(int sequence) => _softmax is null ? _hasTargets : _softmax.Targets[sequence] >= 0;

    private double LossOf(int sequence) => _softmax is null ? _losses[sequence] : _softmax.Losses[sequence];

    private void PrepareClasses(ReadOnlySpan<SequenceBatch> shards)
    {
        _softmax!.Prepare(Batch.Sequences);
        var sequence = 0;
        foreach (var shard in shards)
            for (var row = 0; row < shard.Rows; row++, sequence++)
                _softmax.Targets[sequence] = shard.TargetKind == TargetKind.None ? -1 : TargetOf(shard.Targets[row]);
    }

    private void PrepareValues(ReadOnlySpan<SequenceBatch> shards)
    {
        Layer.Prepare(Batch.Sequences);
        _values.Ensure(2L * Batch.Sequences * Outputs);
        _threadRow.Ensure((long)Team.Threads * ((Outputs + 63) / 64 * 64));
        var sequence = 0;
        foreach (var shard in shards)
        {
            if (shard.Rows == 0)
                continue;
            if (_hasTargets)
                shard.TargetValues.CopyTo(new Span<float>(TargetsOf(sequence), shard.Rows * Outputs));
            if (_hasBase)
                shard.BaseValues.CopyTo(new Span<float>(BaseOf(sequence), shard.Rows * Outputs));
            sequence += shard.Rows;
        }
    }

    /// <summary>Values, their losses and gradients: rows need nothing of one another.</summary>
    private void RunValues(int thread, in LeftOperand x, int start, int end, bool back)
    {
        if (start >= end)
            return;
        for (var panel = 0; panel < Layer.Shape.PanelCount; panel++)
            Layer.Product(x, panel, start, end);
        for (var sequence = start; sequence < end; sequence++)
        {
            _losses[sequence] = 0;
            if (!_hasTargets)
                continue;
            var row = RowOf(thread);
            for (var panel = 0; panel < Layer.Shape.PanelCount; panel++)
                new ReadOnlySpan<float>(Layer.Outputs.At(panel, sequence), Layer.Shape.ColumnsOf(panel)).CopyTo(new Span<float>(row + panel * PanelShape.MaxColumns, PanelShape.MaxColumns));
            _losses[sequence] = MeanSquaredError.OfRow(row, BaseOf(sequence), TargetsOf(sequence), back ? row : null, Outputs);
            for (var panel = 0; back && panel < Layer.Shape.PanelCount; panel++)
                new ReadOnlySpan<float>(row + panel * PanelShape.MaxColumns, Layer.Shape.ColumnsOf(panel)).CopyTo(new Span<float>(Layer.Outputs.At(panel, sequence), PanelShape.MaxColumns));
        }
        if (back)
            Layer.Back(PooledGradients, start, end, 0, Layer.Columns16);
    }

    private void Drop(StepKey? key, RowBlock rows, int sequence)
    {
        if (key is { } dropout && Network.Options.Dropout.Output > 0)
            DropoutRows.Apply(Batch, dropout, DropoutMasks.OutputTag, Network.Options.Dropout.Output, rows.At(sequence), Network.TopSize, 1, 0, 0, sequence);
    }
}
