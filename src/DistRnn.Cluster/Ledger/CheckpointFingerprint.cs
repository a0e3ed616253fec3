using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>
/// The fingerprint of parameters on the disk, computed from the file alone: a safetensors file has names, shapes and elements in PyTorch's order and layout,
/// which is what <see cref="Fingerprint"/> is made of.
/// </summary>
internal static class CheckpointFingerprint
{
    /// <summary>The fingerprint: 64 hexadecimal digits, lower case.</summary>
    /// <param name="path">The safetensors file.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or has tensors that no parameters have.</exception>
    public static string Of(string path)
    {
        using var reader = SafetensorsReader.Open(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var values = new float[1 << 14];
        Span<byte> dimension = stackalloc byte[sizeof(int)];
        foreach (var entry in reader.Entries)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(entry.Name));
            hash.AppendData([0]);
            foreach (var size in entry.Shape)
            {
                if (size > int.MaxValue)
                    throw new InvalidInputException($"{path} has the tensor '{entry.Name}' of shape {entry.ShapeText}, which is larger than any of a network.");
                BinaryPrimitives.WriteInt32LittleEndian(dimension, (int)size);
                hash.AppendData(dimension);
            }
            for (long start = 0; start < entry.Count;)
            {
                var piece = values.AsSpan(0, (int)Math.Min(values.Length, entry.Count - start));
                reader.Read(entry, start, piece);
                foreach (ref var value in piece)
                    value = float.IsNaN(value) ? BitConverter.UInt32BitsToSingle(0x7FC00000) : value;
                hash.AppendData(MemoryMarshal.AsBytes(piece));
                start += piece.Length;
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
