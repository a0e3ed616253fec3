using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Runtime;

/// <summary>
/// What a codec that loses something leaves of a shard's gradient: it is encoded and decoded where it was computed, and what is lost is kept and added to the
/// shard's next gradient here (error feedback). Embedding rows are left as they are: they are few already.
/// </summary>
/// <remarks>One caller at a time. The encoding that travels (<see cref="DenseEncoding"/>), made of what is left, loses nothing more but, with int8, a unit in the last place.</remarks>
internal sealed class LossyGradient : IDisposable
{
    private readonly Codec _codec;
    private readonly PartitionLayout _whole;
    private readonly ErrorFeedbackState _residuals;
    private readonly byte[] _bytes;

    /// <summary>Makes room for the residuals of all shards.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="table">The layout.</param>
    /// <param name="shards">Shards of a step.</param>
    public LossyGradient(Codec codec, ParameterTable table, int shards)
    {
        _codec = codec;
        _whole = new PartitionMap(table, 1).Layouts[0];
        _residuals = new ErrorFeedbackState(table.Count, shards);
        _bytes = new byte[checked((int)codec.EstimateBytes(DenseEncoding.RangeAt(0, long.MaxValue)))];
    }

    /// <summary>Replaces a shard's gradient by what its encoding says.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="gradient">Its gradient.</param>
    public void Apply(int shard, Gradient gradient)
    {
        if (gradient.IsAbsent)
            return;
        foreach (var section in _whole.Dense)
        {
            var start = section.First;
            var end = section.First + section.Count;
            for (int count; start < end; start += count)
            {
                count = DenseEncoding.RangeAt(start, end);
                var values = gradient.Values.Slice(start, count);
                var written = _codec.Encode(values, _bytes, _residuals.Of(shard, start, count));
                if (!_codec.TryDecode(_bytes.AsSpan(0, written), values, out var reason))
                    throw new InvalidOperationException(reason);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _residuals.Dispose();
}
