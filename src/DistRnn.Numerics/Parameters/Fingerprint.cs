using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace DistRnn.Numerics;

/// <summary>
/// One number for a whole model: SHA-256 over, for each tensor in PyTorch's order, its name in UTF-8, a zero byte, its dimensions as little-endian int32, and its
/// elements as little-endian float32, row-major, in PyTorch's layout, unpadded. Every NaN counts as 0x7FC00000. Two runs that computed the same have the same.
/// </summary>
public static class Fingerprint
{
    /// <summary>The fingerprint of parameters: 64 hexadecimal digits, lower case.</summary>
    /// <param name="table">The names, shapes and places.</param>
    /// <param name="parameters">The flat vector.</param>
    /// <exception cref="ArgumentException">The vector has another size than the table says.</exception>
    public static string Of(ParameterTable table, FloatBuffer parameters)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != table.Count)
            throw new ArgumentException($"The parameters are {parameters.Count} floats; the table has {table.Count}.", nameof(parameters));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var words = Array.Empty<uint>();
        Span<byte> dimension = stackalloc byte[sizeof(int)];
        foreach (var tensor in table.Tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(tensor.Name));
            hash.AppendData([0]);
            foreach (var size in tensor.Shape)
            {
                BinaryPrimitives.WriteInt32LittleEndian(dimension, size);
                hash.AppendData(dimension);
            }
            ParameterTable.ExportInPieces(tensor, parameters, piece =>
            {
                if (words.Length < piece.Length)
                    words = new uint[piece.Length];
                var part = words.AsSpan(0, piece.Length);
                MemoryMarshal.Cast<float, uint>(piece).CopyTo(part);
                MakeCanonical(part);
                hash.AppendData(MemoryMarshal.AsBytes(part));
            });
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Makes every NaN the same one and every float little-endian.</summary>
    private static void MakeCanonical(Span<uint> words)
    {
        foreach (ref var word in words)
        {
            if ((word & 0x7FFFFFFF) > 0x7F800000)
                word = 0x7FC00000;
            if (!BitConverter.IsLittleEndian)
                word = BinaryPrimitives.ReverseEndianness(word);
        }
    }
}
