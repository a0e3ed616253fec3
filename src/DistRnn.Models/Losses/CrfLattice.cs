using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// All ways to give a sequence's T steps one of L classes each, weighed: a way scores the sum of its steps' scores, of the transitions between
/// neighbours, and of beginning and ending. Sums over ways (forward and backward, Lafferty et al. 2001), in logarithms and float64, and the best way (Viterbi 1967).
/// </summary>
/// <remarks>
/// With alpha_t(j) the logarithm of the sum over all ways up to step t that end in j, and m_t its largest value:
/// alpha_t(j) = score_t(j) + m_(t-1) + log sum_i e^(alpha_(t-1)(i) - m_(t-1)) e^(transition(i, j)), one chain of fused multiply-adds over i, ascending;
/// beta likewise from the end, with a chain over j. So a step costs L exponentials and L logarithms, not L^2, and vectors run over columns: every width
/// gives the same bits. Where steps are held to known classes only the ways through these count. One sequence at a time.
/// </remarks>
internal sealed unsafe class CrfLattice(CrfTransitions transitions, PackedBatch batch) : IDisposable
{
    // e^700 is finite: a weight can only be larger where the weight of what stands before it is 0 in float64.
    private const double ExponentMax = 700;

    private readonly Scratch _memory = new();
    private readonly int _stride = transitions.Stride;
    private readonly int _classes = transitions.Classes;
    private double* _scores;
    private double* _alphas;
    private double* _marginals;
    private long* _origins;
    private double* _peaks;
    private double* _sums;
    private double* _betas;
    private int _sequence;
    private int _length;

    /// <summary>Bytes held.</summary>
    public long Bytes => _memory.Bytes;

    /// <summary>Makes room for the longest sequence.</summary>
    public void Prepare()
    {
        var rows = (nint)batch.Steps * _stride;
        _scores = (double*)_memory.Ensure(2L * (4 * rows + 2 * _stride + batch.Steps));
        _alphas = _scores + rows;
        _marginals = _alphas + rows;
        _origins = (long*)(_marginals + rows);
        _sums = (double*)_origins + rows;
        _betas = _sums + _stride;
        _peaks = _betas + _stride;
    }

    /// <summary>Takes up a sequence.</summary>
    /// <param name="layer">Its scores are the layer's outputs.</param>
    /// <param name="sequence">The sequence.</param>
    public void Load(OutputLayer layer, int sequence)
    {
        (_sequence, _length) = (sequence, batch.LengthOf[sequence]);
        for (var step = 0; step < _length; step++)
        {
            var scores = _scores + (nint)step * _stride;
            new Span<double>(scores, _stride).Clear();
            var row = RowOf(step);
            for (var panel = 0; panel < layer.Shape.PanelCount; panel++)
            {
                var outputs = layer.Outputs.At(panel, row);
                for (var i = 0; i < layer.Shape.ColumnsOf(panel); i++)
                    scores[panel * PanelShape.MaxColumns + i] = outputs[i];
            }
        }
    }

    /// <summary>The logarithm of the sum over ways.</summary>
    /// <param name="targets">The classes that steps are held to, by packed row, -1 for any; empty for all ways.</param>
    /// <param name="pairs">Out: e^(alpha - m) of every step but the last, for <see cref="CrfGradient"/>.</param>
    public double LogSum(ReadOnlySpan<int> targets, in CrfPairs pairs)
    {
        var (first, end) = Allowed(targets, 0);
        new Span<double>(_alphas, _stride).Fill(double.NegativeInfinity);
        for (var j = first; j < end; j++)
            _alphas[j] = transitions.Start[j] + _scores[j];
        for (var step = 1; step < _length; step++)
        {
            var scores = _scores + (nint)step * _stride;
            var alphas = _alphas + (nint)step * _stride;
            var before = alphas - _stride;
            var left = pairs.LeftOf(RowOf(step - 1));
            new Span<double>(left, _stride).Clear();
            var peak = Peak(before, first, end);
            _peaks[step - 1] = peak;
            for (var i = first; i < end; i++)
                left[i] = ScalarMath.Exp(before[i] - peak);
            Sum(left, first, end, transitions.Factors);
            (first, end) = Allowed(targets, step);
            new Span<double>(alphas, _stride).Fill(double.NegativeInfinity);
            for (var j = first; j < end; j++)
                alphas[j] = scores[j] + (peak + ScalarMath.Log(_sums[j]));
        }
        var last = _alphas + (nint)(_length - 1) * _stride;
        for (var j = first; j < end; j++)
            _sums[j] = last[j] + transitions.End[j];
        var largest = Peak(_sums, first, end);
        var sum = new InterleavedSum();
        for (var j = first; j < end; j++)
            sum.Add(ScalarMath.Exp(_sums[j] - largest));
        return largest + ScalarMath.Log(sum.Total);
    }

