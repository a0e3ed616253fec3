using DistRnn.Numerics;

namespace DistRnn.Models;

/// <content>Decoding without a known target: the sources once, then a step at a time for any rows, each of which continues one of the step before.</content>
public sealed unsafe partial class EncoderDecoderComputer
{
    private readonly SequenceBatch _stepBatch = new();
    private readonly Scratch _said = new();
    private readonly Action<int> _encode;
    private readonly Action<int> _step;
    private LaneState? _before;
    private LaneState? _after;
    private int[] _parents = [];
    private int[] _ones = [];
    private bool _isFirstStep;

    /// <summary>Reads the sources.</summary>
    /// <param name="sources">The sequences; targets are not read.</param>
    /// <exception cref="ArgumentException">A token is not in the vocabulary.</exception>
    internal void BeginSearch(SequenceBatch sources)
    {
        Check(null, null);
        ReadOnlySpan<SequenceBatch> shards = new(ref sources);
        _source.Build(shards, 0, false);
        _sourceEmbedding.Prepare(shards, null);
        PrepareSource(training: false);
        _team.Run(_encode);
    }

    /// <summary>One step of some rows.</summary>
    /// <param name="tokens">What each row reads.</param>
    /// <param name="sources">The source of each row.</param>
    /// <param name="parents">The row of the step before that each continues; empty for the first step.</param>
    internal void SearchStep(ReadOnlySpan<int> tokens, ReadOnlySpan<int> sources, ReadOnlySpan<int> parents)
    {
        var rows = tokens.Length;
        Grow(rows);
        _isFirstStep = parents.IsEmpty;
        parents.CopyTo(_parents);
        sources.CopyTo(_sequenceOf);
        for (var row = 0; row < rows; row++)
            CopyLane(_isFirstStep ? _bridge.Initial : _after!, _isFirstStep ? sources[row] : parents[row], _before!, row);
        _stepBatch.Reset(_ones.AsSpan(0, rows), 1, 0, TargetKind.None);
        tokens.CopyTo(_stepBatch.Tokens(0));
        _target.Build(new ReadOnlySpan<SequenceBatch>(in _stepBatch), 0, true);
        _targetEmbedding.Prepare(new ReadOnlySpan<SequenceBatch>(in _stepBatch), null);
        _softmax.Prepare(rows);
        _softmax.Targets[..rows].Fill(-1);
        _decoder.Stack.InitialGradients = null;
        _decoder.Prepare(false, _before!, _after, _lanes.AsSpan(0, rows), _sequenceOf.AsSpan(0, rows));
        _team.Run(_step);
        var stride = _decoder.Outputs.Stride;
        _said.Ensure(rows * stride);
        new ReadOnlySpan<float>(_decoder.Outputs.At(0), checked((int)(rows * stride))).CopyTo(new Span<float>(_said.Pointer, checked((int)(rows * stride))));
    }

    /// <summary>The probabilities of a row's next token after <see cref="SearchStep"/>.</summary>
    /// <param name="row">The row.</param>
    /// <param name="destination">[target vocabulary].</param>
    internal void CopyNext(int row, Span<float> destination) => _softmax.CopyProbabilities(_target.PositionOf[row], destination);

    /// <summary>A row's attention after <see cref="SearchStep"/>: a weight for each step of its source; empty without attention.</summary>
    /// <param name="row">The row.</param>
    internal ReadOnlySpan<float> AttentionOf(int row) =>
        _decoder.Attention is null ? [] : new ReadOnlySpan<float>(_decoder.Attention.WeightsAt(_target.PositionOf[row]), _source.LengthOf[_sequenceOf[row]]);

    private static void CopyLane(LaneState from, int lane, LaneState to, int row)
    {
        var source = from.Parts.GetEnumerator();
        foreach (var (_, _, columns, offset) in to.Parts)
        {
            source.MoveNext();
            new ReadOnlySpan<float>(from.Values.Pointer + source.Current.Offset + (nint)lane * columns, columns)
                .CopyTo(new Span<float>(to.Values.Pointer + offset + (nint)row * columns, columns));
        }
    }

    private void Grow(int rows)
    {
        if (_ones.Length < rows)
            (_ones, _parents) = ([.. Enumerable.Repeat(1, rows)], new int[rows]);
        if (_before is null || _before.Lanes < rows)
        {
            var (before, after) = (_bridge.CreateDecoderLanes(rows), _bridge.CreateDecoderLanes(rows));
            for (var lane = 0; lane < (_after?.Lanes ?? 0); lane++)
                CopyLane(_after!, lane, after, lane);
            _before?.Dispose();
            _after?.Dispose();
            (_before, _after) = (before, after);
        }
        Number(rows);
    }

    private void Step(int thread)
    {
        _targetEmbedding.Forward(thread, _decoder.Inputs, null);
        var (first, last) = _team.PartOf(thread, _target.Sequences);
        for (var sequence = first; sequence < last; sequence++)
        {
            _decoder.FeedFirst(_target.PositionOf[sequence], _isFirstStep ? null : _said.Pointer + _parents[sequence] * _decoder.Outputs.Stride);
            PutPeek(sequence, _sequenceOf[sequence]);
        }
        _team.Barrier();
        _decoder.Forward(thread, null);
        _softmax.Run(thread, Features, _target.PackedRows, SoftmaxMode.Probabilities, default);
    }

    private void DisposeSearch()
    {
        _said.Dispose();
        _before?.Dispose();
        _after?.Dispose();
    }
}
