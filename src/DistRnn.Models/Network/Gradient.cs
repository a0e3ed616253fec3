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
            var union = _touched[i].Union(right._touched[i]).Order().ToArray();
            _touched[i].Clear();
            _touched[i].AddRange(union);
        }
        IsAbsent = false;
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();

    /// <summary>The touched rows to be written by the computer.</summary>
    internal List<int> TouchedRowsOf(int tensor) => _touched[tensor];

    private static unsafe void AddOrCopy(float* mine, float* theirs, long count, bool add)
    {
        for (long i = 0; i < count; i++)
            mine[i] = add ? mine[i] + theirs[i] : theirs[i];
    }
}
