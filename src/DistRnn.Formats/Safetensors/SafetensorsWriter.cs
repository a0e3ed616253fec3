using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DistRnn.Formats;

/// <summary>
/// Writes the safetensors format, version 1 (https://github.com/huggingface/safetensors): eight bytes, the header's length, little-endian; the header, a
/// JSON object of name to dtype, shape and data offsets, filled with blanks to a multiple of eight; the tensors one after another without gaps.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>The name that a tensor may not have: the header keeps metadata under it.</summary>
    public const string MetadataName = "__metadata__";

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes tensors in the order in which they are given, one at a time.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">The tensors, no name twice.</param>
    /// <param name="metadata">Text by text, or null for none.</param>
    /// <exception cref="ArgumentException">A name comes twice or is <see cref="MetadataName"/>.</exception>
    /// <exception cref="IOException">The stream refuses.</exception>
    public static void Write(Stream stream, IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        var header = HeaderOf(tensors, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in tensors)
            tensor.WriteTo(stream);
    }

    /// <summary>How many bytes <see cref="Write"/> writes.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="metadata">Text by text, or null for none.</param>
    public static long SizeOf(IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        checked(8 + HeaderOf(tensors, metadata).Length + tensors.Sum(tensor => tensor.Count * sizeof(float)));

    private static byte[] HeaderOf(IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { MetadataName };
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataName);
                foreach (var (name, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(name, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                    throw new ArgumentException($"There are two tensors '{tensor.Name}', or it is a reserved name.", nameof(tensors));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", "F32");
                json.WriteStartArray("shape");
                foreach (var size in tensor.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset = checked(offset + tensor.Count * sizeof(float));
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var padded = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        padded.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(padded);
        return padded;
    }
}
