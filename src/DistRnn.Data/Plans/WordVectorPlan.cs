using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// The training plan of word vectors. The text is cut in pieces of <see cref="PieceWords"/> positions; an epoch takes them in an order of its own, so that a
/// step's words come from all over the text, the short last piece in its place. Step s has the next <c>batch</c> positions of that order, dealt to the
/// shards in contiguous parts; its rows are the centre words among them that are kept. Contexts reach beyond pieces, and belong to the text alone.
/// </summary>
internal sealed class WordVectorTrainingPlan : ITrainingPlan
{
    /// <summary>Positions of a piece.</summary>
    public const int PieceWords = 64;

    private readonly WordSampling _sampling;
    private readonly long _length;
    private readonly ulong _seed;
    private readonly int _batch;
    private readonly Lock _lock = new();
    private (int Epoch, int[] Pieces)? _newest;
    private (int Epoch, int[] Pieces)? _older;

    public WordVectorTrainingPlan(WordSampling sampling, long length, ulong seed, int batch, int shards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        (_sampling, _length, _seed, _batch, Shards) = (sampling, length, seed, batch, shards);
    }

    public int Shards { get; }

    public int Lanes => 0;

    public long StepsIn(int epoch) => (_length + _batch - 1) / _batch;

    public void Fill(int epoch, long step, int shard, SequenceBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, StepsIn(epoch));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)shard, (uint)Shards, nameof(shard));
        var begin = step * _batch;
        var (first, count) = Shares.Of((int)Math.Min(_batch, _length - begin), Shards, shard);
        var pieces = PiecesOf(epoch);
        var rows = _sampling.Begin(_seed, (ulong)epoch);
        for (var place = begin + first; place < begin + first + count;)
        {
            var (number, offset) = ((int)(place / PieceWords), place % PieceWords);
            var piece = number < pieces.Length ? pieces[number] : number;
            var most = Math.Min(PieceWords - offset, begin + first + count - place);
            rows.Add((long)piece * PieceWords + offset, (long)piece * PieceWords + offset + most);
            place += most;
        }
        rows.WriteTo(batch);
    }

    private int[] PiecesOf(int epoch)
    {
        lock (_lock)
        {
            if (_newest?.Epoch == epoch)
                return _newest.Value.Pieces;
            if (_older?.Epoch == epoch)
                return _older.Value.Pieces;
            var pieces = new int[_length / PieceWords];
            new Philox(_seed, PhiloxPurpose.Shuffle, (ulong)epoch).Permutation(pieces);
            (_older, _newest) = (_newest, (epoch, pieces));
            return pieces;
        }
    }
}

/// <summary>The evaluation of word vectors: the text in its order, words left out and windows drawn as in training, but with chances of their own that never change.</summary>
internal sealed class WordVectorEvaluationPlan(WordSampling sampling, long length, int shardWords) : IEvaluationPlan
{
    public int Shards => checked((int)((length + shardWords - 1) / shardWords));

    public int Lanes => 0;

    public long Sequences => length;

    public void Fill(int shard, SequenceBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)shard, (uint)Shards, nameof(shard));
        var start = (long)shard * shardWords;
        var rows = sampling.Begin(0, ulong.MaxValue);
        rows.Add(start, Math.Min(length, start + shardWords));
        rows.WriteTo(batch);
    }
}
