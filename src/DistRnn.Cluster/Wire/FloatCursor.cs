namespace DistRnn.Cluster;

/// <summary>Floats one after another: a payload that is being written or read. What it is asked for beyond its end is refused, not touched.</summary>
internal unsafe struct FloatCursor
{
    private float* _next;
    private long _left;

    /// <summary>Begins at the first float.</summary>
    /// <param name="first">The first float.</param>
    /// <param name="count">How many there are.</param>
    public FloatCursor(float* first, long count)
    {
        _next = first;
        _left = count;
    }

    /// <summary>The next float.</summary>
    public readonly float* Next => _next;

    /// <summary>Floats that have not been taken.</summary>
    public readonly long Left => _left;

    /// <summary>Whether all floats have been taken.</summary>
    public readonly bool IsAtEnd => _left == 0;

    /// <summary>The next floats.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="WireException">There are not as many.</exception>
    public float* Take(long count)
    {
        if (count < 0 || count > _left)
            throw new WireException($"The payload ends {count - _left} floats early.");
        var taken = _next;
        _next += count;
        _left -= count;
        return taken;
    }

    /// <summary>Copies the next floats from somewhere.</summary>
    /// <param name="from">The first of them.</param>
    /// <param name="count">How many.</param>
    public void Write(float* from, long count) => Buffer.MemoryCopy(from, Take(count), count * sizeof(float), count * sizeof(float));

    /// <summary>Copies the next floats to somewhere.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="count">How many.</param>
    public void Read(float* to, long count) => Buffer.MemoryCopy(Take(count), to, count * sizeof(float), count * sizeof(float));
}
