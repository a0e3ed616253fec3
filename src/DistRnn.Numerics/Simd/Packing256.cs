using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DistRnn.Numerics;

/// <summary>Packs 8 floats a vector: AVX2.</summary>
public readonly unsafe struct Packing256 : ISimdPacking<Vector256<float>>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> RoundToBfloat16(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var rounded = (bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256.Create(1u))) & Vector256.Create(0xFFFF0000u);
        var isNaN = Vector256.GreaterThan(bits & Vector256.Create(0x7FFFFFFFu), Vector256.Create(0x7F800000u));
        return Vector256.ConditionalSelect(isNaN, Vector256.Create(0x7FC00000u), rounded).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreHighHalves(ushort* destination, Vector256<float> value) =>
        Vector256.Narrow(value.AsUInt32() >>> 16, Vector256<uint>.Zero).GetLower().Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadHighHalves(ushort* source) =>
        (Vector256.WidenLower(Vector128.Load(source).ToVector256()) << 16).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLowBytes(sbyte* destination, Vector256<float> value)
    {
        var halves = Vector256.Narrow(value.AsUInt32() & Vector256.Create(0xFFu), Vector256<uint>.Zero).GetLower();
        Unsafe.WriteUnaligned(destination, Vector128.Narrow(halves, Vector128<ushort>.Zero).AsUInt64().ToScalar());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadBytes(sbyte* source)
    {
        var halves = Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<long>(source)).AsSByte());
        return Vector256.ConvertToSingle(Vector256.WidenLower(halves.ToVector256()));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyMagnitudeFrom(Vector256<float> value, int bits) =>
        Vector256.GreaterThanOrEqualAny(value.AsInt32() & Vector256.Create(0x7FFFFFFF), Vector256.Create(bits));
}
