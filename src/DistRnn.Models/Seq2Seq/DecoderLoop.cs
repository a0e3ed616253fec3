using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The decoder's way through time: a step's recurrent layers, attention and combination before the next step, which may read what the step came to; and
/// back the other way. Its outputs are what the output layer reads.
/// </summary>
/// <remarks>
/// <see cref="Forward"/> and <see cref="Backward"/> are called by every thread of the team at once and contain the same barriers for each. A thread
/// takes positions, which depend on no other position, through all steps.
/// </remarks>
internal sealed unsafe class DecoderLoop : IDisposable
{
    /// <summary>What is added to the tags of the decoder's dropout, so that they differ from the encoder's.</summary>
    public const uint DropoutTags = 0x4000_0000;

    private readonly EncoderDecoder _network;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch;
    private readonly AttentionKernels _kernels;
    private readonly OutputLayer? _combine;
    private readonly Scratch _inputs = new();
    private readonly Scratch _inputGradients = new();
    private readonly Scratch _joined = new();
    private readonly Scratch _joinedGradients = new();
    private readonly Scratch _outputs = new();
    private readonly Scratch _outputGradients = new();

    /// <summary>Makes the loop.</summary>
    /// <param name="network">The network.</param>
    /// <param name="team">The threads.</param>
    /// <param name="source">How the encoder's rows lie.</param>
    /// <param name="target">How the decoder's rows lie.</param>
    /// <param name="encoderStride">Floats from a direction to the next in the encoder's rows.</param>
    /// <param name="width">The vector width.</param>
    public DecoderLoop(EncoderDecoder network, ComputeTeam team, PackedBatch source, PackedBatch target, int encoderStride, SimdWidth width)
    {
        (_network, _team, _batch) = (network, team, target);
        _kernels = AttentionKernels.Create(width);
        var options = network.Options;
        Stack = new RecurrentStack(
            new RecurrentStackOptions
            {
                Cell = options.Cell,
                Activation = options.Activation,
                ResetAfter = options.ResetAfter,
                Inputs = network.DecoderInputSize,
                Hidden = [.. options.DecoderUnits],
                Directions = 1,
                Tensors = [.. network.Decoder],
                BackToInputs = true,
                LayersDropout = options.Dropout.Layers,
                Stepwise = true,
                DropoutTags = DropoutTags,
            },
            team, target, width);
        if (options.Attention != AttentionKind.None)
        {
            Attention = new AttentionLayer(
                new AttentionForm
                {
                    Kind = options.Attention,
                    QuerySize = network.QuerySize,
                    Segment = options.Hidden[^1],
                    Segments = options.Directions,
                    SegmentStride = encoderStride,
                    KeyWeight = network.AttentionKeys,
                    QueryWeight = network.AttentionQueries,
                    V = network.AttentionV,
                },
                team, source, target, width);
        }
        if (network.CombineWeight is { } weight)
            _combine = new OutputLayer(team, MatrixKernels.Create(width), new OutputLayerForm(weight, network.CombineBias, new PanelShape(1, weight.Shape[0]), weight.Shape[1], 1, 0));
    }

    /// <summary>The recurrent layers.</summary>
    public RecurrentStack Stack { get; }

    /// <summary>Attention, where there is any.</summary>
    public AttentionLayer? Attention { get; }

    /// <summary>What the decoder reads, by packed row: the caller writes the embedding and the peek.</summary>
    public RowBlock Inputs => new((nint)_inputs.Pointer, InputStride);

    /// <summary>dE/d <see cref="Inputs"/>.</summary>
    public RowBlock InputGradients => new((nint)_inputGradients.Pointer, InputStride);

    /// <summary>What the output layer reads, by packed row.</summary>
    public RowBlock Outputs => new((nint)_outputs.Pointer, OutputStride);

    /// <summary>dE/d <see cref="Outputs"/>, which the output layer writes.</summary>
    public RowBlock OutputGradients => new((nint)_outputGradients.Pointer, OutputStride);

    /// <summary>Bytes held.</summary>
    public long Bytes => Stack.Bytes + (Attention?.Bytes ?? 0) + (_combine?.Bytes ?? 0)
        + _inputs.Bytes + _inputGradients.Bytes + _joined.Bytes + _joinedGradients.Bytes + _outputs.Bytes + _outputGradients.Bytes;

    private nint InputStride => RoundUp(_network.DecoderInputSize);

    private nint OutputStride => RoundUp(_network.FeatureSize);

