using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The recurrent state that every lane of a stateful stream carries from one step to the next: for each layer h, and for an LSTM c as well,
/// [Lanes, H], one after another. Starts as +0.
/// </summary>
/// <remarks>Only networks of one direction carry state. Not thread-safe, but different lanes may be written by different threads.</remarks>
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
        Hidden = [.. options.Hidden];
        _offsets = new long[Hidden.Length * Kinds + 1];
        for (var slot = 0; slot < Hidden.Length * Kinds; slot++)
            _offsets[slot + 1] = checked(_offsets[slot] + (long)lanes * Hidden[slot / Kinds]);
        Values = new FloatBuffer(_offsets[^1]);
    }

    /// <summary>Lanes.</summary>
    public int Lanes { get; }

    /// <summary>2 for an LSTM (h and c), 1 otherwise.</summary>
    public int Kinds { get; }

    /// <summary>All values; the order is layer, kind, lane, unit.</summary>
    public FloatBuffer Values { get; }

    private int[] Hidden { get; }

    /// <summary>A name and the shape [Lanes, H] of each part of <see cref="Values"/>, in its order: <c>h_l0</c>, <c>c_l0</c>, <c>h_l1</c> ...</summary>
    public IEnumerable<(string Name, int Rows, int Columns, long Offset)> Parts
    {
        get
        {
            for (var layer = 0; layer < Hidden.Length; layer++)
                for (var kind = 0; kind < Kinds; kind++)
                    yield return ($"{(kind == 0 ? 'h' : 'c')}_l{layer}", Lanes, Hidden[layer], _offsets[layer * Kinds + kind]);
        }
    }

    /// <summary>Sets every lane to +0: the beginning of an epoch.</summary>
    public void Clear() => Values.Clear();

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    /// <summary>A lane's state of one layer, [H].</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="kind">0 is h, 1 is c.</param>
    /// <param name="lane">The lane.</param>
    internal float* Of(int layer, int kind, long lane)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, Lanes);
        return Values.Pointer + _offsets[layer * Kinds + kind] + lane * Hidden[layer];
    }
}
