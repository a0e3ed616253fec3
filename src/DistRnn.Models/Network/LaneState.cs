using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The recurrent state that every lane of a stateful stream carries from one step to the next: for each layer and direction h, and for an LSTM c as
/// well, [Lanes, H], one after another. Starts as +0.
/// </summary>
/// <remarks>Streams are read by networks of one direction. Not thread-safe, but different lanes may be written by different threads.</remarks>
public sealed unsafe class LaneState : IDisposable
{
    private readonly long[] _offsets;

    /// <summary>Makes the state of <paramref name="lanes"/> lanes, all +0.</summary>
    /// <param name="options">The network.</param>
    /// <param name="lanes">Lanes, at least 1.</param>
    public LaneState(NetworkOptions options, int lanes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lanes);
        Lanes = lanes;
        Kinds = options.Cell == CellKind.Lstm ? 2 : 1;
        Directions = options.Directions;
        Hidden = [.. options.Hidden];
        _offsets = new long[Hidden.Length * Directions * Kinds + 1];
        for (var slot = 0; slot < _offsets.Length - 1; slot++)
            _offsets[slot + 1] = checked(_offsets[slot] + (long)lanes * Hidden[slot / Kinds / Directions]);
        Values = new FloatBuffer(_offsets[^1]);
    }

    /// <summary>Lanes.</summary>
    public int Lanes { get; }

    /// <summary>2 for an LSTM (h and c), 1 otherwise.</summary>
    public int Kinds { get; }

    /// <summary>Directions of each layer: 1 or 2.</summary>
    public int Directions { get; }

    /// <summary>All values; the order is layer, direction, kind, lane, unit.</summary>
    public FloatBuffer Values { get; }

    private int[] Hidden { get; }

    /// <summary>A name and the shape [Lanes, H] of each part of <see cref="Values"/>, in its order: <c>h_l0</c>, <c>c_l0</c>, <c>h_l0_reverse</c> ...</summary>
    public IEnumerable<(string Name, int Rows, int Columns, long Offset)> Parts
    {
        get
        {
            for (var slot = 0; slot < _offsets.Length - 1; slot++)
            {
                var (layer, direction) = (slot / Kinds / Directions, slot / Kinds % Directions);
                yield return ($"{(slot % Kinds == 0 ? 'h' : 'c')}_l{layer}{(direction == 0 ? "" : "_reverse")}", Lanes, Hidden[layer], _offsets[slot]);
            }
        }
    }

    /// <summary>Sets every lane to +0: the beginning of an epoch.</summary>
    public void Clear() => Values.Clear();

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    /// <summary>A lane's state of one layer in one direction, [H].</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="direction">The direction.</param>
    /// <param name="kind">0 is h, 1 is c.</param>
    /// <param name="lane">The lane.</param>
    internal float* Of(int layer, int direction, int kind, long lane)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, Lanes);
        return Values.Pointer + _offsets[(layer * Directions + direction) * Kinds + kind] + lane * Hidden[layer];
    }
}