    // The state, then the context, behind which a product may round up.
    private nint JoinedStride => RoundUp(_network.QuerySize) + RoundUp(_network.MemorySize);

    private RowBlock Joined => new((nint)_joined.Pointer, JoinedStride);

    private RowBlock JoinedGradients => new((nint)_joinedGradients.Pointer, JoinedStride);

    private bool Feeds => _network.Options.Feeds;

    private float OutputRate => _network.Options.Dropout.Output;

    /// <summary>Sets the parameters.</summary>
    public void SetParameters(FloatBuffer parameters)
    {
        Stack.SetParameters(parameters);
        Attention?.SetParameters(parameters);
        _combine?.SetParameters(parameters);
    }

    /// <summary>Rebuilds this thread's share of the transposes.</summary>
    public void RebuildTransposes(int thread, FloatBuffer parameters)
    {
        Stack.RebuildTransposes(thread, parameters);
        Attention?.RebuildTransposes(thread);
        _combine?.RebuildTransposes(thread);
    }

    /// <summary>Makes room; one thread.</summary>
    /// <param name="training">Whether a backward pass will follow.</param>
    /// <param name="from">The states that the sequences begin with, by lane.</param>
    /// <param name="to">Where their last ones go, or null.</param>
    /// <param name="lanes">The lane of each sequence.</param>
    /// <param name="sequenceOf">The encoder's sequence that each reads.</param>
    public void Prepare(bool training, LaneState from, LaneState? to, ReadOnlySpan<long> lanes, ReadOnlySpan<int> sequenceOf)
    {
        var rows = _batch.PackedRows;
        _inputs.Ensure(rows * InputStride);
        _outputs.Ensure(rows * OutputStride);
        if (Attention is not null)
            _joined.Ensure(rows * JoinedStride);
        if (training)
        {
            _inputGradients.Ensure(rows * InputStride);
            _outputGradients.Ensure(rows * OutputStride);
            if (Attention is not null)
                _joinedGradients.Ensure(rows * JoinedStride);
        }
        Stack.Prepare(new LeftOperand(Inputs.At(0), InputStride), training, from, to, lanes);
        Attention?.PrepareTarget(training, sequenceOf);
        _combine?.Prepare(rows);
    }

    /// <summary>From inputs to <see cref="Outputs"/>; begins after a barrier of the caller's and ends with one.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="key">The seed and step of dropout, or null without.</param>
    public void Forward(int thread, StepKey? key)
    {
        Stack.BeginSteps(thread, key);
        var (first, last) = Stack.PositionsOf(thread);
        for (var step = 0; step < _batch.Steps; step++)
        {
            var end = Math.Min(last, _batch.Counts[step]);
            if (first >= end)
                break;
            Stack.StepForward(thread, step, key);
            Say(step, _batch.Starts[step] + first, _batch.Starts[step] + end, key);
            if (!Feeds || step + 1 == _batch.Steps)
                continue;
            for (var position = first; position < Math.Min(end, _batch.Counts[step + 1]); position++)
                Feed(Outputs.At(_batch.Starts[step] + position), _batch.Starts[step + 1] + position);
        }
        Stack.EndSteps(thread);
    }

    /// <summary>Sets what the first step reads of the step before it.</summary>
    /// <param name="position">The position.</param>
    /// <param name="source">What the output layer read, [features]; null for +0.</param>
    public void FeedFirst(int position, float* source)
    {
        if (!Feeds)
            return;
        if (source != null)
            Feed(source, position);
        else
            new Span<float>(Inputs.At(position) + _network.FedOffset, _network.FeatureSize).Clear();
    }

