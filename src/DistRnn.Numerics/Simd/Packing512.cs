using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DistRnn.Numerics;

/// <summary>Packs 16 floats a vector: AVX-512.</summary>
public readonly unsafe struct Packing512 : ISimdPacking<Vector512<float>>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> RoundToBfloat16(Vector512<float> value)
    {
        var bits = value.AsUInt32();
        var rounded = (bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512.Create(1u))) & Vector512.Create(0xFFFF0000u);
        var isNaN = Vector512.GreaterThan(bits & Vector512.Create(0x7FFFFFFFu), Vector512.Create(0x7F800000u));
        return Vector512.ConditionalSelect(isNaN, Vector512.Create(0x7FC00000u), rounded).AsSingle();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreHighHalves(ushort* destination, Vector512<float> value) =>
        Vector512.Narrow(value.AsUInt32() >>> 16, Vector512<uint>.Zero).GetLower().Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadHighHalves(ushort* source) =>
        (Vector512.WidenLower(Vector256.Load(source).ToVector512()) << 16).AsSingle();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLowBytes(sbyte* destination, Vector512<float> value)
    {
        var halves = Vector512.Narrow(value.AsUInt32() & Vector512.Create(0xFFu), Vector512<uint>.Zero).GetLower();
        Vector256.Narrow(halves, Vector256<ushort>.Zero).GetLower().Store((byte*)destination);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBytes(sbyte* source)
    {
        var halves = Vector256.WidenLower(Vector128.Load(source).ToVector256());
        return Vector512.ConvertToSingle(Vector512.WidenLower(halves.ToVector512()));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyMagnitudeFrom(Vector512<float> value, int bits) =>
        Vector512.GreaterThanOrEqualAny(value.AsInt32() & Vector512.Create(0x7FFFFFFF), Vector512.Create(bits));
}
