using System.Collections.Immutable;

namespace DistRnn.Numerics;

/// <summary>
/// The names, shapes and places of a model's tensors in its one flat parameter vector. Gradients and optimiser state share it, so
/// clipping, partitioning, updates and checkpoints are each one loop over floats that know nothing of layers.
/// </summary>
/// <remarks>
/// Tensors stand in PyTorch's order. Each begins at a multiple of 16 floats; the floats between tensors are always +0. The order of elements
/// inside a tensor is its <see cref="TensorInfo.Layout"/>; PyTorch's order appears only through <see cref="Export"/> and <see cref="Import"/>.
/// Immutable and thread-safe.
/// </remarks>
public sealed class ParameterTable
{
    /// <summary>Floats in a block, the unit of partitions and of the norm's summation tree.</summary>
    public const int BlockCount = 4096;

    private readonly Dictionary<string, TensorInfo> _byName;

    private ParameterTable(ImmutableArray<TensorInfo> tensors, long count)
    {
        Tensors = tensors;
        Count = count;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>All tensors, in PyTorch's order.</summary>
    public ImmutableArray<TensorInfo> Tensors { get; }

    /// <summary>Floats of the flat vector, gaps included: a whole number of blocks is not required.</summary>
    public long Count { get; }

    /// <summary>Parameters that are trained: elements of all tensors, without gaps.</summary>
    public long ParameterCount => Tensors.Sum(tensor => tensor.Count);

    /// <summary>Blocks of <see cref="BlockCount"/> floats, the last one possibly short.</summary>
    public int Blocks => checked((int)((Count + BlockCount - 1) / BlockCount));

    /// <summary>A tensor by its name.</summary>
    /// <param name="name">PyTorch's name.</param>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public TensorInfo this[string name] =>
        _byName.TryGetValue(name, out var tensor) ? tensor : throw new KeyNotFoundException($"There is no tensor '{name}'.");

    /// <summary>Whether a tensor of this name exists.</summary>
    /// <param name="name">PyTorch's name.</param>
    /// <param name="tensor">The tensor, where it exists.</param>
    public bool TryGet(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TensorInfo? tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>Copies one tensor out of the flat vector into PyTorch's layout.</summary>
    /// <param name="tensor">A tensor of this table.</param>
    /// <param name="flat">The flat vector.</param>
    /// <param name="destination">Room for exactly the tensor's elements, row-major.</param>
    public static unsafe void Export(TensorInfo tensor, FloatBuffer flat, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(flat);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, tensor.Count);
        var source = flat.Pointer + tensor.Offset;
        if (tensor.Layout == TensorLayout.RowMajor)
        {
            new ReadOnlySpan<float>(source, destination.Length).CopyTo(destination);
            return;
        }
        fixed (float* rows = destination)
            PanelCopy.FromPanels(tensor.Panels, tensor.RowSize, source, rows);
    }

    /// <summary>Hands out one tensor in PyTorch's layout piece by piece, in order, so that a large one needs no copy of its size.</summary>
    /// <param name="tensor">A tensor of this table.</param>
    /// <param name="flat">The flat vector.</param>
    /// <param name="write">Takes the next elements, row-major; the span is its to read until it returns.</param>
    public static unsafe void ExportInPieces(TensorInfo tensor, FloatBuffer flat, Action<ReadOnlySpan<float>> write)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(flat);
        ArgumentNullException.ThrowIfNull(write);
        var source = flat.Pointer + tensor.Offset;
        if (tensor.Layout == TensorLayout.RowMajor)
        {
            const int PieceCount = 1 << 16;
            for (var start = 0L; start < tensor.Count; start += PieceCount)
                write(new ReadOnlySpan<float>(source + start, (int)Math.Min(PieceCount, tensor.Count - start)));
            return;
        }
        var (shape, inputs) = (tensor.Panels, tensor.RowSize);
        var rows = new float[checked(Math.Min(shape.UnitsPerPanel, shape.Units) * inputs)];
        fixed (float* piece = rows)
        {
            for (var gate = 0; gate < shape.Gates; gate++)
            {
                for (var panel = 0; panel < shape.PanelCount; panel++)
                {
                    PanelCopy.FromPanel(shape, inputs, source, gate, panel, piece);
                    write(rows.AsSpan(0, shape.UnitsOf(panel) * inputs));
                }
            }
        }
    }

    /// <summary>Copies one tensor in PyTorch's layout into the flat vector.</summary>
    /// <param name="tensor">A tensor of this table.</param>
    /// <param name="source">Exactly the tensor's elements, row-major.</param>
    /// <param name="flat">The flat vector.</param>
    public static unsafe void Import(TensorInfo tensor, ReadOnlySpan<float> source, FloatBuffer flat)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(flat);
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, tensor.Count);
        var destination = flat.Pointer + tensor.Offset;
        if (tensor.Layout == TensorLayout.RowMajor)
        {
            source.CopyTo(new Span<float>(destination, source.Length));
            return;
        }
        fixed (float* rows = source)
            PanelCopy.ToPanels(tensor.Panels, tensor.RowSize, rows, destination);
    }

    /// <summary>Collects tensors in PyTorch's order and lays them out.</summary>
    public sealed class Builder
    {
        private readonly ImmutableArray<TensorInfo>.Builder _tensors = ImmutableArray.CreateBuilder<TensorInfo>();
        private long _next;

        /// <summary>Adds a row-major tensor.</summary>
        /// <param name="name">PyTorch's name; each once.</param>
        /// <param name="shape">One or two dimensions, each at least 1.</param>
        /// <param name="sparseRows">Whether its gradient touches only some rows.</param>
        public TensorInfo AddRowMajor(string name, ImmutableArray<int> shape, bool sparseRows = false) =>
            Add(name, shape, TensorLayout.RowMajor, default, sparseRows);

        /// <summary>Adds a weight [gates * units, inputs] in panels.</summary>
        /// <param name="name">PyTorch's name; each once.</param>
        /// <param name="panels">Gates and units.</param>
        /// <param name="inputs">Inputs.</param>
        public TensorInfo AddWeight(string name, PanelShape panels, int inputs) =>
            Add(name, [panels.Columns, inputs], TensorLayout.Panels, panels, false);

        /// <summary>Adds a bias [gates * units] in column order.</summary>
        /// <param name="name">PyTorch's name; each once.</param>
        /// <param name="panels">Gates and units.</param>
        public TensorInfo AddBias(string name, PanelShape panels) => Add(name, [panels.Columns], TensorLayout.Panels, panels, false);

        /// <summary>The finished table.</summary>
        public ParameterTable Build() => new(_tensors.ToImmutable(), _next);

        private TensorInfo Add(string name, ImmutableArray<int> shape, TensorLayout layout, PanelShape panels, bool sparseRows)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            foreach (var size in shape)
                ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, nameof(shape));
            if (_tensors.Any(tensor => tensor.Name == name))
                throw new ArgumentException($"There is already a tensor '{name}'.", nameof(name));
            var tensor = new TensorInfo(name, shape, layout, panels, sparseRows, _next);
            _tensors.Add(tensor);
            _next = checked(_next + (tensor.Count + 15) / 16 * 16);
            return tensor;
        }
    }
}
