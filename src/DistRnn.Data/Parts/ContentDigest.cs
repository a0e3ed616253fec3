using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace DistRnn.Data;

/// <summary>SHA-256 over a sequence of typed pieces, each with its length before it, so that different pieces never give the same bytes. Little-endian.</summary>
internal sealed class ContentDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Begins a digest of its own kind.</summary>
    public ContentDigest(string kind) => Add(kind);

    public void Add(string text) => Add<byte>(Encoding.UTF8.GetBytes(text));

    public void Add(IEnumerable<string> texts)
    {
        foreach (var text in texts)
            Add(text);
    }

    public void Add<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Span<long> length = [values.Length];
        _hash.AppendData(MemoryMarshal.AsBytes(length));
        const int block = 1 << 24;
        for (var start = 0; start < values.Length; start += block)
            _hash.AppendData(MemoryMarshal.AsBytes(values.Slice(start, Math.Min(block, values.Length - start))));
    }

    public void Add(ReadOnlySpan<ulong> values) => Add<ulong>(values);

    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
