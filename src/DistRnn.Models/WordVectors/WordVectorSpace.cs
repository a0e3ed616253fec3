using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A word that is near, and how near.</summary>
/// <param name="Word">The word.</param>
/// <param name="Similarity">The cosine, -1 to 1.</param>
public readonly record struct WordNeighbor(int Word, double Similarity);

/// <summary>
/// Vectors of words brought to the length 1, in which nearness is the cosine: the nearest words of a vector, one vector or many at a time.
/// </summary>
/// <remarks>
/// A vector's length is the root of the sum of its squares in double; a similarity is one chain of fused multiply-adds over the dimensions. Of equally
/// near words the one with the lower id comes first. Vectors of the length 0 stay what they are. Thread-safe once it is made.
/// </remarks>
public sealed unsafe class WordVectorSpace : IDisposable
{
    private const int Queries = 48;

    private readonly ImmutableArray<int> _words;
    private readonly FloatBuffer _rows;
    private readonly FloatBuffer _panels;
    private readonly FloatBuffer _zeros = new(2 * PanelShape.MaxColumns);
    private readonly MatrixKernels _products = MatrixKernels.Current;

    /// <summary>Takes vectors.</summary>
    /// <param name="vectors">The matrix [V, <paramref name="dimensions"/>], row by row; it is copied.</param>
    /// <param name="dimensions">Floats of a vector, at least 1.</param>
    /// <param name="words">The words that count, ascending: the rows that may be found. At least one.</param>
    /// <exception cref="ArgumentException">There are no words, or one has no row.</exception>
    public WordVectorSpace(ReadOnlySpan<float> vectors, int dimensions, ImmutableArray<int> words)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        if (words.IsDefaultOrEmpty || words[0] < 0 || (words[^1] + 1L) * dimensions > vectors.Length)
            throw new ArgumentException("There are no words, or one that has no vector.", nameof(words));
        (Dimensions, _words) = (dimensions, words);
        _rows = new FloatBuffer((long)words.Length * dimensions);
        var panelCount = (words.Length + PanelShape.MaxColumns - 1) / PanelShape.MaxColumns;
        _panels = new FloatBuffer((long)panelCount * PanelShape.MaxColumns * dimensions + 64);
        for (var place = 0; place < words.Length; place++)
        {
            var row = vectors.Slice(words[place] * dimensions, dimensions);
            var panel = _panels.Pointer + (long)(place / PanelShape.MaxColumns) * PanelShape.MaxColumns * dimensions + place % PanelShape.MaxColumns;
            var unit = new Span<float>(_rows.Pointer + (long)place * dimensions, dimensions);
            Normalize(row, unit);
            for (var i = 0; i < dimensions; i++)
                panel[i * PanelShape.MaxColumns] = unit[i];
        }
    }

    /// <summary>Floats of a vector.</summary>
    public int Dimensions { get; }

    /// <summary>A word's vector of length 1, [<see cref="Dimensions"/>].</summary>
    /// <param name="word">A word that counts.</param>
    /// <exception cref="ArgumentOutOfRangeException">The word does not count.</exception>
    public ReadOnlySpan<float> VectorOf(int word)
    {
        var place = _words.BinarySearch(word);
        ArgumentOutOfRangeException.ThrowIfNegative(place, nameof(word));
        return new ReadOnlySpan<float>(_rows.Pointer + (long)place * Dimensions, Dimensions);
    }

    /// <summary>The cosine of two words.</summary>
    /// <param name="first">A word that counts.</param>
    /// <param name="second">A word that counts.</param>
    public double Similarity(int first, int second)
    {
        var a = VectorOf(first);
        var b = VectorOf(second);
        var sum = 0f;
        for (var i = 0; i < a.Length; i++)
            sum = MathF.FusedMultiplyAdd(a[i], b[i], sum);
        return sum;
    }

    /// <summary>The words nearest to a vector, the nearest first.</summary>
    /// <param name="query">The vector, [<see cref="Dimensions"/>]; its length does not matter.</param>
    /// <param name="excluded">Words that are passed over.</param>
    /// <param name="count">How many at most, at least 1.</param>
    public WordNeighbor[] Nearest(ReadOnlySpan<float> query, ReadOnlySpan<int> excluded, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(query.Length, Dimensions);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var unit = new float[Dimensions];
        Normalize(query, unit);
        var found = new List<WordNeighbor>(_words.Length);
        var scores = stackalloc float[PanelShape.MaxColumns];
        fixed (float* start = unit)
        {
            for (var first = 0; first < _words.Length; first += PanelShape.MaxColumns)
            {
                Score(start, 1, first, scores);
                for (var i = 0; i < PanelShape.MaxColumns && first + i < _words.Length; i++)
                    if (!excluded.Contains(_words[first + i]))
                        found.Add(new WordNeighbor(_words[first + i], scores[i]));
            }
        }
        found.Sort(static (a, b) => a.Similarity != b.Similarity ? b.Similarity.CompareTo(a.Similarity) : a.Word.CompareTo(b.Word));
        return [.. found.Take(count)];
    }

    /// <summary>The nearest word of each of many vectors.</summary>
    /// <param name="queries">The vectors, [queries, <see cref="Dimensions"/>]; their lengths do not matter.</param>
    /// <param name="excluded">Words that are passed over, as many for each query: [queries, n].</param>
    /// <param name="nearest">Where to, [queries]; -1 where every word is excluded.</param>
    public void NearestOfEach(ReadOnlySpan<float> queries, ReadOnlySpan<int> excluded, Span<int> nearest)
    {
        if (queries.Length != (long)nearest.Length * Dimensions)
            throw new ArgumentException($"There are {queries.Length} floats of {nearest.Length} queries of {Dimensions}.", nameof(queries));
        if (nearest.IsEmpty)
            return;
        var each = excluded.Length / nearest.Length;
        var scores = new float[Queries * PanelShape.MaxColumns];
        var best = new float[Queries];
        fixed (float* start = queries)
        fixed (float* block = scores)
        {
            for (var from = 0; from < nearest.Length; from += Queries)
            {
                var count = Math.Min(Queries, nearest.Length - from);
                best.AsSpan().Fill(float.NegativeInfinity);
                nearest.Slice(from, count).Fill(-1);
                for (var first = 0; first < _words.Length; first += PanelShape.MaxColumns)
                {
                    Score(start + (long)from * Dimensions, count, first, block);
                    for (var query = 0; query < count; query++)
                        Take(block + query * PanelShape.MaxColumns, first, excluded.Slice((from + query) * each, each), ref best[query], ref nearest[from + query]);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rows.Dispose();
        _panels.Dispose();
        _zeros.Dispose();
    }

    private static void Normalize(ReadOnlySpan<float> row, Span<float> unit)
    {
        double square;
        fixed (float* start = row)
            square = Reductions.SquaredNorm(start, row.Length);
        var scale = square > 0 ? 1 / Math.Sqrt(square) : 0;
        for (var i = 0; i < row.Length; i++)
            unit[i] = (float)(row[i] * scale);
    }

    private void Score(float* queries, int count, int firstWord, float* scores) => _products.Multiply(
        new LeftOperand(queries, Dimensions), count, Dimensions, _panels.Pointer + (long)firstWord * Dimensions, PanelShape.MaxColumns, PanelShape.MaxColumns, _zeros.Pointer, scores, PanelShape.MaxColumns);

    private void Take(float* scores, int first, ReadOnlySpan<int> excluded, ref float best, ref int nearest)
    {
        var count = Math.Min(PanelShape.MaxColumns, _words.Length - first);
        for (var i = 0; i < count; i++)
        {
            if (scores[i] > best && !excluded.Contains(_words[first + i]))
                (best, nearest) = (scores[i], _words[first + i]);
        }
    }
}
