using System.Runtime.InteropServices;

namespace DistRnn.Numerics;

/// <summary>
/// A block of 32-bit floats outside the managed heap, aligned to 64 bytes and followed by a readable margin of
/// <see cref="MarginCount"/> floats, so that a kernel may load a whole panel row that begins inside the block.
/// </summary>
/// <remarks>
/// The block is zeroed when it is allocated. It is not thread-safe in itself: who writes where is the caller's plan.
/// Use after <see cref="Dispose"/> is undefined, as for any native memory.
/// </remarks>
public sealed unsafe class FloatBuffer : IDisposable
{
    /// <summary>Floats that may be read (never written) past <see cref="Count"/>: one full panel row.</summary>
    public const int MarginCount = 64;

    private float* _pointer;

    /// <summary>Allocates <paramref name="count"/> zeroed floats.</summary>
    /// <param name="count">How many floats, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">The machine refuses the memory.</exception>
    public FloatBuffer(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Count = count;
        var bytes = checked((nuint)(count + MarginCount) * sizeof(float));
        _pointer = (float*)HugePages.Allocate(bytes);
        NativeMemory.Clear(_pointer, bytes);
    }

    /// <summary>Releases the memory of a buffer that was not disposed.</summary>
    ~FloatBuffer() => Free();

    /// <summary>How many floats the block holds, without the margin.</summary>
    public long Count { get; }

    /// <summary>The first float; 64-byte aligned.</summary>
    public float* Pointer => _pointer;

    /// <summary>The whole block as a span.</summary>
    /// <exception cref="OverflowException">The block has more floats than a span can hold (2^31 - 1): use <see cref="Slice"/>.</exception>
    public Span<float> Span => new(_pointer, checked((int)Count));

    /// <summary>A part of the block as a span.</summary>
    /// <param name="start">The first float.</param>
    /// <param name="count">How many floats.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside the block.</exception>
    public Span<float> Slice(long start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count - count);
        return new Span<float>(_pointer + start, count);
    }

    /// <summary>Sets every float to +0.</summary>
    public void Clear() => NativeMemory.Clear(_pointer, (nuint)Count * sizeof(float));

    /// <summary>Copies all floats of a buffer of the same size into this one.</summary>
    /// <param name="source">Where from.</param>
    /// <exception cref="ArgumentException">The counts differ.</exception>
    public void CopyFrom(FloatBuffer source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Count != Count)
            throw new ArgumentException($"The source holds {source.Count} floats, this buffer {Count}.", nameof(source));
        Buffer.MemoryCopy(source._pointer, _pointer, Count * sizeof(float), Count * sizeof(float));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_pointer == null)
            return;
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }
}
