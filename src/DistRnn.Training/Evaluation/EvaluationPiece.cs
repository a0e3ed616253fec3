using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using DistRnn.Models;

namespace DistRnn.Training;

/// <summary>
/// What neighbouring shards of an evaluation come to, before anything is divided: each shard's loss and sums, and whole-number counts of all of them.
/// Pieces that follow each other merge to the figures of the whole, bit for bit, whoever computed them.
/// </summary>
/// <remarks>Immutable once a caller has it. <see cref="ToBytes"/> and <see cref="TryRead"/> are its form on the wire.</remarks>
public sealed class EvaluationPiece
{
    private readonly List<ShardResult> _results = [];
    private readonly List<double> _sums = [];

    internal EvaluationPiece(FigureKind kind, int firstShard, int totalShards, int counts, int sumsPerShard) =>
        (Kind, FirstShard, TotalShards, Counts, SumsPerShard) = (kind, firstShard, totalShards, new long[counts], sumsPerShard);

    /// <summary>The first shard of the piece, from 0.</summary>
    public int FirstShard { get; }

    /// <summary>Shards of the piece, at least 1.</summary>
    public int Shards => _results.Count;

    /// <summary>Shards of the whole evaluation.</summary>
    public int TotalShards { get; }

    internal FigureKind Kind { get; }

    /// <summary>Whole-number counts over all shards of the piece.</summary>
    internal long[] Counts { get; }

    /// <summary>Sums that each shard has beside its loss.</summary>
    internal int SumsPerShard { get; }

    /// <summary>A result a shard.</summary>
    internal ReadOnlySpan<ShardResult> Results => CollectionsMarshal.AsSpan(_results);

    /// <summary>The losses' sum over the shards.</summary>
    internal double LossSum => LossTree.Sum(Results);

    /// <summary>Targets that entered the loss.</summary>
    internal long LossTargets => _results.Sum(result => result.Targets);

    /// <summary>The mean loss a target; NaN without any.</summary>
    internal double MeanLoss => EvaluationFigures.Ratio(LossSum, LossTargets);

    /// <summary>Reads a piece that came from elsewhere. Every length is checked before it is used.</summary>
    /// <param name="bytes">What <see cref="ToBytes"/> made.</param>
    /// <param name="piece">The piece, where the bytes are one.</param>
    /// <param name="reason">Otherwise a sentence that says what is wrong with them.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out EvaluationPiece? piece, [NotNullWhen(false)] out string? reason) =>
        EvaluationPieceFormat.TryRead(bytes, out piece, out reason);

    /// <summary>The piece as bytes, little-endian, the first of them the format's version.</summary>
    public byte[] ToBytes() => EvaluationPieceFormat.Write(this);

    /// <summary>The sum of one of the sums over all shards, by the gradient tree.</summary>
    /// <param name="which">Which of the <see cref="SumsPerShard"/>.</param>
    internal double SumOf(int which)
    {
        var column = new double[Shards];
        for (var shard = 0; shard < column.Length; shard++)
            column[shard] = _sums[shard * SumsPerShard + which];
        return LossTree.Sum(column);
    }

    /// <summary>One of the sums of one shard.</summary>
    internal double SumOfShard(int shard, int which) => _sums[shard * SumsPerShard + which];

    /// <summary>Adds a shard behind the last one.</summary>
    /// <param name="result">Its loss and counts.</param>
    internal void Add(ShardResult result) => _results.Add(result);

    /// <summary>Adds the next of the last shard's sums.</summary>
    /// <param name="sum">The sum.</param>
    internal void Add(double sum) => _sums.Add(sum);

    /// <summary>Takes up the piece that follows.</summary>
    /// <param name="next">It begins where this one ends, and its counts are as many.</param>
    internal void Append(EvaluationPiece next)
    {
        _results.AddRange(next._results);
        _sums.AddRange(next._sums);
        for (var i = 0; i < Counts.Length; i++)
            Counts[i] = checked(Counts[i] + next.Counts[i]);
    }
}
