using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Computes with an <see cref="EncoderDecoder"/>: gradients of shards in training, with the right target before each step (teacher forcing), losses in
/// evaluation, and step by step what a <see cref="SequenceSearch"/> asks for.
/// </summary>
/// <remarks>
/// All shards of a call are stacked, as <see cref="NetworkComputer"/> does. One caller at a time. After the largest shards have been seen once,
/// computing allocates nothing.
/// </remarks>
public sealed unsafe partial class EncoderDecoderComputer : INetworkComputer
{
    private readonly EncoderDecoder _network;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _source = new();
    private readonly PackedBatch _target = new();
    private readonly TokenEmbedding _sourceEmbedding;
    private readonly TokenEmbedding _targetEmbedding;
    private readonly Scratch _sourceInputs = new();
    private readonly Scratch _sourceInputGradients = new();
    private readonly Scratch _peek = new();
    private readonly RecurrentStack _encoder;
    private readonly StateBridge _bridge;
    private readonly DecoderLoop _decoder;
    private readonly OutputLayer _output;
    private readonly SoftmaxLoss _softmax;
    private readonly Action<int> _train;
    private readonly Action<int> _tell;
    private readonly Action<int> _predict;
    private readonly Action<int> _rebuild;
    private FloatBuffer? _parameters;
    private bool _transposesAreStale;
    private SequenceBatch[] _targets = [];
    private long[] _lanes = [];
    private int[] _sequenceOf = [];
    private StepKey _key;
    private float* _gradient;
    private bool _wantsValues;
    private ShardResult[] _results = [];
    private int _shards;

    /// <summary>Makes a computer.</summary>
    /// <param name="network">The network.</param>
    /// <param name="team">The threads to compute on; the caller is its thread 0. Stays the caller's.</param>
    /// <param name="width">The vector width, or null for <see cref="SimdWidths.Current"/>; every width gives the same bits.</param>
    public EncoderDecoderComputer(EncoderDecoder network, ComputeTeam team, SimdWidth? width = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(team);
        (_network, _team) = (network, team);
        var (options, chosen) = (network.Options, width ?? SimdWidths.Current);
        var dropout = options.Dropout;
        _sourceEmbedding = new TokenEmbedding(network.SourceEmbedding, new TokenEmbeddingForm(dropout.Embedding, 0, dropout.Words, options.SourceUnknown, 0), team, _source);
        _targetEmbedding = new TokenEmbedding(
            network.TargetEmbedding, new TokenEmbeddingForm(dropout.Embedding, DecoderLoop.DropoutTags, dropout.Words, options.TargetUnknown, DropoutMasks.StepsMax / 2), team, _target);
        _encoder = new RecurrentStack(
            new RecurrentStackOptions
            {
                Cell = options.Cell,
                Activation = options.Activation,
                ResetAfter = options.ResetAfter,
                Inputs = options.Embedding,
                Hidden = [.. options.Hidden],
                Directions = options.Directions,
                Tensors = [.. network.Encoder],
                BackToInputs = true,
                LayersDropout = dropout.Layers,
            },
            team, _source, chosen);
        _bridge = new StateBridge(options);
        _decoder = new DecoderLoop(network, team, _source, _target, _encoder.TopSegmentStride, chosen);
        _output = new OutputLayer(
            team, MatrixKernels.Create(chosen), new OutputLayerForm(network.OutputWeight, network.OutputBias, network.OutputPanels, network.FeatureSize, 1, 0));
        _softmax = new SoftmaxLoss(team, _output, chosen, []);
        _train = Train;
        _tell = Tell;
        _predict = thread =>
        {
            Encode(thread, null);
            Decode(thread, null);
            _softmax.Run(thread, Features, _target.PackedRows, _wantsValues ? SoftmaxMode.Probabilities : SoftmaxMode.Losses, default);
        };
        _rebuild = thread =>
        {
            _encoder.RebuildTransposes(thread, _parameters!);
            _decoder.RebuildTransposes(thread, _parameters!);
            _output.RebuildTransposes(thread);
        };
        (_encode, _step) = (thread => Encode(thread, null), Step);
    }

