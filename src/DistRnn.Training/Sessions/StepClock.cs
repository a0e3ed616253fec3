namespace DistRnn.Training;

/// <summary>How long steps and evaluations take: for reports only.</summary>
/// <param name="clock">Where times come from.</param>
internal sealed class StepClock(TimeProvider clock)
{
    private long _stepBegan;
    private long _flushed = clock.GetTimestamp();
    private long _steps;
    private long _tokens;
    private double _stepSeconds;
    private double _evaluationSeconds;

    /// <summary>Time steps of sequences trained on a second; 0 before the first step.</summary>
    public double TokensPerSecond => _stepSeconds > 0 ? _tokens / _stepSeconds : 0;

    /// <summary>A step begins.</summary>
    public void BeginStep() => _stepBegan = clock.GetTimestamp();

    /// <summary>A step is done.</summary>
    /// <param name="tokens">Its time steps of sequences.</param>
    public void EndStep(long tokens)
    {
        _stepSeconds += clock.GetElapsedTime(_stepBegan).TotalSeconds;
        _tokens += tokens;
        _steps++;
    }

    /// <summary>An evaluation is done.</summary>
    /// <param name="seconds">How long it took.</param>
    public void EvaluationTook(double seconds) => _evaluationSeconds = seconds;

    /// <summary>What the rest will take if it goes on like this.</summary>
    /// <param name="steps">Steps to come.</param>
    /// <param name="evaluations">Evaluations to come.</param>
    public double SecondsLeft(long steps, long evaluations) =>
        (_steps == 0 ? 0 : _stepSeconds / _steps * steps) + _evaluationSeconds * Math.Max(0, evaluations);

    /// <summary>Whether a second has passed since this last said yes.</summary>
    public bool IsFlushDue()
    {
        if (clock.GetElapsedTime(_flushed) < TimeSpan.FromSeconds(1))
            return false;
        _flushed = clock.GetTimestamp();
        return true;
    }
}
