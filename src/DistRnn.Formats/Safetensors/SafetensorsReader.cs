using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Formats;

/// <summary>
/// Reads the safetensors format, version 1, tensor by tensor. The whole header is checked before anything is read by it; F32 is read as it is, F64,
/// F16 and BF16 are converted (F64 to the nearest, ties to even), and other types are listed but not read.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class SafetensorsReader : IDisposable
{
    private readonly Stream _stream;
    private readonly string _source;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsReader(Stream stream, string source, long dataStart, SafetensorsHeader header)
    {
        (_stream, _source, _dataStart) = (stream, source, dataStart);
        (Entries, Metadata) = (header.Entries, header.Metadata);
        _byName = Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>The tensors, in the order of their data.</summary>
    public ImmutableArray<SafetensorsEntry> Entries { get; }

    /// <summary>The header's metadata; empty where there is none.</summary>
    public ImmutableSortedDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It cannot be read, or is no safetensors file.</exception>
    public static SafetensorsReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            return Open(stream, path);
        }
        catch (Exception error)
        {
            stream?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
                throw new InvalidInputException($"{path} cannot be read: {error.Message.TrimEnd('.')}.", error);
            throw;
        }
    }

    /// <summary>Reads the header of a stream.</summary>
    /// <param name="stream">A stream that can seek, at its beginning; belongs to the reader from now on.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="InvalidInputException">It is no safetensors file.</exception>
    public static SafetensorsReader Open(Stream stream, string source)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var available = stream.Length;
        Span<byte> length = stackalloc byte[8];
        if (available < length.Length)
            throw new InvalidInputException($"{source} is no safetensors file: it has {available} bytes, and the length of the header alone takes 8.");
        stream.ReadExactly(length);
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (headerBytes > SafetensorsHeader.MaxBytes)
            throw new InvalidInputException($"{source} is no safetensors file: its header would have {headerBytes} bytes; allowed are {SafetensorsHeader.MaxBytes}.");
        if ((long)headerBytes > available - length.Length)
            throw new InvalidInputException($"{source} is no safetensors file: its header would have {headerBytes} bytes, but only {available - length.Length} follow: it was cut short.");
        var json = new byte[headerBytes];
        stream.ReadExactly(json);
        var header = new SafetensorsHeader(source);
        header.Read(json, available - length.Length - (long)headerBytes);
        return new SafetensorsReader(stream, source, length.Length + (long)headerBytes, header);
    }

    /// <summary>A tensor by its name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="InvalidInputException">There is none of that name.</exception>
    public SafetensorsEntry this[string name] =>
        _byName.TryGetValue(name, out var entry) ? entry : throw new InvalidInputException($"{_source} has no tensor '{name}'; it has {Listed()}.");

    /// <summary>Whether there is a tensor of a name.</summary>
    /// <param name="name">The name.</param>
    public bool Has(string name) => _byName.ContainsKey(name);

    /// <summary>Reads some neighbouring elements of a tensor as float32.</summary>
    /// <param name="entry">A tensor of this file.</param>
    /// <param name="start">The first element.</param>
    /// <param name="destination">Where to; its length says how many.</param>
    /// <exception cref="InvalidInputException">The tensor has a type that is not read, or the file has become shorter.</exception>
    public void Read(SafetensorsEntry entry, long start, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, entry.Count - destination.Length);
        var size = SafetensorsEntry.BytesOf(entry.Dtype);
        try
        {
            _stream.Position = _dataStart + entry.Begin + start * size;
            if (entry.Dtype == "F32")
                _stream.ReadExactly(MemoryMarshal.AsBytes(destination));
            else
                Convert(entry, size, destination);
        }
        catch (EndOfStreamException error)
        {
            throw new InvalidInputException($"{_source} ended inside tensor '{entry.Name}': it was cut short.", error);
        }
    }

    /// <summary>Reads a whole tensor as float32.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="InvalidInputException">There is none of that name, or as <see cref="Read"/>.</exception>
    public float[] ReadArray(string name)
    {
        var entry = this[name];
        if (entry.Count > Array.MaxLength)
            throw new InvalidInputException($"{_source} has {entry.Count} elements in tensor '{name}'; {Array.MaxLength} are the most that are read at once.");
        var values = new float[entry.Count];
        Read(entry, 0, values);
        return values;
    }

    /// <summary>Reads a tensor into its place in a flat vector, checking its shape.</summary>
    /// <param name="tensor">A tensor of a parameter table.</param>
    /// <param name="flat">The flat vector.</param>
    /// <param name="name">Its name in the file; null for the tensor's own.</param>
    /// <exception cref="InvalidInputException">There is none of that name, it has another shape, or as <see cref="Read"/>.</exception>
    public void ReadParameters(TensorInfo tensor, FloatBuffer flat, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(flat);
        var entry = this[name ?? tensor.Name];
        if (!entry.Shape.SequenceEqual(tensor.Shape.Select(size => (long)size)))
            throw new InvalidInputException($"{_source} has the tensor '{entry.Name}' with the shape {entry.ShapeText}; the network needs [{string.Join(", ", tensor.Shape)}].");
        if (tensor.Layout == TensorLayout.RowMajor)
        {
            Read(entry, 0, flat.Slice(tensor.Offset, checked((int)tensor.Count)));
            return;
        }
        using var copy = new FloatBuffer(tensor.Count);
        Read(entry, 0, copy.Span);
        ParameterTable.Import(tensor, copy.Span, flat);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Convert(SafetensorsEntry entry, int size, Span<float> destination)
    {
        if (entry.Dtype is not ("F64" or "F16" or "BF16"))
            throw new InvalidInputException($"{_source} has the tensor '{entry.Name}' in the type {entry.Dtype}; allowed are F32, F64, F16 and BF16.");
        const int Piece = 1 << 14;
        var bytes = new byte[Math.Min(Piece, destination.Length) * size];
        while (!destination.IsEmpty)
        {
            var count = Math.Min(Piece, destination.Length);
            var piece = bytes.AsSpan(0, count * size);
            _stream.ReadExactly(piece);
            for (var i = 0; i < count; i++)
            {
                destination[i] = entry.Dtype switch
                {
                    "F64" => (float)BinaryPrimitives.ReadDoubleLittleEndian(piece[(i * size)..]),
                    "F16" => (float)BinaryPrimitives.ReadHalfLittleEndian(piece[(i * size)..]),
                    _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(piece[(i * size)..]) << 16),
                };
            }
            destination = destination[count..];
        }
    }

    private string Listed()
    {
        const int Most = 20;
        var names = string.Join(", ", Entries.Take(Most).Select(entry => entry.Name));
        return Entries.Length > Most ? $"{names} and {Entries.Length - Most} others" : Entries.IsEmpty ? "none" : names;
    }
}