    /// <inheritdoc/>
    public long AllocatedBytes => _sourceEmbedding.Bytes + _targetEmbedding.Bytes + _sourceInputs.Bytes + _sourceInputGradients.Bytes + _encoder.Bytes + _decoder.Bytes + _output.Bytes + _softmax.Bytes;

    /// <inheritdoc/>
    public GradientProgress? Progress { get; set; }

    private RowBlock SourceInputs => new((nint)_sourceInputs.Pointer, InputStride);

    private nint InputStride => (_network.Options.Embedding + 15) / 16 * 16;

    private nint PeekStride => (_network.MemorySize + 15) / 16 * 16;

    private LeftOperand Features => new(_decoder.Outputs.At(0), _decoder.Outputs.Stride);

    /// <inheritdoc/>
    public void SetParameters(FloatBuffer parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != _network.Parameters.Count)
            throw new ArgumentException($"The vector has {parameters.Count} floats, the network {_network.Parameters.Count}.", nameof(parameters));
        _parameters = parameters;
        _transposesAreStale = true;
        _sourceEmbedding.SetParameters(parameters);
        _targetEmbedding.SetParameters(parameters);
        _encoder.SetParameters(parameters);
        _decoder.SetParameters(parameters);
        _output.SetParameters(parameters);
    }

    /// <inheritdoc/>
    public void ComputeGradient(StepKey key, int firstShard, ReadOnlySpan<SequenceBatch> shards, LaneState? from, LaneState? to, Gradient gradient, Span<ShardResult> results)
    {
        GradientArguments.ThrowIfUnfit(_network.Parameters, firstShard, shards, gradient, results);
        Check(from, to);
        if (_transposesAreStale)
            _team.Run(_rebuild);
        _transposesAreStale = false;
        Build(shards, firstShard, key);
        _sourceEmbedding.Collect(gradient);
        _targetEmbedding.Collect(gradient);
        gradient.IsAbsent = _source.Sequences == 0;
        if (gradient.IsAbsent)
        {
            gradient.Values.Clear();
            results[..shards.Length].Clear();
            return;
        }
        Prepare(training: true);
        _key = key;
        _gradient = gradient.Values.Pointer;
        _encoder.Reached = Progress is null ? null : _tell;
        if (_results.Length < shards.Length)
            _results = new ShardResult[shards.Length];
        _shards = shards.Length;
        _team.Run(_train);
        Report(results[..shards.Length]);
    }

    /// <inheritdoc/>
    public void Predict(SequenceBatch batch, LaneState? from, LaneState? to, Predictions predictions)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(predictions);
        Check(from, to);
        ReadOnlySpan<SequenceBatch> shards = new(ref batch);
        Build(shards, 0, null);
        if (_source.Sequences == 0)
        {
            predictions.Reset(0, _network.Options.TargetVocabulary, classes: true);
            predictions.Result = default;
            return;
        }
        Prepare(training: false);
        _wantsValues = predictions.WantsValues;
        _team.Run(_predict);
        Span<ShardResult> results = stackalloc ShardResult[1];
        Report(results);
        Report(batch.TargetSequences, predictions);
        predictions.Result = results[0];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var part in (IDisposable[])[_sourceEmbedding, _targetEmbedding, _sourceInputs, _sourceInputGradients, _peek, _encoder, _bridge, _decoder, _output, _softmax, _source, _target])
            part.Dispose();
        DisposeSearch();
    }

    private void Train(int thread)
    {
        Encode(thread, _key);
        Decode(thread, _key);
        _softmax.Run(thread, Features, _target.PackedRows, SoftmaxMode.Gradient, _decoder.OutputGradients);
        _output.Gradients(thread, Features, _target.EveryRow, _target.Order, _gradient);
        _decoder.Backward(thread, _key, _encoder.TopOperand, _encoder.TopGradients, _source, _gradient);
        BackToStates(thread);
        _team.Barrier();
        var sourceGradients = new RowBlock((nint)_sourceInputGradients.Pointer, InputStride);
        _encoder.Backward(thread, _key, _gradient, sourceGradients);
        _sourceEmbedding.Backward(thread, sourceGradients, _key, _gradient);
        _targetEmbedding.Backward(thread, _decoder.InputGradients, _key, _gradient);
    }

    /// <summary>From the source's tokens to the encoder's states, the keys of attention and the decoder's first states; ends with a barrier.</summary>
    private void Encode(int thread, StepKey? key)
    {
        _sourceEmbedding.Forward(thread, SourceInputs, key);
        _team.Barrier();
        _encoder.Forward(thread, key);
        _decoder.Attention?.Load(thread, _encoder.TopOperand);
        var (first, last) = _team.PartOf(thread, _source.Sequences);
        _bridge.Forward(first, last);
        for (var sequence = first; _network.Options.Peek && sequence < last; sequence++)
            _bridge.Peek(sequence, _peek.Pointer + sequence * PeekStride);
        _team.Barrier();
    }

    /// <summary>From what the decoder reads to what the output layer reads; ends with a barrier.</summary>
    private void Decode(int thread, StepKey? key)
    {
        _targetEmbedding.Forward(thread, _decoder.Inputs, key);
        var (first, last) = _team.PartOf(thread, _target.Sequences);
        for (var sequence = first; sequence < last; sequence++)
        {
            _decoder.FeedFirst(_target.PositionOf[sequence], null);
            PutPeek(sequence, sequence);
        }
        _team.Barrier();
        _decoder.Forward(thread, key);
    }

    private void PutPeek(int sequence, int source)
    {
        var size = _network.MemorySize;
        for (var step = 0; _network.Options.Peek && step < _target.LengthOf[sequence]; step++)
            new ReadOnlySpan<float>(_peek.Pointer + source * PeekStride, size).CopyTo(new Span<float>(_decoder.Inputs.At(_target.PackedRowOf(step, sequence)) + _network.PeekOffset, size));
    }

    private void BackToStates(int thread)
    {
        var (first, last) = _team.PartOf(thread, _source.Sequences);
        _bridge.Backward(first, last);
        for (var sequence = first; _network.Options.Peek && sequence < last; sequence++)
            for (var step = 0; step < _target.LengthOf[sequence]; step++)
                _bridge.PeekBackward(sequence, _decoder.InputGradients.At(_target.PackedRowOf(step, sequence)) + _network.PeekOffset);
    }

    private void Check(LaneState? from, LaneState? to)
    {
        if (_parameters is null)
            throw new InvalidOperationException("The parameters have not been set.");
        if (from is not null || to is not null)
            throw new ArgumentException("An encoder-decoder carries no state from one step to the next.", nameof(from));
    }

    /// <summary>Lays out both sides, and their tokens and targets.</summary>
    private void Build(ReadOnlySpan<SequenceBatch> shards, int firstShard, StepKey? key)
    {
        if (_targets.Length < shards.Length)
            _targets = new SequenceBatch[shards.Length];
        for (var shard = 0; shard < shards.Length; shard++)
        {
            var target = _targets[shard] = shards[shard].TargetSequences;
            if (shards[shard].Rows == 0)
                target.Reset([], 1, 0, TargetKind.ClassPerStep);
            else if (shards[shard].TargetKind != TargetKind.SequencePerSequence || target.Rows != shards[shard].Rows)
                throw new ArgumentException($"The shard has {shards[shard].Rows} sequences with targets of the kind {shards[shard].TargetKind} and {target.Rows} target sequences; each needs one.", nameof(shards));
            else if (target.TargetKind != TargetKind.ClassPerStep)
                throw new ArgumentException($"The target sequences' targets are {target.TargetKind}; a decoder learns {TargetKind.ClassPerStep}.", nameof(shards));
        }
        var targets = _targets.AsSpan(0, shards.Length);
        _source.Build(shards, firstShard, false);
        _target.Build(targets, firstShard, true);
        _sourceEmbedding.Prepare(shards, key);
        _targetEmbedding.Prepare(targets, key);
        if (_source.Sequences == 0)
            return;
        _softmax.Prepare(_target.PackedRows);
        var sequence = 0;
        foreach (var target in targets)
            for (var row = 0; row < target.Rows; row++, sequence++)
                for (var step = 0; step < target.LengthOf(row); step++)
                    _softmax.Targets[_target.PackedRowOf(step, sequence)] = TargetOf(target.Targets[target.Offsets[row] + step]);
    }

    private int TargetOf(int target)
    {
        if (target >= _network.Options.TargetVocabulary)
            throw new ArgumentException($"Target {target} is not among the {_network.Options.TargetVocabulary} tokens.");
        return Math.Max(target, -1);
    }

    private void Prepare(bool training)
    {
        PrepareSource(training);
        Number(_source.Sequences);
        _decoder.Stack.InitialGradients = training ? _bridge.InitialGradients : null;
        _decoder.Prepare(training, _bridge.Initial, null, _lanes.AsSpan(0, _source.Sequences), _sequenceOf.AsSpan(0, _source.Sequences));
    }

    private void PrepareSource(bool training)
    {
        _bridge.Ensure(_source.Sequences);
        Number(_source.Sequences);
        _sourceInputs.Ensure(_source.PackedRows * InputStride);
        if (training)
            _sourceInputGradients.Ensure(_source.PackedRows * InputStride);
        if (_network.Options.Peek)
            _peek.Ensure(_source.Sequences * PeekStride);
        _encoder.FinalGradients = training ? _bridge.FinalGradients : null;
        _encoder.Prepare(new LeftOperand(SourceInputs.At(0), InputStride), training, null, _bridge.Final, _lanes.AsSpan(0, _source.Sequences));
        _decoder.Attention?.PrepareSource(training);
    }

    /// <summary>Every sequence is its own lane and reads its own source.</summary>
    private void Number(int sequences)
    {
        if (_lanes.Length < sequences)
            (_lanes, _sequenceOf) = (new long[sequences], new int[sequences]);
        for (var i = 0; i < sequences; i++)
            (_lanes[i], _sequenceOf[i]) = (i, i);
    }

    /// <summary>From a layer's first tensor on all is final; behind the encoder's last layer stands the whole decoder.</summary>
    private void Tell(int layer)
    {
        var results = _results.AsSpan(0, _shards);
        if (layer == _network.Options.Hidden.Length)
            Report(results);
        Progress!((layer == _network.Options.Hidden.Length ? _network.Decoder[0] : _network.Encoder[layer * _network.Options.Directions]).WeightIh.Offset, results);
    }

    /// <summary>The shards' results, whose target sequences were kept when the batch was laid out.</summary>
    private void Report(Span<ShardResult> results)
    {
        for (var shard = 0; shard < results.Length; shard++)
        {
            var sum = new InterleavedSum();
            long targets = 0, correct = 0;
            for (var i = _target.RowOffsets[shard]; i < _target.RowOffsets[shard + 1]; i++)
            {
                var row = _target.Rows[i];
                if (_softmax.Targets[row] < 0)
                    continue;
                sum.Add(_softmax.Losses[row]);
                targets++;
                correct += _softmax.IsCorrect(row) ? 1 : 0;
            }
            results[shard] = new ShardResult(sum.Total, targets, _targets[shard].Rows, correct);
        }
    }

    private void Report(SequenceBatch target, Predictions predictions)
    {
        var size = _network.Options.TargetVocabulary;
        predictions.Reset(target.Steps, size, classes: true);
        for (var sequence = 0; sequence < target.Rows; sequence++)
        {
            for (var step = 0; step < target.LengthOf(sequence); step++)
            {
                var (row, at) = (_target.PackedRowOf(step, sequence), target.Offsets[sequence] + step);
                predictions.MutableClasses[at] = Math.Max(_softmax.Classes[row], 0);
                predictions.MutableLosses[at] = _softmax.Losses[row];
                if (predictions.WantsValues)
                    _softmax.CopyProbabilities(row, predictions.MutableValues.Slice(at * size, size));
            }
        }
    }
}