    /// <summary>
    /// From <see cref="OutputGradients"/> to those of the inputs, the initial states, the encoder's states and all tensors; begins after a barrier of the
    /// caller's and ends with one.
    /// </summary>
    /// <param name="thread">The thread.</param>
    /// <param name="key">The seed and step of dropout.</param>
    /// <param name="memory">The encoder's states, by packed row.</param>
    /// <param name="memoryGradients">Where dE/d(the encoder's states) goes; +0 is written without attention.</param>
    /// <param name="source">How the encoder's rows lie.</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Backward(int thread, StepKey key, in LeftOperand memory, RowBlock memoryGradients, PackedBatch source, float* gradient)
    {
        Stack.BeginStepsBackward(thread);
        var (first, last) = Stack.PositionsOf(thread);
        for (var step = _batch.Steps - 1; step >= 0; step--)
        {
            var end = Math.Min(last, _batch.Counts[step]);
            if (first >= end)
                continue;
            if (Feeds && step + 1 < _batch.Steps)
            {
                for (var position = first; position < Math.Min(end, _batch.Counts[step + 1]); position++)
                    Add(InputGradients.At(_batch.Starts[step + 1] + position) + _network.FedOffset, OutputGradients.At(_batch.Starts[step] + position), _network.FeatureSize);
            }
            SayBackward(step, _batch.Starts[step] + first, _batch.Starts[step] + end, key);
            Stack.StepBackward(thread, step, key, InputGradients);
        }
        Stack.EndStepsBackward(thread, gradient);
        _combine?.Gradients(thread, new LeftOperand(Joined.At(0), JoinedStride), _batch.EveryRow, _batch.Order, gradient);
        if (Attention is not null)
        {
            Attention.Finish(thread, memory, Stack.Top, Contexts(JoinedGradients), memoryGradients, gradient);
            return;
        }
        var (start, behind) = _team.PartOf(thread, source.PackedRows);
        for (var row = start; row < behind; row++)
            new Span<float>(memoryGradients.At(row), (int)memoryGradients.Stride).Clear();
        _team.Barrier();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stack.Dispose();
        Attention?.Dispose();
        _combine?.Dispose();
        foreach (var scratch in (Scratch[])[_inputs, _inputGradients, _joined, _joinedGradients, _outputs, _outputGradients])
            scratch.Dispose();
    }

    private static nint RoundUp(int count) => (count + 15) / 16 * 16;

    private static void Add(float* from, float* to, int count)
    {
        for (var i = 0; i < count; i++)
            to[i] += from[i];
    }

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));

    private RowBlock Contexts(RowBlock joined) => joined with { Pointer = joined.Pointer + _network.QuerySize * sizeof(float) };

    private void Feed(float* output, int row) => Copy(output, Inputs.At(row) + _network.FedOffset, _network.FeatureSize);

    /// <summary>What the output layer reads of some rows of one step.</summary>
    private void Say(int step, int start, int end, StepKey? key)
    {
        var top = Stack.Top;
        if (Attention is null)
        {
            for (var row = start; row < end; row++)
                Copy(top.At(row), Outputs.At(row), _network.QuerySize);
        }
        else
        {
            for (var row = start; row < end; row++)
                Copy(top.At(row), Joined.At(row), _network.QuerySize);
            Attention.Forward(step, start, end, top, Contexts(Joined));
            for (var row = start; row < end && _combine is null; row++)
                Copy(Joined.At(row), Outputs.At(row), _network.FeatureSize);
            for (var panel = 0; _combine is not null && panel < _combine.Shape.PanelCount; panel++)
            {
                _combine.Product(new LeftOperand(Joined.At(0), JoinedStride), panel, start, end);
                for (var row = start; row < end; row++)
                {
                    var values = _combine.Outputs.At(panel, row);
                    _kernels.Tanh(values, _combine.Shape.ColumnsOf(panel));
                    Copy(values, Outputs.At(row) + panel * PanelShape.MaxColumns, _combine.Shape.ColumnsOf(panel));
                }
            }
        }
        if (key is { } dropout && OutputRate > 0)
            DropoutRows.Apply(_batch, dropout, DropoutMasks.OutputTag + DropoutTags, OutputRate, Outputs, _network.FeatureSize, 1, 0, start, end);
    }

    private void SayBackward(int step, int start, int end, StepKey key)
    {
        if (OutputRate > 0)
            DropoutRows.Apply(_batch, key, DropoutMasks.OutputTag + DropoutTags, OutputRate, OutputGradients, _network.FeatureSize, 1, 0, start, end);
        var top = Stack.TopGradients;
        var states = Attention is null ? OutputGradients : JoinedGradients;
        if (_combine is not null)
        {
            for (var panel = 0; panel < _combine.Shape.PanelCount; panel++)
                for (var row = start; row < end; row++)
                    _kernels.TanhBackward(_combine.Outputs.At(panel, row), OutputGradients.At(row) + panel * PanelShape.MaxColumns, _combine.Shape.ColumnsOf(panel));
            _combine.Back(JoinedGradients, start, end, 0, _combine.Columns16);
        }
        else if (Attention is not null)
        {
            for (var row = start; row < end; row++)
                Copy(OutputGradients.At(row), JoinedGradients.At(row), _network.FeatureSize);
        }
        for (var row = start; row < end; row++)
            Add(states.At(row), top.At(row), _network.QuerySize);
        Attention?.Backward(step, start, end, Contexts(JoinedGradients), top);
    }
}
