using System.Collections.Immutable;
using DistRnn.Models;
using DistRnn.Protocol;

namespace DistRnn.Runtime;

/// <summary>
/// Takes the carried state of a shard's lanes out of the state of all lanes, and puts it in: a shard's part holds, for each layer, direction and kind, the rows
/// of its lanes one after another.
/// </summary>
/// <param name="lanesOfShards">The lanes of each shard, ascending.</param>
internal sealed class LaneTransfer(ImmutableArray<ImmutableArray<int>> lanesOfShards)
{
    /// <summary>Lanes of a shard.</summary>
    /// <param name="shard">The shard.</param>
    public int Count(int shard) => lanesOfShards[shard].Length;

    /// <summary>Takes a shard's part out.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="state">The state of all lanes.</param>
    public LanePart Take(int shard, LaneState state)
    {
        var lanes = lanesOfShards[shard];
        var values = ImmutableArray.CreateBuilder<float>(lanes.Length * WidthOf(state));
        foreach (var (_, _, columns, offset) in state.Parts)
            foreach (var lane in lanes)
                values.AddRange(state.Values.Slice(offset + (long)lane * columns, columns));
        return new LanePart(shard, values.MoveToImmutable());
    }

    /// <summary>Puts a shard's part in.</summary>
    /// <param name="part">The part.</param>
    /// <param name="state">The state of all lanes.</param>
    /// <returns>Whether it fits; where not, nothing was changed.</returns>
    public bool TryPut(LanePart part, LaneState state)
    {
        if (part.Shard < 0 || part.Shard >= lanesOfShards.Length || part.Values.Length != Count(part.Shard) * WidthOf(state))
            return false;
        var next = 0;
        foreach (var (_, _, columns, offset) in state.Parts)
        {
            foreach (var lane in lanesOfShards[part.Shard])
            {
                part.Values.AsSpan(next, columns).CopyTo(state.Values.Slice(offset + (long)lane * columns, columns));
                next += columns;
            }
        }
        return true;
    }

    private static int WidthOf(LaneState state) => state.Parts.Sum(part => part.Columns);
}
