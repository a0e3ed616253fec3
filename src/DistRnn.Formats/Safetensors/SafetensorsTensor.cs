using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Formats;

/// <summary>A tensor that <see cref="SafetensorsWriter"/> is to write as F32: its name and shape, and where its floats are.</summary>
/// <remarks>It refers to the floats and copies one tensor at most, and only where its layout is not row-major.</remarks>
public sealed class SafetensorsTensor
{
    private readonly Action<Stream> _write;

    private SafetensorsTensor(string name, ImmutableArray<long> shape, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach (var size in shape)
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
        (Name, Shape, _write) = (name, shape, write);
        Count = shape.Aggregate(1L, (product, size) => checked(product * size));
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The dimensions, outermost first.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>How many floats it has.</summary>
    public long Count { get; }

    /// <summary>A row-major part of a buffer.</summary>
    /// <param name="name">The name.</param>
    /// <param name="shape">The dimensions, outermost first.</param>
    /// <param name="buffer">Where the floats are.</param>
    /// <param name="offset">The first float.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside the buffer.</exception>
    public static SafetensorsTensor FromBuffer(string name, ImmutableArray<long> shape, FloatBuffer buffer, long offset = 0)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        var count = shape.Aggregate(1L, (product, size) => checked(product * size));
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, buffer.Count - count);
        return new SafetensorsTensor(name, shape, stream => WriteBuffer(stream, buffer, offset, count));
    }

    /// <summary>An array of floats.</summary>
    /// <param name="name">The name.</param>
    /// <param name="shape">The dimensions, outermost first; their product is the array's length.</param>
    /// <param name="values">The floats, row-major.</param>
    public static SafetensorsTensor FromArray(string name, ImmutableArray<long> shape, ReadOnlyMemory<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, shape.Aggregate(1L, (product, size) => checked(product * size)));
        return new SafetensorsTensor(name, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
    }

    /// <summary>One tensor of a parameter table, in PyTorch's layout.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="flat">The flat vector: parameters, or anything with their layout.</param>
    /// <param name="name">Its name in the file; null for the tensor's own.</param>
    public static SafetensorsTensor FromParameters(TensorInfo tensor, FloatBuffer flat, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(flat);
        ImmutableArray<long> shape = [.. tensor.Shape.Select(size => (long)size)];
        if (tensor.Layout == TensorLayout.RowMajor)
            return FromBuffer(name ?? tensor.Name, shape, flat, tensor.Offset);
        return new SafetensorsTensor(name ?? tensor.Name, shape, stream =>
        {
            using var copy = new FloatBuffer(tensor.Count);
            ParameterTable.Export(tensor, flat, copy.Span);
            WriteBuffer(stream, copy, 0, copy.Count);
        });
    }

    /// <summary>Writes the floats, little-endian.</summary>
    internal void WriteTo(Stream stream) => _write(stream);

    private static void WriteBuffer(Stream stream, FloatBuffer buffer, long offset, long count)
    {
        const int Piece = 1 << 18;
        for (long done = 0; done < count; done += Piece)
            stream.Write(MemoryMarshal.AsBytes(buffer.Slice(offset + done, (int)Math.Min(Piece, count - done))));
    }
}
