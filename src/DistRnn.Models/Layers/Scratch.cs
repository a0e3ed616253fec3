using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Working memory that grows to the largest size asked for and then stays: after warm-up nothing is allocated. Its content is lost when it grows,
/// and may be anything when it does not.
/// </summary>
internal sealed unsafe class Scratch : IDisposable
{
    private FloatBuffer _buffer = new(0);

    /// <summary>The first float.</summary>
    public float* Pointer => _buffer.Pointer;

    /// <summary>Bytes held.</summary>
    public long Bytes => _buffer.Count * sizeof(float);

    /// <summary>Makes room.</summary>
    /// <param name="count">Floats, 0 or more.</param>
    public float* Ensure(long count)
    {
        if (_buffer.Count < count)
        {
            _buffer.Dispose();
            _buffer = new FloatBuffer(count + count / 16);
        }
        return _buffer.Pointer;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}

/// <summary>The same for whole numbers.</summary>
internal sealed unsafe class IntScratch : IDisposable
{
    private int* _pointer;
    private long _count;

    ~IntScratch() => Free();

    /// <summary>The first number.</summary>
    public int* Pointer => _pointer;

    /// <summary>Makes room.</summary>
    /// <param name="count">Numbers, 0 or more.</param>
    public int* Ensure(long count)
    {
        if (_count < count || _pointer == null)
        {
            Free();
            _count = count + count / 8 + 16;
            _pointer = (int*)NativeMemory.AllocZeroed((nuint)_count, sizeof(int));
        }
        return _pointer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_pointer);
        _pointer = null;
        _count = 0;
    }
}
