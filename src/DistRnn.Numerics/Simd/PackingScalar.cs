using System.Runtime.CompilerServices;

namespace DistRnn.Numerics;

/// <summary>Packs one float at a time: what the other widths have to agree with.</summary>
public readonly unsafe struct PackingScalar : ISimdPacking<float>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float RoundToBfloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle(float.IsNaN(value) ? 0x7FC00000u : (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreHighHalves(ushort* destination, float value) => Unsafe.WriteUnaligned(destination, (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadHighHalves(ushort* source) => BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(source) << 16);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLowBytes(sbyte* destination, float value) => *destination = unchecked((sbyte)BitConverter.SingleToInt32Bits(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadBytes(sbyte* source) => *source;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyMagnitudeFrom(float value, int bits) => (BitConverter.SingleToInt32Bits(value) & int.MaxValue) >= bits;
}
