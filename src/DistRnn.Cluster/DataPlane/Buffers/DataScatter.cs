using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>
/// Where a payload goes that belongs in several places: a partition's dense sections and the touched rows of its embeddings, each straight into its place in
/// the flat vector. Filled by a receiver, read by the plane until the frame is complete or failed; then it may be cleared and filled again.
/// </summary>
/// <remarks>Not thread-safe. It grows to the largest frame and allocates nothing afterwards.</remarks>
internal sealed unsafe class DataScatter
{
    private (nint Address, long Bytes)[] _segments = new (nint, long)[16];

    /// <summary>How many segments there are.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all segments together.</summary>
    public long Bytes { get; private set; }

    /// <summary>Forgets all segments.</summary>
    public void Clear() => (Count, Bytes) = (0, 0);

    /// <summary>Adds the next segment of the payload.</summary>
    /// <param name="buffer">The floats, which live until the frame is complete or failed.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the buffer.</exception>
    public void Add(FloatBuffer buffer, long first, long count)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, buffer.Count - count);
        if (Count == _segments.Length)
            Array.Resize(ref _segments, 2 * Count);
        var bytes = count * sizeof(float);
        _segments[Count++] = ((nint)(buffer.Pointer + first), bytes);
        Bytes += bytes;
    }

    /// <summary>Copies bytes into the segments.</summary>
    /// <param name="source">The first byte.</param>
    /// <param name="bytes">How many; no more than <see cref="Bytes"/>.</param>
    internal void CopyFrom(nint source, long bytes)
    {
        var cursor = new Cursor(this);
        while (bytes > 0)
        {
            var piece = cursor.Next(bytes);
            new ReadOnlySpan<byte>((void*)source, piece.Length).CopyTo(piece);
            source += piece.Length;
            bytes -= piece.Length;
        }
    }

    /// <summary>A place in the segments that moves on as they are filled.</summary>
    internal ref struct Cursor(DataScatter scatter)
    {
        private const int PieceBytesMax = 256 << 10;

        private int _segment;
        private long _done;

        /// <summary>Bytes left of the segment that comes next, or 0 at the end.</summary>
        internal long LeftOfSegment()
        {
            while (_segment < scatter.Count && _done == scatter._segments[_segment].Bytes)
                (_segment, _done) = (_segment + 1, 0);
            return _segment < scatter.Count ? scatter._segments[_segment].Bytes - _done : 0;
        }

        /// <summary>The next bytes to fill, of one segment; moves behind them.</summary>
        /// <param name="bytesMax">How many at most.</param>
        internal Span<byte> Next(long bytesMax)
        {
            var count = (int)Math.Min(Math.Min(LeftOfSegment(), bytesMax), PieceBytesMax);
            if (count == 0)
                throw new InvalidOperationException("The segments are full.");
            var piece = new Span<byte>((byte*)scatter._segments[_segment].Address + _done, count);
            _done += count;
            return piece;
        }
    }
}
