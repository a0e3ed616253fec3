using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Computes with a <see cref="Network"/>: gradients of shards in training, outputs in use. It owns the working memory and runs on a
/// <see cref="ComputeTeam"/>; the parameters belong to the caller.
/// </summary>
/// <remarks>
/// All shards of a call are stacked: a row's bits do not depend on its neighbours, and many rows run at the speed of the processor where few would run
/// at that of the memory. One caller at a time. After the largest shards have been seen once, computing allocates nothing.
/// </remarks>
public sealed unsafe class NetworkComputer : INetworkComputer
{
    private readonly Network _network;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch = new();
    private readonly InputLayer _input;
    private readonly RecurrentStack _stack;
    private readonly NetworkHead _head;
    private readonly TiedGradient? _tied;
    private readonly Action<int> _train;
    private readonly Action<int> _tell;
    private readonly Action<int> _predict;
    private readonly Action<int> _rebuild;
    private FloatBuffer? _parameters;
    private bool _transposesAreStale;
    private long[] _lanes = [];
    private StepKey _key;
    private float* _gradient;
    private bool _wantsValues;
    private SequenceBatch[] _shards = [];
    private ShardResult[] _results = [];
    private int _shardCount;

    /// <summary>Makes a computer.</summary>
    /// <param name="network">The network.</param>
    /// <param name="team">The threads to compute on; the caller is its thread 0. Stays the caller's.</param>
    /// <param name="width">The vector width, or null for <see cref="SimdWidths.Current"/>; every width gives the same bits.</param>
    public NetworkComputer(Network network, ComputeTeam team, SimdWidth? width = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(team);
        (_network, _team) = (network, team);
        var (options, chosen) = (network.Options, width ?? SimdWidths.Current);
        _input = new InputLayer(network, team, _batch, chosen);
        _stack = new RecurrentStack(
            new RecurrentStackOptions
            {
                Cell = options.Cell,
                Activation = options.Activation,
                ResetAfter = options.ResetAfter,
                Inputs = network.InputSize,
                Hidden = [.. options.Hidden],
                Directions = options.Directions,
                Tensors = [.. Enumerable.Range(0, options.Hidden.Length * options.Directions).Select(i => network.Stack(i / options.Directions, i % options.Directions))],
                BackToInputs = _input.HasGradient,
                LayersDropout = options.Dropout.Layers,
                RecurrentDropout = options.Dropout.Recurrent,
            },
            team, _batch, chosen);
        var perStep = options.IsPerStep;
        var layer = new OutputLayer(
            team, MatrixKernels.Create(chosen),
            new OutputLayerForm(
                network.HeadWeight, network.HeadBias, network.HeadPanels, perStep ? options.Hidden[^1] : network.TopSize, perStep ? options.Directions : 1,
                _stack.TopSegmentStride, options.TieWeights));
        _tied = options.TieWeights ? new TiedGradient(team, MatrixKernels.Create(chosen), network.HeadWeight) : null;
        _head = perStep ? new StepHead(network, team, _batch, _stack, layer, chosen) : new SequenceHead(network, team, _batch, _stack, layer, chosen);
        _train = Train;
        _tell = Tell;
        _predict = thread =>
        {
            _input.Forward(thread, null);
            _team.Barrier();
            _stack.Forward(thread, null);
            _head.Run(thread, null, null, _wantsValues);
        };
        _rebuild = thread =>
        {
            _input.RebuildTransposes(thread, _parameters!);
            _stack.RebuildTransposes(thread, _parameters!);
            _head.RebuildTransposes(thread);
        };
    }

    /// <summary>Bytes of working memory held outside the managed heap.</summary>
    public long AllocatedBytes => _input.Bytes + _stack.Bytes + _head.Bytes + (_tied?.Bytes ?? 0);

    /// <inheritdoc/>
    public GradientProgress? Progress { get; set; }

