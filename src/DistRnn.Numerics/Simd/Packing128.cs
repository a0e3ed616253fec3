using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DistRnn.Numerics;

/// <summary>Packs 4 floats a vector: NEON, or 128 bits of x86.</summary>
public readonly unsafe struct Packing128 : ISimdPacking<Vector128<float>>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> RoundToBfloat16(Vector128<float> value)
    {
        var bits = value.AsUInt32();
        var rounded = (bits + Vector128.Create(0x7FFFu) + ((bits >>> 16) & Vector128.Create(1u))) & Vector128.Create(0xFFFF0000u);
        var isNaN = Vector128.GreaterThan(bits & Vector128.Create(0x7FFFFFFFu), Vector128.Create(0x7F800000u));
        return Vector128.ConditionalSelect(isNaN, Vector128.Create(0x7FC00000u), rounded).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreHighHalves(ushort* destination, Vector128<float> value) =>
        Unsafe.WriteUnaligned(destination, Vector128.Narrow(value.AsUInt32() >>> 16, Vector128<uint>.Zero).AsUInt64().ToScalar());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadHighHalves(ushort* source) =>
        (Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(source)).AsUInt16()) << 16).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLowBytes(sbyte* destination, Vector128<float> value)
    {
        var halves = Vector128.Narrow(value.AsUInt32() & Vector128.Create(0xFFu), Vector128<uint>.Zero);
        Unsafe.WriteUnaligned(destination, Vector128.Narrow(halves, Vector128<ushort>.Zero).AsUInt32().ToScalar());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadBytes(sbyte* source)
    {
        var halves = Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<int>(source)).AsSByte());
        return Vector128.ConvertToSingle(Vector128.WidenLower(halves));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyMagnitudeFrom(Vector128<float> value, int bits) =>
        Vector128.GreaterThanOrEqualAny(value.AsInt32() & Vector128.Create(0x7FFFFFFF), Vector128.Create(bits));
}
