namespace DistRnn.Models;

/// <summary>A list that keeps its memory when it is cleared, and whose elements can be reached as a span: what a step fills again and again.</summary>
/// <typeparam name="T">The elements.</typeparam>
internal sealed class GrowingList<T>
    where T : unmanaged
{
    private T[] _items = new T[64];

    /// <summary>How many elements there are.</summary>
    public int Count { get; private set; }

    /// <summary>The elements; valid until the next one is added.</summary>
    public Span<T> Span => _items.AsSpan(0, Count);

    /// <summary>Takes all elements out.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds one.</summary>
    /// <param name="item">The element.</param>
    public void Add(T item)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, 2 * Count);
        _items[Count++] = item;
    }

    /// <summary>Adds several, for the caller to write; what they hold until then means nothing.</summary>
    /// <param name="count">How many.</param>
    public Span<T> AddMany(int count)
    {
        while (Count + count > _items.Length)
            Array.Resize(ref _items, 2 * _items.Length);
        Count += count;
        return _items.AsSpan(Count - count, count);
    }
}
