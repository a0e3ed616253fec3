using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A class at every step, each for itself or the steps of a sequence together: language models and taggers.</summary>
internal sealed unsafe class StepHead : NetworkHead
{
    private readonly IStepLoss _loss;
    private readonly Scratch _dropped = new();

    public StepHead(Network network, ComputeTeam team, PackedBatch batch, RecurrentStack stack, OutputLayer layer, SimdWidth width)
        : base(network, team, batch, stack, layer) =>
        _loss = network.Crf is { } crf ? new CrfLoss(crf, team, batch, layer) : new SoftmaxLoss(team, layer, width, network.Options.ClassWeights.AsSpan());

    public override long Bytes => base.Bytes + _loss.Bytes + _dropped.Bytes;

    private float Rate => Network.Options.Dropout.Output;

    public override void SetParameters(FloatBuffer parameters)
    {
        base.SetParameters(parameters);
        _loss.SetParameters(parameters);
    }

    public override void Prepare(ReadOnlySpan<SequenceBatch> shards)
    {
        _loss.Prepare(Batch.PackedRows);
        var sequence = 0;
        foreach (var shard in shards)
        {
            if (shard.Rows > 0 && shard.TargetKind is not (TargetKind.ClassPerStep or TargetKind.None))
                throw new ArgumentException($"The shard's targets are {shard.TargetKind}; the network learns {TargetKind.ClassPerStep}.", nameof(shards));
            for (var row = 0; row < shard.Rows; row++, sequence++)
            {
                for (var step = 0; step < shard.LengthOf(row); step++)
                    _loss.Targets[Batch.PackedRowOf(step, sequence)] = shard.TargetKind == TargetKind.None ? -1 : TargetOf(shard.Targets[shard.Offsets[row] + step]);
            }
        }
    }

    public override void Run(int thread, StepKey? key, float* gradient, bool values)
    {
        var (start, end) = Team.PartOf(thread, Batch.PackedRows);
        var drops = Drops(key);
        if (drops)
        {
            var top = Stack.Top;
            if (thread == 0)
                _dropped.Ensure(Batch.PackedRows * top.Stride);
            Team.Barrier();
            var copy = new RowBlock((nint)_dropped.Pointer, top.Stride);
            for (var row = start; row < end; row++)
                new ReadOnlySpan<float>(top.At(row), (int)top.Stride).CopyTo(new Span<float>(copy.At(row), (int)top.Stride));
            DropoutRows.Apply(Batch, key!.Value, DropoutMasks.OutputTag, Rate, copy, Stack.TopUnits, Segments, Stack.TopSegmentStride, start, end);
            Team.Barrier();
        }
        var x = Features(key);
        if (gradient == null)
        {
            _loss.Run(thread, x, Batch.PackedRows, values ? SoftmaxMode.Probabilities : SoftmaxMode.Losses, default);
            return;
        }
        _loss.Run(thread, x, Batch.PackedRows, SoftmaxMode.Gradient, Stack.TopGradients);
        Layer.Gradients(thread, x, Batch.EveryRow, Batch.Order, gradient);
        _loss.Gradients(thread, gradient);
        if (drops)
            DropoutRows.Apply(Batch, key!.Value, DropoutMasks.OutputTag, Rate, Stack.TopGradients, Stack.TopUnits, Segments, Stack.TopSegmentStride, start, end);
    }

    public override LeftOperand Features(StepKey? key) => Drops(key) ? Stack.TopOperand with { Pointer = (nint)_dropped.Pointer } : Stack.TopOperand;

    public override void Report(ReadOnlySpan<SequenceBatch> shards, Span<ShardResult> results)
    {
        for (var shard = 0; shard < shards.Length; shard++)
        {
            var sum = new InterleavedSum();
            long targets = 0, correct = 0;
            for (var i = Batch.RowOffsets[shard]; i < Batch.RowOffsets[shard + 1]; i++)
            {
                var row = Batch.Rows[i];
                if (_loss.Targets[row] < 0)
                    continue;
                sum.Add(_loss.Losses[row]);
                targets++;
                correct += _loss.IsCorrect(row) ? 1 : 0;
            }
            results[shard] = new ShardResult(sum.Total, targets, shards[shard].Rows, correct);
        }
    }

    public override void Report(SequenceBatch shard, Predictions predictions)
    {
        var size = Network.Options.Outputs;
        predictions.Reset(shard.Steps, size, classes: true);
        for (var sequence = 0; sequence < shard.Rows; sequence++)
        {
            for (var step = 0; step < shard.LengthOf(sequence); step++)
            {
                var (row, at) = (Batch.PackedRowOf(step, sequence), shard.Offsets[sequence] + step);
                predictions.MutableClasses[at] = Math.Max(_loss.Classes[row], 0);
                predictions.MutableLosses[at] = _loss.Losses[row];
                if (predictions.WantsValues)
                    _loss.CopyProbabilities(row, predictions.MutableValues.Slice(at * size, size));
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _loss.Dispose();
        _dropped.Dispose();
    }

    private bool Drops(StepKey? key) => key is not null && Rate > 0;
}
