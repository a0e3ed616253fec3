namespace DistRnn.Reference;

/// <summary>
/// A linear-chain conditional random field (Lafferty et al. 2001): p(y) = e^score(y) / sum over all y of e^score(y), where the score of a way y is
/// start(y_1) + sum_t v_t(y_t) + sum_t transition(y_(t-1), y_t) + end(y_T). E = -log of the sum of p over the ways through the known classes.
/// </summary>
public sealed class ConditionalRandomField
{
    private readonly Parameter _start;
    private readonly Parameter _end;
    private readonly Parameter _transitions;
    private readonly int _classes;

    /// <summary>Finds its tensors: <c>crf.start_transitions</c> [L], <c>crf.end_transitions</c> [L], <c>crf.transitions</c> [L, L], from row to column.</summary>
    /// <param name="classes">Classes, L.</param>
    /// <param name="parameters">The tensors.</param>
    public ConditionalRandomField(int classes, ParameterSet parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _classes = classes;
        _start = parameters.Get("crf.start_transitions", classes);
        _end = parameters.Get("crf.end_transitions", classes);
        _transitions = parameters.Get("crf.transitions", classes * classes);
    }

    /// <summary>The score of a way.</summary>
    /// <param name="scores">v, [T][L].</param>
    /// <param name="way">y, [T].</param>
    public double Score(double[][] scores, int[] way)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(way);
        var score = _start.Value[way[0]] + _end.Value[way[^1]];
        for (var t = 0; t < way.Length; t++)
            score += scores[t][way[t]] + (t > 0 ? Transition(way[t - 1], way[t]) : 0);
        return score;
    }

    /// <summary>The logarithm of the sum over ways.</summary>
    /// <param name="scores">v, [T][L].</param>
    /// <param name="known">The class of each step, -1 for any; empty for all ways.</param>
    public double LogSum(double[][] scores, int[] known) => LogSumOf([.. Alphas(scores, known)[^1].Select((alpha, j) => alpha + _end.Value[j])]);

    /// <summary>The probability of every class at every step, [T][L], among the ways through the known classes.</summary>
    /// <param name="scores">v, [T][L].</param>
    /// <param name="known">The class of each step, -1 for any; empty for all ways.</param>
    public double[][] Marginals(double[][] scores, int[] known)
    {
        ArgumentNullException.ThrowIfNull(scores);
        var (alphas, betas, sum) = (Alphas(scores, known), Betas(scores, known), LogSum(scores, known));
        return [.. scores.Select((_, t) => Enumerable.Range(0, _classes).Select(j => Math.Exp(alphas[t][j] + betas[t][j] - sum)).ToArray())];
    }

    /// <summary>The loss and dE/d(scores); adds to the gradients of the transitions.</summary>
    /// <param name="scores">v, [T][L].</param>
    /// <param name="known">The class of each step, -1 for any.</param>
    public (double Loss, double[][] Delta) Of(double[][] scores, int[] known)
    {
        ArgumentNullException.ThrowIfNull(scores);
        var (all, through) = (Marginals(scores, []), Marginals(scores, known));
        var delta = all.Select((step, t) => step.Select((p, j) => p - through[t][j]).ToArray()).ToArray();
        Algebra.Add(delta[0], _start.Gradient);
        Algebra.Add(delta[^1], _end.Gradient);
        AddPairs(scores, [], 1);
        AddPairs(scores, known, -1);
        return (LogSum(scores, []) - LogSum(scores, known), delta);
    }

    /// <summary>The way with the largest score, the first class of equals at every choice.</summary>
    /// <param name="scores">v, [T][L].</param>
    public int[] Best(double[][] scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        var best = scores[0].Select((v, j) => v + _start.Value[j]).ToArray();
        var origins = new List<int[]>();
        for (var t = 1; t < scores.Length; t++)
        {
            var before = best;
            origins.Add([.. Enumerable.Range(0, _classes).Select(j => FirstLargest([.. before.Select((score, i) => score + Transition(i, j))]))]);
            best = [.. origins[^1].Select((i, j) => before[i] + Transition(i, j) + scores[t][j])];
        }
        var way = new int[scores.Length];
        way[^1] = FirstLargest([.. best.Select((score, j) => score + _end.Value[j])]);
        for (var t = scores.Length - 1; t > 0; t--)
            way[t - 1] = origins[t - 1][way[t]];
        return way;
    }

    private static int FirstLargest(double[] values) => Array.IndexOf(values, values.Max());

    private static double LogSumOf(double[] values)
    {
        var max = values.Max();
        return double.IsNegativeInfinity(max) ? max : max + Math.Log(values.Sum(value => Math.Exp(value - max)));
    }

    private static double Held(int[] known, int t, int j) => known.Length == 0 || known[t] < 0 || known[t] == j ? 0 : double.NegativeInfinity;

    private double Transition(int i, int j) => _transitions.Value[i * _classes + j];

    private double[][] Alphas(double[][] scores, int[] known)
    {
        var alphas = new double[scores.Length][];
        for (var t = 0; t < scores.Length; t++)
        {
            alphas[t] = [.. Enumerable.Range(0, _classes).Select(j => scores[t][j] + Held(known, t, j)
                + (t == 0 ? _start.Value[j] : LogSumOf([.. alphas[t - 1].Select((alpha, i) => alpha + Transition(i, j))])))];
        }
        return alphas;
    }

    private double[][] Betas(double[][] scores, int[] known)
    {
        var betas = new double[scores.Length][];
        for (var t = scores.Length - 1; t >= 0; t--)
        {
            betas[t] = t == scores.Length - 1 ? _end.Value
                : [.. Enumerable.Range(0, _classes).Select(i => LogSumOf([.. betas[t + 1].Select((beta, j) => Transition(i, j) + scores[t + 1][j] + Held(known, t + 1, j) + beta)]))];
        }
        return betas;
    }

    private void AddPairs(double[][] scores, int[] known, double factor)
    {
        var (alphas, betas, sum) = (Alphas(scores, known), Betas(scores, known), LogSum(scores, known));
        for (var t = 1; t < scores.Length; t++)
            for (var i = 0; i < _classes; i++)
                for (var j = 0; j < _classes; j++)
                    _transitions.Gradient[i * _classes + j] += factor * Math.Exp(alphas[t - 1][i] + Transition(i, j) + scores[t][j] + Held(known, t, j) + betas[t][j] - sum);
    }
}
