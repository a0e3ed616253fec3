using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DistRnn.Cluster;

/// <summary>What the floats of a piece of a snapshot are. Values are on the wire.</summary>
internal enum SnapshotPart
{
    /// <summary>Parameters.</summary>
    Parameters = 1,

    /// <summary>A vector of the optimiser's; the index says which.</summary>
    Optimizer = 2,

    /// <summary>Carried state of a shard's lanes; the index is the shard.</summary>
    LaneState = 3,
}

/// <summary>A piece of a partition's snapshot. 32 bytes on the wire.</summary>
/// <param name="Part">What its floats are.</param>
/// <param name="Index">Which optimiser vector or shard; 0 for parameters.</param>
/// <param name="First">The piece's first float in that part.</param>
/// <param name="Count">The piece's floats.</param>
/// <param name="Total">The floats of the whole part.</param>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal readonly record struct SnapshotPiece(SnapshotPart Part, int Index, long First, long Count, long Total);

/// <summary>
/// Which pieces of a partition's snapshot follow as floats, one behind the other, with the optimiser's scalars. A snapshot of several frames is
/// complete when the pieces cover every part; the last frame's header says that it is the last.
/// </summary>
/// <remarks>
/// Little-endian. 0: version (1), 1: 0 (3), 4: pieces (4), 8: updates (8), 16: the two powers of the optimiser's betas (8 each, doubles); pieces of part (4),
/// index (4), first (8), count (8), total (8).
/// </remarks>
internal readonly ref struct SnapshotPrefix
{
    private const byte Version = 1;
    private const int HeadBytes = 32;
    private const int PieceBytes = 32;

    private SnapshotPrefix(long updates, double beta1Power, double beta2Power, ReadOnlySpan<SnapshotPiece> pieces, long floatCount)
    {
        Updates = updates;
        Beta1Power = beta1Power;
        Beta2Power = beta2Power;
        Pieces = pieces;
        FloatCount = floatCount;
    }

    /// <summary>How many updates the optimiser has made.</summary>
    public long Updates { get; }

    /// <summary>Adam's beta1 to the power of the updates; 1 elsewhere.</summary>
    public double Beta1Power { get; }

    /// <summary>Adam's beta2 to the power of the updates; 1 elsewhere.</summary>
    public double Beta2Power { get; }

    /// <summary>The pieces.</summary>
    public ReadOnlySpan<SnapshotPiece> Pieces { get; }

    /// <summary>The floats of all pieces.</summary>
    public long FloatCount { get; }

    /// <summary>Bytes that a prefix takes.</summary>
    /// <param name="pieces">Pieces.</param>
    public static int BytesOf(int pieces) => checked(HeadBytes + PieceBytes * pieces);

    /// <summary>Writes a prefix.</summary>
    /// <param name="updates">How many updates the optimiser has made.</param>
    /// <param name="beta1Power">Adam's beta1 to that power.</param>
    /// <param name="beta2Power">Adam's beta2 to that power.</param>
    /// <param name="pieces">The pieces.</param>
    /// <param name="bytes">Where to: as many bytes as <see cref="BytesOf"/> says.</param>
    public static void Write(long updates, double beta1Power, double beta2Power, ReadOnlySpan<SnapshotPiece> pieces, Span<byte> bytes)
    {
        bytes[..8].Clear();
        bytes[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], pieces.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], updates);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes[16..], beta1Power);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes[24..], beta2Power);
        MemoryMarshal.AsBytes(pieces).CopyTo(bytes[HeadBytes..]);
    }

    /// <summary>Reads a prefix and checks that it is whole and adds up.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <param name="prefix">What they say.</param>
    /// <returns>Whether they are one.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SnapshotPrefix prefix)
    {
        prefix = default;
        if (bytes.Length < HeadBytes || bytes[0] != Version)
            return false;
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (count < 0 || HeadBytes + (long)PieceBytes * count != bytes.Length)
            return false;
        var pieces = MemoryMarshal.Cast<byte, SnapshotPiece>(bytes[HeadBytes..]);
        long floats = 0;
        foreach (ref readonly var piece in pieces)
        {
            if (piece.Part is not (SnapshotPart.Parameters or SnapshotPart.Optimizer or SnapshotPart.LaneState) || piece.Index < 0 || piece.First < 0 || piece.Count < 0 || piece.Total < 0 ||
                piece.First > piece.Total - piece.Count || piece.Count > long.MaxValue - floats)
                return false;
            floats += piece.Count;
        }
        var updates = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        if (updates < 0)
            return false;
        prefix = new SnapshotPrefix(
            updates, BinaryPrimitives.ReadDoubleLittleEndian(bytes[16..]), BinaryPrimitives.ReadDoubleLittleEndian(bytes[24..]), pieces, floats);
        return true;
    }
}