    /// <summary>The probability of every class at every step, added to or taken from what is stored; follows the <see cref="LogSum"/> of the same targets.</summary>
    /// <param name="targets">The classes that steps are held to.</param>
    /// <param name="logSum">What <see cref="LogSum"/> returned.</param>
    /// <param name="pairs">Out: e^(score + beta + m of the step before - the sum's logarithm) of every step but the first, for <see cref="CrfGradient"/>.</param>
    /// <param name="subtract">Whether probabilities are taken from those that are there; otherwise they take their place.</param>
    public void Back(ReadOnlySpan<int> targets, double logSum, in CrfPairs pairs, bool subtract)
    {
        new ReadOnlySpan<double>(transitions.End, _stride).CopyTo(new Span<double>(_betas, _stride));
        for (var step = _length - 1; step >= 0; step--)
        {
            var scores = _scores + (nint)step * _stride;
            var alphas = _alphas + (nint)step * _stride;
            var marginals = _marginals + (nint)step * _stride;
            var (first, end) = Allowed(targets, step);
            if (!subtract)
                new Span<double>(marginals, _stride).Clear();
            for (var j = first; j < end; j++)
            {
                var probability = ScalarMath.Exp(alphas[j] + _betas[j] - logSum);
                marginals[j] += subtract ? -probability : probability;
            }
            if (step == 0)
                return;
            var right = pairs.RightOf(RowOf(step));
            new Span<double>(right, _stride).Clear();
            var scale = _peaks[step - 1] - logSum;
            for (var j = first; j < end; j++)
            {
                var exponent = scores[j] + _betas[j] + scale;
                right[j] = ScalarMath.Exp(exponent > ExponentMax ? ExponentMax : exponent);
            }
            Sum(right, first, end, transitions.FactorsBack);
            (first, end) = Allowed(targets, step - 1);
            for (var i = first; i < end; i++)
                _betas[i] = ScalarMath.Log(_sums[i]) - scale;
        }
    }

    /// <summary>Writes what <see cref="Back"/> has stored in place of the scores, rounded to float32.</summary>
    /// <param name="layer">The layer.</param>
    public void Store(OutputLayer layer)
    {
        for (var step = 0; step < _length; step++)
        {
            var marginals = _marginals + (nint)step * _stride;
            var row = RowOf(step);
            for (var panel = 0; panel < layer.Shape.PanelCount; panel++)
            {
                var outputs = layer.Outputs.At(panel, row);
                for (var i = 0; i < layer.Shape.ColumnsOf(panel); i++)
                    outputs[i] = (float)marginals[panel * PanelShape.MaxColumns + i];
            }
        }
    }