    /// <summary>Sets the parameters to compute with; to be called again after every change to their values (the transposes of the backward pass depend on them).</summary>
    /// <param name="parameters">The flat vector; kept, not copied.</param>
    /// <exception cref="ArgumentException">The vector is of another size than the network's.</exception>
    public void SetParameters(FloatBuffer parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != _network.Parameters.Count)
            throw new ArgumentException($"The vector has {parameters.Count} floats, the network {_network.Parameters.Count}.", nameof(parameters));
        _parameters = parameters;
        _transposesAreStale = true;
        _input.SetParameters(parameters);
        _stack.SetParameters(parameters);
        _head.SetParameters(parameters);
    }

    /// <summary>
    /// The gradient of some neighbouring shards of a step's batch, summed by the gradient tree. All shards of a step at once, an aligned subtree of
    /// them, or one after another combined with <see cref="Gradient.AddRight"/> give the same bits.
    /// </summary>
    /// <param name="key">The seed and the step.</param>
    /// <param name="firstShard">The number of the first shard in the batch: dropout depends on it.</param>
    /// <param name="shards">The shards, in order.</param>
    /// <param name="from">The state that lanes carry into the step, or null where sequences are independent.</param>
    /// <param name="to">Where the lanes' state after the step goes; null with <paramref name="from"/>, otherwise another object.</param>
    /// <param name="gradient">Where the sum goes; its earlier content is lost.</param>
    /// <param name="results">Each shard's loss and counts.</param>
    /// <exception cref="InvalidOperationException"><see cref="SetParameters"/> was not called.</exception>
    /// <exception cref="ArgumentException">The shards do not fit the network, or the states are of another network.</exception>
    public void ComputeGradient(StepKey key, int firstShard, ReadOnlySpan<SequenceBatch> shards, LaneState? from, LaneState? to, Gradient gradient, Span<ShardResult> results)
    {
        GradientArguments.ThrowIfUnfit(_network.Parameters, firstShard, shards, gradient, results);
        CheckStates(from, to);
        if (_transposesAreStale)
            _team.Run(_rebuild);
        _transposesAreStale = false;
        _batch.Build(shards, firstShard, from is not null);
        _input.Prepare(shards, key, training: true);
        _input.Collect(gradient);
        _tied?.Collect(_batch, _input.FirstTokens);
        gradient.IsAbsent = _batch.Sequences == 0;
        if (gradient.IsAbsent)
        {
            gradient.Values.Clear();
            results[..shards.Length].Clear();
            return;
        }
        PrepareStack(shards, training: true, from, to);
        _head.Prepare(shards);
        _key = key;
        _gradient = gradient.Values.Pointer;
        Expect(shards);
        _team.Run(_train);
        _head.Report(shards, results);
    }

    /// <summary>The outputs, and losses where the batch has targets; without dropout, in float32 and the same order of sums as training.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="from">The state that lanes carry into it, or null.</param>
    /// <param name="to">Where the lanes' state afterwards goes, or null.</param>
    /// <param name="predictions">Where outputs go.</param>
    /// <exception cref="InvalidOperationException"><see cref="SetParameters"/> was not called.</exception>
    /// <exception cref="ArgumentException">The sequences do not fit the network, or the states are of another network.</exception>
    public void Predict(SequenceBatch batch, LaneState? from, LaneState? to, Predictions predictions)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(predictions);
        CheckStates(from, to);
        ReadOnlySpan<SequenceBatch> shards = new(ref batch);
        _batch.Build(shards, 0, from is not null);
        if (_batch.Sequences == 0)
        {
            predictions.Reset(0, _network.Options.Outputs, _network.Options.Head != HeadKind.ValuesPerSequence);
            predictions.Result = default;
            return;
        }
        _input.Prepare(shards, null, training: false);
        PrepareStack(shards, training: false, from, to);
        _head.Prepare(shards);
        _wantsValues = predictions.WantsValues;
        _team.Run(_predict);
        Span<ShardResult> results = stackalloc ShardResult[1];
        _head.Report(shards, results);
        _head.Report(batch, predictions);
        predictions.Result = results[0];
    }

    /// <summary>dE/dh of one step of one sequence, of the last layer in all directions, after <see cref="ComputeGradient"/> over at most two layers.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="sequence">The sequence, counted through the shards.</param>
    /// <param name="destination">[H].</param>
    internal void CopyStateGradient(int step, int sequence, Span<float> destination) =>
        new ReadOnlySpan<float>(_stack.TopGradients.At(_batch.PackedRowOf(step, sequence)), destination.Length).CopyTo(destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        _tied?.Dispose();
        _head.Dispose();
        _stack.Dispose();
        _input.Dispose();
        _batch.Dispose();
    }

    private void Train(int thread)
    {
        _input.Forward(thread, _key);
        _team.Barrier();
        _stack.Forward(thread, _key);
        _head.Run(thread, _key, _gradient, values: false);
        _stack.Backward(thread, _key, _gradient, _input.Gradients);
        if (_input.HasGradient)
            _input.Backward(thread, _key, _gradient);
        _tied?.Sum(thread, _batch, _head.Features(_key), _input.Gradients, _head.Layer.Outputs, _gradient);
    }

    /// <summary>Keeps what has to be at hand to tell of progress.</summary>
    private void Expect(ReadOnlySpan<SequenceBatch> shards)
    {
        _stack.Reached = Progress is null ? null : _tell;
        if (Progress is null)
            return;
        if (_shards.Length < shards.Length)
            (_shards, _results) = (new SequenceBatch[shards.Length], new ShardResult[shards.Length]);
        shards.CopyTo(_shards);
        _shardCount = shards.Length;
    }

    /// <summary>From a layer's first tensor on all is final; behind the last layer stands what the head has of its own.</summary>
    private void Tell(int layer)
    {
        var layers = _network.Options.Hidden.Length;
        if (layer == layers)
            _head.Report(_shards.AsSpan(0, _shardCount), _results);
        Progress!(layer == layers ? _network.HeadOffset : _network.Stack(layer, 0).WeightIh.Offset, _results.AsSpan(0, _shardCount));
    }

    private void CheckStates(LaneState? from, LaneState? to)
    {
        if (_parameters is null)
            throw new InvalidOperationException("The parameters have not been set.");
        if ((from is not null || to is not null) && _network.Options.Bidirectional)
            throw new ArgumentException("A network that reads in both directions carries no state.", nameof(from));
        if (from is not null && ReferenceEquals(from, to))
            throw new ArgumentException("The states before and after must be different objects.", nameof(to));
    }

    private void PrepareStack(ReadOnlySpan<SequenceBatch> shards, bool training, LaneState? from, LaneState? to)
    {
        if (_lanes.Length < _batch.Sequences)
            _lanes = new long[_batch.Sequences];
        var next = 0;
        foreach (var shard in shards)
        {
            shard.RowIds.CopyTo(_lanes.AsSpan(next));
            next += shard.Rows;
        }
        _stack.Prepare(_input.Operand, training, from, to, _lanes.AsSpan(0, _batch.Sequences));
    }
}
