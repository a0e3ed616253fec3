namespace DistRnn.Training;

/// <summary>Which evaluation was the best, and how long ago: a pure function of the evaluations' values in their order, so that a resumed run decides the same.</summary>
/// <param name="criterion">By what they are compared.</param>
internal sealed class BestTracker(Criterion criterion)
{
    private readonly Dictionary<long, MetricSet> _metrics = [];

    /// <summary>The best evaluation, or null before the first.</summary>
    public BestEvaluation? Best { get; private set; }

    /// <summary>Evaluations since the best one.</summary>
    public int EvaluationsSinceBest { get; private set; }

    /// <summary>The step of the last evaluation; -1 before the first.</summary>
    public long EvaluatedStep { get; private set; } = -1;

    /// <summary>Takes an evaluation.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="value">The criterion.</param>
    /// <param name="metrics">All figures.</param>
    /// <returns>Whether it is the best so far.</returns>
    public bool Add(long step, double value, MetricSet metrics)
    {
        EvaluatedStep = step;
        foreach (var old in _metrics.Keys.Where(old => old != Best?.Step).ToArray())
            _metrics.Remove(old);
        _metrics[step] = metrics;
        if (!criterion.IsBetter(value, Best?.Value))
        {
            EvaluationsSinceBest++;
            return false;
        }
        (Best, EvaluationsSinceBest) = (new BestEvaluation(step, value), 0);
        return true;
    }

    /// <summary>The figures of the best or the last evaluation, or null where this execution did not make it.</summary>
    /// <param name="step">Steps done.</param>
    public MetricSet? MetricsAt(long step) => _metrics.GetValueOrDefault(step);

    /// <summary>Writes the state into a position.</summary>
    /// <param name="position">The rest of the position.</param>
    public RunPosition PutInto(RunPosition position) =>
        position with { Best = Best, EvaluationsSinceBest = EvaluationsSinceBest, EvaluatedStep = EvaluatedStep };

    /// <summary>Takes up a position.</summary>
    /// <param name="position">Where a run was.</param>
    public void TakeFrom(RunPosition position) =>
        (Best, EvaluationsSinceBest, EvaluatedStep) = (position.Best, position.EvaluationsSinceBest, position.EvaluatedStep);
}
