using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The gradient of an embedding, which touches only the rows of the tokens that occur. For each of them: a sum for every shard that has the token,
/// from +0, over its steps in (t, plan row) order; then the gradient tree over the shards, in which a shard without the token is absent, not zero.
/// </summary>
/// <remarks>
/// <see cref="Collect"/> sorts the entries by token and is called by one thread; then every thread of the team calls <see cref="Sum"/>, which writes
/// whole rows, so threads share nothing. Nothing is allocated once the largest step has been seen. One step at a time.
/// </remarks>
internal sealed unsafe class EmbeddingGradient : IDisposable
{
    private readonly int _vocabulary;
    private readonly int _rowSize;
    private readonly FloatBuffer?[] _scratch;
    private readonly int[] _next;
    private int[] _tokens = [];
    private int[] _starts = new int[1];
    private int[] _sortedShards = [];
    private int[] _sortedRows = [];
    private int[] _stale = [];
    private int _touchedCount;
    private int _staleCount;
    private int _shards;

    /// <summary>Makes the gradient of one embedding.</summary>
    /// <param name="vocabulary">Tokens, V, at least 1.</param>
    /// <param name="rowSize">Floats a row, E, at least 1.</param>
    /// <param name="threads">Threads of the team that will call <see cref="Sum"/>.</param>
    public EmbeddingGradient(int vocabulary, int rowSize, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabulary);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        (_vocabulary, _rowSize) = (vocabulary, rowSize);
        _next = new int[vocabulary];
        _scratch = new FloatBuffer?[threads];
    }

    /// <summary>Bytes of working memory outside the managed heap.</summary>
    public long AllocatedBytes => _scratch.Sum(buffer => (buffer?.Count ?? 0) * sizeof(float));

    /// <summary>
    /// Takes the entries of a step, one for each step of each sequence, ordered by (shard, t, plan row), and brings the list of touched rows up to date.
    /// </summary>
    /// <param name="tokens">The token of each entry.</param>
    /// <param name="shardOfEntry">The shard of each entry, from 0 for the first shard that is computed; never falling.</param>
    /// <param name="sourceRow">The row of the input's gradient in which each entry lies, as <see cref="Sum"/> will be given it.</param>
    /// <param name="shards">Shards that are computed, those without entries included: the leaves of the tree.</param>
    /// <param name="touched">In: the rows that the destination holds from its last use. Out: the rows of this step, ascending.</param>
    /// <exception cref="ArgumentException">The counts differ, or the shards fall.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token or a shard is out of range.</exception>
    public void Collect(ReadOnlySpan<int> tokens, ReadOnlySpan<int> shardOfEntry, ReadOnlySpan<int> sourceRow, int shards, List<int> touched)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shards);
        if (shardOfEntry.Length != tokens.Length || sourceRow.Length != tokens.Length)
            throw new ArgumentException($"There are {tokens.Length} tokens, {shardOfEntry.Length} shards and {sourceRow.Length} rows of them.", nameof(tokens));
        Check(tokens, shardOfEntry, shards);
        _shards = shards;
        Grow(tokens.Length, touched.Count);
        CountTokens(tokens);
        ListStaleRows(touched);
        Sort(tokens, shardOfEntry, sourceRow);
        CollectionsMarshal.SetCount(touched, _touchedCount);
        _tokens.AsSpan(0, _touchedCount).CopyTo(CollectionsMarshal.AsSpan(touched));
    }

    /// <summary>
    /// Writes this thread's part of the rows: sums of the touched ones, +0 into those that the destination still held. To be called by every thread of
    /// the team after <see cref="Collect"/>; the destination is complete when all of them are back.
    /// </summary>
    /// <param name="team">The team.</param>
    /// <param name="thread">This thread's index in it.</param>
    /// <param name="source">The gradient of the layer's input, rows of at least <paramref name="sourceOffset"/> + E floats.</param>
    /// <param name="sourceStride">Floats from one row of it to the next.</param>
    /// <param name="sourceOffset">Where in a row this embedding's part begins.</param>
    /// <param name="destination">The embedding's gradient, [V, E] without gaps.</param>
    public void Sum(ComputeTeam team, int thread, float* source, nint sourceStride, nint sourceOffset, float* destination)
    {
        var (staleStart, staleEnd) = team.PartOf(thread, _staleCount);
        for (var i = staleStart; i < staleEnd; i++)
            new Span<float>(destination + (nint)_stale[i] * _rowSize, _rowSize).Clear();
        var (start, end) = team.PartOf(thread, _starts[_touchedCount]);
        var scratch = ScratchOf(thread);
        for (var row = FirstRowFrom(start); row < _touchedCount && _starts[row] < end; row++)
            SumTree(0, _shards, _starts[row], _starts[row + 1], source + sourceOffset, sourceStride, destination + (nint)_tokens[row] * _rowSize, scratch);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _scratch)
            buffer?.Dispose();
    }

    /// <summary>How deep the tree over <paramref name="shards"/> leaves is: so many right children may wait at once.</summary>
    private static int DepthOf(int shards) => 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)(shards - 1));

    private void Check(ReadOnlySpan<int> tokens, ReadOnlySpan<int> shardOfEntry, int shards)
    {
        var last = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)_vocabulary)
                throw new ArgumentOutOfRangeException(nameof(tokens), tokens[i], $"Entry {i} is token {tokens[i]}; the vocabulary has tokens 0 to {_vocabulary - 1}.");
            if ((uint)shardOfEntry[i] >= (uint)shards)
                throw new ArgumentOutOfRangeException(nameof(shardOfEntry), shardOfEntry[i], $"Entry {i} is of shard {shardOfEntry[i]}; there are shards 0 to {shards - 1}.");
            if (shardOfEntry[i] < last)
                throw new ArgumentException($"Entry {i} is of shard {shardOfEntry[i]}, the one before it of shard {last}.", nameof(shardOfEntry));
            last = shardOfEntry[i];
        }
    }

    private void Grow(int entries, int stale)
    {
        if (_sortedRows.Length < entries)
        {
            _sortedRows = new int[Math.Max(entries, _sortedRows.Length * 2)];
            _sortedShards = new int[_sortedRows.Length];
            _tokens = new int[_sortedRows.Length];
            _starts = new int[_sortedRows.Length + 1];
        }
        if (_stale.Length < stale)
            _stale = new int[Math.Max(stale, _stale.Length * 2)];
    }

    private void CountTokens(ReadOnlySpan<int> tokens)
    {
        _touchedCount = 0;
        foreach (var token in tokens)
            if (_next[token]++ == 0)
                _tokens[_touchedCount++] = token;
        _tokens.AsSpan(0, _touchedCount).Sort();
    }

    private void ListStaleRows(List<int> touched)
    {
        _staleCount = 0;
        foreach (var row in CollectionsMarshal.AsSpan(touched))
            if (_next[row] == 0)
                _stale[_staleCount++] = row;
    }

    /// <summary>A stable counting sort by token, so the entries of a token stay in (shard, t, plan row) order.</summary>
    private void Sort(ReadOnlySpan<int> tokens, ReadOnlySpan<int> shardOfEntry, ReadOnlySpan<int> sourceRow)
    {
        var start = 0;
        for (var row = 0; row < _touchedCount; row++)
        {
            _starts[row] = start;
            var count = _next[_tokens[row]];
            _next[_tokens[row]] = start;
            start += count;
        }
        _starts[_touchedCount] = start;
        for (var i = 0; i < tokens.Length; i++)
        {
            var place = _next[tokens[i]]++;
            _sortedShards[place] = shardOfEntry[i];
            _sortedRows[place] = sourceRow[i];
        }
        for (var row = 0; row < _touchedCount; row++)
            _next[_tokens[row]] = 0;
    }

    private float* ScratchOf(int thread)
    {
        var count = (long)DepthOf(_shards) * _rowSize;
        if (_scratch[thread] is { } present && present.Count >= count)
            return present.Pointer;
        _scratch[thread]?.Dispose();
        _scratch[thread] = new FloatBuffer(count);
        return _scratch[thread]!.Pointer;
    }

    /// <summary>The first touched row whose entries begin at <paramref name="entry"/> or after it.</summary>
    private int FirstRowFrom(int entry)
    {
        var place = _starts.AsSpan(0, _touchedCount).BinarySearch(entry);
        return place >= 0 ? place : ~place;
    }

    /// <summary>The node of shards [firstShard, firstShard + shards) over the sorted entries [start, end), of which there is at least one.</summary>
    private void SumTree(int firstShard, int shards, int start, int end, float* source, nint stride, float* sum, float* scratch)
    {
        while (_sortedShards[start] != _sortedShards[end - 1])
        {
            var left = 1 << (DepthOf(shards) - 1);
            var middle = start;
            while (middle < end && _sortedShards[middle] < firstShard + left)
                middle++;
            if (middle > start && middle < end)
            {
                SumTree(firstShard, left, start, middle, source, stride, sum, scratch);
                SumTree(firstShard + left, shards - left, middle, end, source, stride, scratch, scratch + _rowSize);
                Add(sum, scratch);
                return;
            }
            (firstShard, shards) = middle == end ? (firstShard, left) : (firstShard + left, shards - left);
        }
        SumLeaf(start, end, source, stride, sum);
    }

    private void SumLeaf(int start, int end, float* source, nint stride, float* sum)
    {
        var count = Vector256<float>.Count;
        nint column = 0;
        for (; column + 4 * count <= _rowSize; column += 4 * count)
        {
            var (sum0, sum1, sum2, sum3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            for (var i = start; i < end; i++)
            {
                var from = source + _sortedRows[i] * stride + column;
                sum0 += Vector256.Load(from);
                sum1 += Vector256.Load(from + count);
                sum2 += Vector256.Load(from + 2 * count);
                sum3 += Vector256.Load(from + 3 * count);
            }
            sum0.Store(sum + column);
            sum1.Store(sum + column + count);
            sum2.Store(sum + column + 2 * count);
            sum3.Store(sum + column + 3 * count);
        }
        for (; column + count <= _rowSize; column += count)
        {
            var all = Vector256<float>.Zero;
            for (var i = start; i < end; i++)
                all += Vector256.Load(source + _sortedRows[i] * stride + column);
            all.Store(sum + column);
        }
        for (; column < _rowSize; column++)
        {
            var all = 0f;
            for (var i = start; i < end; i++)
                all += source[_sortedRows[i] * stride + column];
            sum[column] = all;
        }
    }

    private void Add(float* left, float* right)
    {
        nint column = 0;
        for (; column + Vector256<float>.Count <= _rowSize; column += Vector256<float>.Count)
            (Vector256.Load(left + column) + Vector256.Load(right + column)).Store(left + column);
        for (; column < _rowSize; column++)
            left[column] += right[column];
    }
}
