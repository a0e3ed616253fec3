using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// The training plan of a language model: the stream is cut in equal lanes, what remains is dropped, and step s is window s of every lane, the last one
/// shorter. The target is the next token of the lane. Every epoch is the same.
/// </summary>
/// <remarks>The layout is that of PyTorch's word language model example (batchify and get_batch).</remarks>
internal sealed class StreamTrainingPlan : ITrainingPlan
{
    private readonly TokenStream _stream;
    private readonly long _laneLength;
    private readonly int _window;

    public StreamTrainingPlan(TokenStream stream, int lanes, int shards, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        (_stream, Lanes, Shards, _window) = (stream, lanes, shards, window);
        _laneLength = stream.Length / lanes;
        if (_laneLength < 2)
        {
            throw new InvalidInputException(string.Create(
                CultureInfo.InvariantCulture,
                $"training.batch is {lanes} lanes, but the training part has {stream.Length} tokens and a lane needs 2 of them: at most {stream.Length / 2} lanes."));
        }
    }

    public int Shards { get; }

    public int Lanes { get; }

    public long StepsIn(int epoch) => (_laneLength - 1 + _window - 1) / _window;

    public void Fill(int epoch, long step, int shard, SequenceBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, StepsIn(epoch));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)shard, (uint)Shards, nameof(shard));
        var (first, count) = Shares.Of(Lanes, Shards, shard);
        var length = (int)Math.Min(_window, _laneLength - 1 - step * _window);
        Span<int> lengths = count <= 256 ? stackalloc int[count] : new int[count];
        lengths.Fill(length);
        batch.Reset(lengths, 1, 0, TargetKind.ClassPerStep);
        for (var row = 0; row < count; row++)
        {
            var start = (first + row) * _laneLength + step * _window;
            _stream.CopyTo(start, batch.Tokens(0).Slice(row * length, length));
            _stream.CopyTo(start + 1, batch.Targets.Slice(row * length, length));
            batch.RowIds[row] = first + row;
        }
    }
}

/// <summary>The evaluation of a language model: the whole stream in one lane, piece by piece; every token but the first is predicted once.</summary>
internal sealed class StreamEvaluationPlan(TokenStream stream) : IEvaluationPlan
{
    /// <summary>Steps of a shard: enough to keep kernels busy, few enough that the logits of a large vocabulary stay small.</summary>
    public const int ShardSteps = 256;

    public int Shards => checked((int)((stream.Length - 1 + ShardSteps - 1) / ShardSteps));

    public int Lanes => 1;

    public long Sequences => 1;

    public void Fill(int shard, SequenceBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)shard, (uint)Shards, nameof(shard));
        var start = (long)shard * ShardSteps;
        var length = (int)Math.Min(ShardSteps, stream.Length - 1 - start);
        batch.Reset([length], 1, 0, TargetKind.ClassPerStep);
        stream.CopyTo(start, batch.Tokens(0));
        stream.CopyTo(start + 1, batch.Targets);
        batch.RowIds[0] = 0;
    }
}
