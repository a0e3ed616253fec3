using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Protocol;

/// <summary>
/// Of every block the floats of largest magnitude, ties to the lowest index, exactly; the others decode as +0 and stay in the residual. At most the fraction of
/// the block, rounded up, and no zeros. (Aji and Heafield 2017, "Sparse Communication for Distributed Gradient Descent".) The choice is made block by block, and
/// not over a whole range, so that it does not depend on how many partitions there are, and places take two bytes.
/// </summary>
/// <remarks>Layout, block after block: how many floats (uint16), their places in the block, ascending (uint16 each), the floats (float32 each).</remarks>
internal sealed class TopKCodec : Codec
{
    /// <summary>The fraction of a bare "top-k".</summary>
    public const double DefaultFraction = 0.01;

    private const int PlaceBytes = sizeof(ushort);
    private const int EntryBytes = PlaceBytes + sizeof(float);

    private readonly double _fraction;
    private readonly TopKKernels _kernels;

    public TopKCodec(double fraction, TopKKernels? kernels = null)
        : base(CodecKind.TopK)
    {
        if (!(fraction is > 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "The fraction is a number above 0 and at most 1.");
        (_fraction, _kernels) = (fraction, kernels ?? TopKKernels.Current);
    }

    public override long EstimateBytes(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var (blocks, rest) = (count / ParameterTable.BlockCount, (int)(count % ParameterTable.BlockCount));
        var bytes = checked(blocks * (PlaceBytes + EntryBytes * KeptOf(ParameterTable.BlockCount)));
        return rest == 0 ? bytes : checked(bytes + PlaceBytes + EntryBytes * KeptOf(rest));
    }

    public override bool TryDecode(ReadOnlySpan<byte> bytes, Span<float> values, [NotNullWhen(false)] out string? reason)
    {
        values.Clear();
        for (var block = 0; !values.IsEmpty; block++)
        {
            var count = Math.Min(ParameterTable.BlockCount, values.Length);
            reason = DecodeBlock(ref bytes, values[..count], block);
            if (reason is not null)
                return false;
            values = values[count..];
        }
        reason = bytes.IsEmpty ? null : $"{bytes.Length} bytes are left behind the last block in {this}.";
        return reason is null;
    }

    public override string ToString() => $"top-k({CallText.Of(_fraction)})";

    /// <summary>Floats that are kept of a block, at most.</summary>
    /// <param name="count">Floats of the block, at least 1.</param>
    internal int KeptOf(int count) => Math.Clamp((int)Math.Ceiling(_fraction * count), 1, count);

    private protected override unsafe int EncodeRange(ReadOnlySpan<float> values, Span<byte> destination, Span<float> residual)
    {
        var sums = stackalloc float[ParameterTable.BlockCount];
        Span<ushort> places = stackalloc ushort[ParameterTable.BlockCount];
        var rest = destination;
        fixed (float* from = values, left = residual)
        {
            for (var first = 0; first < values.Length; first += ParameterTable.BlockCount)
            {
                var count = Math.Min(ParameterTable.BlockCount, values.Length - first);
                var chosen = _kernels.Choose(from + first, left == null ? null : left + first, sums, count, KeptOf(count), places);
                BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)chosen);
                MemoryMarshal.AsBytes(places[..chosen]).CopyTo(rest[PlaceBytes..]);
                var floats = rest[(PlaceBytes + PlaceBytes * chosen)..];
                for (var i = 0; i < chosen; i++)
                    BinaryPrimitives.WriteSingleLittleEndian(floats[(sizeof(float) * i)..], sums[places[i]]);
                rest = rest[(PlaceBytes + EntryBytes * chosen)..];
                if (left == null || !Reductions.AllFinite(sums, count))
                    continue;
                for (var i = 0; i < chosen; i++)
                    sums[places[i]] = 0;
                new Span<float>(sums, count).CopyTo(residual[first..]);
            }
        }
        return destination.Length - rest.Length;
    }

    private string? DecodeBlock(ref ReadOnlySpan<byte> bytes, Span<float> values, int block)
    {
        if (bytes.Length < PlaceBytes)
            return $"The bytes end before block {block} in {this}.";
        int chosen = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (chosen > KeptOf(values.Length))
            return $"Block {block} in {this} says that it has {chosen} floats; at most {KeptOf(values.Length)} of {values.Length} are allowed.";
        var length = PlaceBytes + EntryBytes * chosen;
        if (bytes.Length < length)
            return $"Block {block} in {this} has {chosen} floats, which take {length} bytes; {bytes.Length} are left.";
        var (places, floats) = (PlaceBytes, PlaceBytes + PlaceBytes * chosen);
        var last = -1;
        for (var i = 0; i < chosen; i++)
        {
            int place = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(places + PlaceBytes * i)..]);
            if (place <= last || place >= values.Length)
                return $"Block {block} in {this} has place {place} behind place {last}; places ascend and are below {values.Length}.";
            values[place] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(floats + sizeof(float) * i)..]);
            last = place;
        }
        bytes = bytes[length..];
        return null;
    }
}
