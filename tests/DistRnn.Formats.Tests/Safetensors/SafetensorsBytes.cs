using System.Text;

namespace DistRnn.Formats.Tests;

/// <summary>Safetensors files in memory: written by the writer, or put together by hand to be as wrong as a test needs.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Of(IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    public static byte[] Of(byte[] header, byte[] data) => [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. data];

    public static MemoryStream Stream(string header, byte[] data) => new(Of(Encoding.UTF8.GetBytes(header), data));
}