    /// <summary>The way with the largest score; at every choice the first class of equals.</summary>
    /// <param name="classes">Where its classes go, by packed row.</param>
    public void Best(Span<int> classes)
    {
        for (var j = 0; j < _stride; j++)
            _betas[j] = transitions.Start[j] + _scores[j];
        for (var step = 1; step < _length; step++)
        {
            Extend(_origins + (nint)step * _stride);
            var scores = _scores + (nint)step * _stride;
            for (var j = 0; j < _classes; j++)
                _betas[j] = _sums[j] + scores[j];
        }
        var best = 0;
        for (var j = 1; j < _classes; j++)
            best = _betas[j] + transitions.End[j] > _betas[best] + transitions.End[best] ? j : best;
        for (var step = _length - 1; step >= 0; step--)
        {
            classes[RowOf(step)] = best;
            if (step > 0)
                best = (int)_origins[(nint)step * _stride + best];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private static double Peak(double* values, int first, int end)
    {
        var largest = double.NegativeInfinity;
        for (var i = first; i < end; i++)
            largest = values[i] > largest ? values[i] : largest;
        return largest;
    }

    private int RowOf(int step) => batch.PackedRowOf(step, _sequence);

    private (int First, int End) Allowed(ReadOnlySpan<int> targets, int step)
    {
        var target = targets.IsEmpty ? -1 : targets[RowOf(step)];
        return target < 0 ? (0, _classes) : (target, target + 1);
    }

    /// <summary>sums = weights x matrix over rows [first, end), each column one chain over ascending rows.</summary>
    private void Sum(double* weights, int first, int end, double* matrix)
    {
        for (nint column = 0; column < _stride; column += CrfTransitions.BlockColumns)
        {
            var (sum0, sum1, sum2, sum3) = (Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero);
            for (var i = first; i < end; i++)
            {
                var weight = Vector256.Create(weights[i]);
                var row = matrix + (nint)i * _stride + column;
                sum0 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row), sum0);
                sum1 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 4), sum1);
                sum2 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 8), sum2);
                sum3 = Vector256.FusedMultiplyAdd(weight, Vector256.Load(row + 12), sum3);
            }
            sum0.Store(_sums + column);
            sum1.Store(_sums + column + 4);
            sum2.Store(_sums + column + 8);
            sum3.Store(_sums + column + 12);
        }
    }

    /// <summary>The best score before each class, and the class it comes from, the first of equals.</summary>
    private void Extend(long* origins)
    {
        for (nint column = 0; column < _stride; column += 8)
        {
            var (best0, best1) = (Candidate(0, column), Candidate(0, column + 4));
            var (origin0, origin1) = (Vector256<long>.Zero, Vector256<long>.Zero);
            for (var i = 1; i < _classes; i++)
            {
                var (candidate0, candidate1, origin) = (Candidate(i, column), Candidate(i, column + 4), Vector256.Create((long)i));
                var (larger0, larger1) = (Vector256.GreaterThan(candidate0, best0), Vector256.GreaterThan(candidate1, best1));
                best0 = Vector256.ConditionalSelect(larger0, candidate0, best0);
                best1 = Vector256.ConditionalSelect(larger1, candidate1, best1);
                origin0 = Vector256.ConditionalSelect(larger0.AsInt64(), origin, origin0);
                origin1 = Vector256.ConditionalSelect(larger1.AsInt64(), origin, origin1);
            }
            best0.Store(_sums + column);
            best1.Store(_sums + column + 4);
            origin0.Store(origins + column);
            origin1.Store(origins + column + 4);
        }

        Vector256<double> Candidate(int i, nint column) => Vector256.Create(_betas[i]) + Vector256.Load(transitions.Scores + (nint)i * _stride + column);
    }
}

/// <summary>
/// What the probability of two neighbouring classes is made of, by packed row: p(i at t-1, j at t) = left_(t-1)(i) e^(transition(i, j)) right_t(j).
/// </summary>
/// <param name="Left">The first numbers, [N, stride].</param>
/// <param name="Right">The second ones, [N, stride].</param>
/// <param name="Stride">Numbers a row.</param>
internal readonly record struct CrfPairs(nint Left, nint Right, int Stride)
{
    /// <summary>The numbers of a row that stands before another.</summary>
    public unsafe double* LeftOf(int row) => (double*)Left + (nint)row * Stride;

    /// <summary>The numbers of a row that stands behind another.</summary>
    public unsafe double* RightOf(int row) => (double*)Right + (nint)row * Stride;
}
