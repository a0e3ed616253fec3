using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// A gradient in the layout of the parameter vector, summed over shards by the gradient tree. Rows of an embedding that no shard touched are absent:
/// they are +0 here, and listed nowhere.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class Gradient : IDisposable
{
    private readonly List<int>[] _touched;
    private List<int> _united = [];

    /// <summary>Makes a gradient of +0 everywhere.</summary>
    /// <param name="parameters">The layout.</param>
    public Gradient(ParameterTable parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameters = parameters;
        Values = new FloatBuffer(parameters.Count);
        _touched = new List<int>[parameters.Tensors.Length];
        for (var i = 0; i < _touched.Length; i++)
            _touched[i] = [];
    }

    /// <summary>The layout.</summary>
    public ParameterTable Parameters { get; }

    /// <summary>The sums; gaps between tensors are +0.</summary>
    public FloatBuffer Values { get; }

    /// <summary>Whether no shard has entered it: then it is absent from the tree, which is not the same as zero.</summary>
    public bool IsAbsent { get; internal set; } = true;

    /// <summary>The rows of a sparse tensor that some shard touched, ascending.</summary>
    /// <param name="tensor">The tensor's index in <see cref="ParameterTable.Tensors"/>.</param>
    public IReadOnlyList<int> TouchedRows(int tensor) => _touched[tensor];

    /// <summary>The rows of <see cref="TouchedRows"/> as a span, valid until the gradient is computed again.</summary>
    /// <param name="tensor">The tensor's index in <see cref="ParameterTable.Tensors"/>.</param>
    public ReadOnlySpan<int> TouchedSpan(int tensor) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_touched[tensor]);

    /// <summary>Adds the right neighbour in the gradient tree: present in both is added, present in one is copied.</summary>
    /// <param name="right">The gradient of the shards that follow this one's.</param>
    public unsafe void AddRight(Gradient right)
    {
        ArgumentNullException.ThrowIfNull(right);
        if (!ReferenceEquals(right.Parameters, Parameters))
            throw new ArgumentException("The gradients are of different networks.", nameof(right));
        if (right.IsAbsent)
            return;
        for (var i = 0; i < _touched.Length; i++)
        {
            var tensor = Parameters.Tensors[i];
            var mine = Values.Pointer + tensor.Offset;
            var theirs = right.Values.Pointer + tensor.Offset;
            if (!tensor.SparseRows)
            {
                AddOrCopy(mine, theirs, tensor.Count, !IsAbsent);
                continue;
            }
            foreach (var row in right._touched[i])
                AddOrCopy(mine + (long)row * tensor.RowSize, theirs + (long)row * tensor.RowSize, tensor.RowSize, _touched[i].BinarySearch(row) >= 0);
            Unite(ref _touched[i], right._touched[i]);
        }
        IsAbsent = false;
    }

    /// <summary>Rounds every value that is present as codec bf16 asks at each node of the gradient tree: <see cref="Bfloat16"/>.</summary>
    public unsafe void RoundToBfloat16()
    {
        for (var i = 0; i < _touched.Length; i++)
        {
            var tensor = Parameters.Tensors[i];
            var values = Values.Pointer + tensor.Offset;
            if (!tensor.SparseRows)
            {
                Bfloat16.Round(values, tensor.Count);
                continue;
            }
            foreach (var row in _touched[i])
                Bfloat16.Round(values + (long)row * tensor.RowSize, tensor.RowSize);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    /// <summary>The touched rows to be written by the computer.</summary>
    internal List<int> TouchedRowsOf(int tensor) => _touched[tensor];

    private static unsafe void AddOrCopy(float* mine, float* theirs, long count, bool add)
    {
        if (!add)
        {
            Buffer.MemoryCopy(theirs, mine, count * sizeof(float), count * sizeof(float));
            return;
        }
        var i = 0L;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
            (Vector512.Load(mine + i) + Vector512.Load(theirs + i)).Store(mine + i);
        for (; i < count; i++)
            mine[i] += theirs[i];
    }

    /// <summary>The union of two ascending lists takes the place of the first.</summary>
    private void Unite(ref List<int> mine, List<int> theirs)
    {
        _united.Clear();
        var at = 0;
        foreach (var row in mine)
        {
            for (; at < theirs.Count && theirs[at] <= row; at++)
            {
                if (theirs[at] < row)
                    _united.Add(theirs[at]);
            }
            _united.Add(row);
        }
        for (; at < theirs.Count; at++)
            _united.Add(theirs[at]);
        (mine, _united) = (_united, mine);
    }
}
