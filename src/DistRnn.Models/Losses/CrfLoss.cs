using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The loss of a linear-chain conditional random field, -log p(the right classes of a sequence), over the output layer's scores:
/// log of the sum over all ways, less the log of the sum over the ways through the targets. Its gradient by a score is the class's probability among all
/// ways less that among the ways through the targets; a step without a target may have any class in both.
/// </summary>
/// <remarks>Threads take whole sequences, which know nothing of one another. Probabilities are those of a class at a step, over all ways.</remarks>
internal sealed unsafe class CrfLoss : IStepLoss
{
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch;
    private readonly OutputLayer _layer;
    private readonly CrfTransitions _transitions;
    private readonly CrfGradient _gradient;
    private readonly CrfLattice[] _lattices;
    private readonly Scratch _pairs = new();
    private FloatBuffer? _parameters;
    private bool _isStale;
    private int[] _targets = [];
    private int[] _classes = [];
    private double[] _losses = [];
    private CrfPairs _free;
    private CrfPairs _held;

    /// <summary>Makes a loss.</summary>
    /// <param name="tensors">The transitions.</param>
    /// <param name="team">The threads.</param>
    /// <param name="batch">How rows lie.</param>
    /// <param name="layer">The layer whose outputs are the scores.</param>
    public CrfLoss(CrfTensors tensors, ComputeTeam team, PackedBatch batch, OutputLayer layer)
    {
        (_team, _batch, _layer) = (team, batch, layer);
        _transitions = new CrfTransitions(tensors);
        _gradient = new CrfGradient(tensors, _transitions, batch, layer, team);
        _lattices = [.. Enumerable.Range(0, team.Threads).Select(_ => new CrfLattice(_transitions, batch))];
    }

    /// <inheritdoc/>
    public long Bytes => _transitions.Bytes + _gradient.Bytes + _pairs.Bytes + _lattices.Sum(lattice => lattice.Bytes);

    /// <inheritdoc/>
    public Span<int> Targets => _targets;

    /// <inheritdoc/>
    public ReadOnlySpan<int> Classes => _classes;

    /// <inheritdoc/>
    public ReadOnlySpan<double> Losses => _losses;

    /// <inheritdoc/>
    public void SetParameters(FloatBuffer parameters) => (_parameters, _isStale) = (parameters, true);

    /// <inheritdoc/>
    public void Prepare(int rows)
    {
        if (_isStale)
            _transitions.Rebuild(_parameters!);
        _isStale = false;
        _layer.Prepare(rows);
        if (_targets.Length < rows)
            (_targets, _classes, _losses) = (new int[rows], new int[rows], new double[rows]);
        var size = (nint)rows * _transitions.Stride;
        var pairs = (nint)_pairs.Ensure(2L * 4 * size);
        _free = new CrfPairs(pairs, pairs + size * sizeof(double), _transitions.Stride);
        _held = new CrfPairs(pairs + 2 * size * sizeof(double), pairs + 3 * size * sizeof(double), _transitions.Stride);
        _gradient.Prepare(_free, _held);
        foreach (var lattice in _lattices)
            lattice.Prepare();
    }

    /// <inheritdoc/>
    public void Run(int thread, in LeftOperand x, int rows, SoftmaxMode mode, RowBlock dx)
    {
        var (start, end) = _team.PartOf(thread, rows);
        for (var panel = 0; panel < _layer.Shape.PanelCount && start < end; panel++)
            _layer.Product(x, panel, start, end);
        _team.Barrier();
        var (first, last) = _team.PartOf(thread, _batch.Sequences);
        for (var sequence = first; sequence < last; sequence++)
            Sequence(_lattices[thread], sequence, mode);
        _team.Barrier();
        if (mode == SoftmaxMode.Gradient && start < end)
            _layer.Back(dx, start, end, 0, _layer.Columns16);
        _team.Barrier();
    }

    /// <inheritdoc/>
    public void Gradients(int thread, float* gradient) => _gradient.Sum(thread, gradient);

    /// <inheritdoc/>
    public bool IsCorrect(int row) => _targets[row] >= 0 && _classes[row] == _targets[row];

    /// <inheritdoc/>
    public void CopyProbabilities(int row, Span<float> destination)
    {
        for (var panel = 0; panel < _layer.Shape.PanelCount; panel++)
            new ReadOnlySpan<float>(_layer.Outputs.At(panel, row), _layer.Shape.ColumnsOf(panel)).CopyTo(destination[(panel * PanelShape.MaxColumns)..]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var lattice in _lattices)
            lattice.Dispose();
        _gradient.Dispose();
        _transitions.Dispose();
        _pairs.Dispose();
    }

    private void Sequence(CrfLattice lattice, int sequence, SoftmaxMode mode)
    {
        lattice.Load(_layer, sequence);
        lattice.Best(_classes);
        var all = lattice.LogSum([], _free);
        if (mode != SoftmaxMode.Losses)
            lattice.Back([], all, _free, subtract: false);
        var right = lattice.LogSum(_targets, _held);
        if (mode == SoftmaxMode.Gradient)
            lattice.Back(_targets, right, _held, subtract: true);
        if (mode != SoftmaxMode.Losses)
            lattice.Store(_layer);
        var isLater = false;
        for (var step = 0; step < _batch.LengthOf[sequence]; step++)
        {
            var row = _batch.PackedRowOf(step, sequence);
            _losses[row] = isLater || _targets[row] < 0 ? 0 : all - right;
            isLater |= _targets[row] >= 0;
        }
    }
}
