using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Softmax and cross-entropy, fused with the output layer's products and taken in blocks of rows that the third-level cache holds:
/// loss = log(sum_j e^(x_j - max)) + max - x_target, its gradient e^(x_j - max) / sum, less 1 at the target, all times the target's class weight.
/// </summary>
/// <remarks>
/// The denominator is 16 interleaved partial sums over ascending classes and a fixed tree of them. Few classes: threads take rows and need no
/// barriers; many: threads take panels for the products and rows for the loss. Members that take a thread are called by every thread at once.
/// </remarks>
internal sealed unsafe class SoftmaxLoss : IStepLoss
{
    private const int BlockRows = 192;
    private const int NearBytes = 1 << 20;

    private readonly ComputeTeam _team;
    private readonly OutputLayer _layer;
    private readonly SoftmaxKernels _kernels;
    private readonly float[] _classWeights;
    private readonly Scratch[] _maxima;
    private readonly Scratch _sums = new();
    private readonly Scratch _rowFloats = new();
    private readonly int _nearRows;
    private int[] _targets = [];
    private int[] _classes = [];
    private double[] _losses = [];
    private bool _byRows;

    /// <summary>Makes a loss.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="layer">The layer whose outputs are the logits.</param>
    /// <param name="width">The vector width.</param>
    /// <param name="classWeights">A weight for each class, or none for 1 each.</param>
    public SoftmaxLoss(ComputeTeam team, OutputLayer layer, SimdWidth width, ReadOnlySpan<float> classWeights)
    {
        (_team, _layer) = (team, layer);
        _kernels = SoftmaxKernels.Create(width);
        // Rows whose exponentials are still in the second-level cache when they are divided by their sum.
        _nearRows = Math.Clamp(NearBytes / (layer.Shape.PanelCount * PanelShape.MaxColumns * sizeof(float)), 4, BlockRows);
        _classWeights = classWeights.ToArray();
        _maxima = [.. Enumerable.Range(0, team.Threads).Select(_ => new Scratch())];
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _maxima.Sum(scratch => scratch.Bytes) + _sums.Bytes + _rowFloats.Bytes;

    /// <summary>The class to predict of each row, or -1; to be written between <see cref="Prepare"/> and <see cref="Run"/>.</summary>
    public Span<int> Targets => _targets;

    /// <summary>The most probable class of each row after <see cref="Run"/>, the first where several are equal; -1 where it was not asked for.</summary>
    public ReadOnlySpan<int> Classes => _classes;

    /// <summary>The loss of each row; 0 without a target.</summary>
    public ReadOnlySpan<double> Losses => _losses;

    private float* Largest => _rowFloats.Pointer;

    /// <summary>Makes room; one thread.</summary>
    /// <param name="rows">Rows.</param>
    public void Prepare(int rows)
    {
        _layer.Prepare(rows);
        foreach (var maxima in _maxima)
            maxima.Ensure(BlockRows * 16);
        _sums.Ensure((rows + 1L) * 16);
        _rowFloats.Ensure(2L * rows);
        if (_targets.Length < rows)
            (_targets, _classes, _losses) = (new int[rows], new int[rows], new double[rows]);
        _byRows = _team.Threads == 1 || _layer.Shape.PanelCount < 4 * _team.Threads;
    }

    /// <summary>From inputs to losses, and back to the inputs' gradient.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="x">The layer's inputs, from row 0.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="mode">What is wanted.</param>
    /// <param name="dx">Where the inputs' gradient goes, from row 0.</param>
    public void Run(int thread, in LeftOperand x, int rows, SoftmaxMode mode, RowBlock dx)
    {
        var (start, end) = _byRows ? _team.PartOf(thread, rows) : (0, rows);
        for (var first = start; first < end; first += BlockRows)
        {
            var last = Math.Min(first + BlockRows, end);
            var count = last - first;
            var (panelStart, panelEnd) = _byRows ? (0, _layer.Shape.PanelCount) : _team.PartOf(thread, _layer.Shape.PanelCount);
            new Span<float>(_maxima[thread].Pointer, count * 16).Fill(float.NegativeInfinity);
            for (var panel = panelStart; panel < panelEnd; panel++)
            {
                _layer.Product(x, panel, first, last);
                _kernels.Maxima(_layer.Outputs.At(panel, first), count, _layer.Shape.ColumnsOf(panel), _maxima[thread].Pointer);
            }
            Meet();
            var (rowStart, rowEnd) = _byRows ? (0, count) : _team.PartOf(thread, count);
            for (var row = rowStart; row < rowEnd; row += _nearRows)
                Normalise(thread, first, first + row, first + Math.Min(row + _nearRows, rowEnd), rows, mode);
            Meet();
            if (mode != SoftmaxMode.Gradient)
                continue;
            var (columnStart, columnEnd) = _byRows ? (0, _layer.Columns16) : _team.PartOf(thread, _layer.Columns16);
            _layer.Back(dx, first, last, columnStart, columnEnd);
        }
        _team.Barrier();
    }

    /// <summary>Whether a row's most probable class is its target.</summary>
    /// <param name="row">The row.</param>
    public bool IsCorrect(int row) => _targets[row] >= 0 && _classes[row] == _targets[row];

    /// <summary>A row's probabilities after <see cref="Run"/> in mode <see cref="SoftmaxMode.Probabilities"/>.</summary>
    public void CopyProbabilities(int row, Span<float> destination)
    {
        for (var panel = 0; panel < _layer.Shape.PanelCount; panel++)
            new ReadOnlySpan<float>(_layer.Outputs.At(panel, row), _layer.Shape.ColumnsOf(panel)).CopyTo(destination[(panel * PanelShape.MaxColumns)..]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var maxima in _maxima)
            maxima.Dispose();
        _sums.Dispose();
        _rowFloats.Dispose();
    }

    private void Meet()
    {
        if (!_byRows)
            _team.Barrier();
    }

    /// <summary>Logits become what is wanted, for some rows of a block.</summary>
    private void Normalise(int thread, int block, int rowStart, int rowEnd, int rows, SoftmaxMode mode)
    {
        if (rowStart >= rowEnd)
            return;
        var factors = Largest + rows;
        for (var row = rowStart; row < rowEnd; row++)
        {
            var largest = float.NegativeInfinity;
            for (var t = _byRows ? thread : 0; t < (_byRows ? thread + 1 : _team.Threads); t++)
            {
                var maxima = _maxima[t].Pointer + (row - block) * 16;
                for (var lane = 0; lane < 16; lane++)
                    largest = maxima[lane] > largest ? maxima[lane] : largest;
            }
            Largest[row] = largest;
            var target = _targets[row];
            var logit = target < 0 ? 0f : _layer.Outputs.At(target / PanelShape.MaxColumns, row)[target % PanelShape.MaxColumns];
            _losses[row] = (double)largest - logit;
            _classes[row] = mode == SoftmaxMode.Gradient ? (target >= 0 && logit == largest ? FirstOf(row, largest, target + 1) : -1) : FirstOf(row, largest, _layer.Shape.Units);
        }
        var sums = _sums.Pointer + (nint)rowStart * 16;
        var count = rowEnd - rowStart;
        new Span<float>(sums, count * 16).Clear();
        for (var panel = 0; panel < _layer.Shape.PanelCount; panel++)
            _kernels.Exponentials(_layer.Outputs.At(panel, rowStart), count, _layer.Shape.ColumnsOf(panel), Largest + rowStart, sums);
        for (var row = rowStart; row < rowEnd; row++)
        {
            var sum = SumOf(_sums.Pointer + (nint)row * 16);
            var target = _targets[row];
            var weight = target < 0 ? 0f : _classWeights.Length == 0 ? 1f : _classWeights[target];
            _losses[row] = target < 0 ? 0 : (_losses[row] + ScalarMath.Log(sum)) * weight;
            factors[row] = (mode == SoftmaxMode.Gradient ? weight : 1f) / sum;
        }
        if (mode == SoftmaxMode.Losses)
            return;
        for (var panel = 0; panel < _layer.Shape.PanelCount; panel++)
            _kernels.Scale(_layer.Outputs.At(panel, rowStart), count, _layer.Shape.ColumnsOf(panel), factors + rowStart);
        if (mode != SoftmaxMode.Gradient)
            return;
        for (var row = rowStart; row < rowEnd; row++)
        {
            if (_targets[row] is var target and >= 0)
                _layer.Outputs.At(target / PanelShape.MaxColumns, row)[target % PanelShape.MaxColumns] -= _classWeights.Length == 0 ? 1f : _classWeights[target];
        }
    }

    /// <summary>The first class below a limit whose logit is the largest; -1 where NaNs leave none.</summary>
    private int FirstOf(int row, float largest, int limit)
    {
        for (var first = 0; first < limit; first += PanelShape.MaxColumns)
        {
            var logits = _layer.Outputs.At(first / PanelShape.MaxColumns, row);
            var count = Math.Min(PanelShape.MaxColumns, limit - first);
            for (var i = 0; i < count; i++)
            {
                if (logits[i] == largest)
                    return first + i;
            }
        }
        return -1;
    }

    /// <summary>The fixed tree over 16 partial sums: halves are added until one is left.</summary>
    private static float SumOf(float* sums)
    {
        for (var half = 8; half > 0; half /= 2)
            for (var i = 0; i < half; i++)
                sums[i] += sums[i + half];
        return sums[0];
    }
}

/// <summary>What a softmax is run for.</summary>
internal enum SoftmaxMode
{
    /// <summary>Losses, and the gradient in the logits' place.</summary>
    Gradient,

    /// <summary>Losses and classes, and probabilities in the logits' place.</summary>
    Probabilities,

    /// <summary>Losses and classes only.</summary>
    Losses,
}
