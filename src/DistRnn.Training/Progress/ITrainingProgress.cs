namespace DistRnn.Training;

/// <summary>
/// Who watches a run: the command line draws it, tests count it. All calls come from the thread that trains, in order; what an observer does here
/// costs training time, and nothing of it can reach a parameter.
/// </summary>
public interface ITrainingProgress
{
    /// <summary>Data is being read; comes several times.</summary>
    /// <param name="report">What is being read and how far it is.</param>
    void Loading(LoadingReport report);

    /// <summary>Everything is loaded and checked; the first step follows.</summary>
    /// <param name="outline">What the run is made of.</param>
    void Started(RunOutline outline);

    /// <summary>A step is done.</summary>
    /// <param name="report">Its figures.</param>
    void StepDone(in StepReport report);

    /// <summary>A part is being evaluated; comes once a shard.</summary>
    /// <param name="part">The part's name: <c>valid</c> or <c>test</c>.</param>
    /// <param name="shard">Shards done.</param>
    /// <param name="shards">Shards in all.</param>
    void Evaluating(string part, int shard, int shards);

    /// <summary>A part has been evaluated.</summary>
    /// <param name="report">Its figures.</param>
    void Evaluated(EvaluationReport report);

    /// <summary>A checkpoint stands on the disk.</summary>
    /// <param name="step">The step it holds.</param>
    void CheckpointWritten(long step);

    /// <summary>Something the user should know, such as a damaged checkpoint that was passed over.</summary>
    /// <param name="sentence">One or more full sentences.</param>
    void Note(string sentence);
}

/// <summary>How far reading the data is.</summary>
/// <param name="What">The file or the work, in words.</param>
/// <param name="Done">Bytes or items done.</param>
/// <param name="Total">Bytes or items in all; 0 where unknown.</param>
public sealed record LoadingReport(string What, long Done, long Total);

/// <summary>The figures of one optimiser step.</summary>
/// <param name="Step">Steps done, this one included.</param>
/// <param name="Steps">Steps the job asks for.</param>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Epochs">Epochs the job asks for; where it asks for steps, those they reach into.</param>
/// <param name="Loss">The step's mean loss a target.</param>
/// <param name="LearningRate">The learning rate used.</param>
/// <param name="GradientNorm">The norm of the divided gradient before clipping.</param>
/// <param name="TokensPerSecond">Time steps of sequences trained on a second, over this execution so far.</param>
/// <param name="SecondsLeft">An estimate of the seconds that all remaining steps and evaluations take.</param>
/// <param name="Applied">Whether the parameters were updated; false where a non-finite gradient was passed over.</param>
public readonly record struct StepReport(
    long Step, long Steps, int Epoch, int Epochs, double Loss, double LearningRate, double GradientNorm, double TokensPerSecond, double SecondsLeft, bool Applied);

/// <summary>The figures of an evaluation.</summary>
/// <param name="Step">Steps done when it was made.</param>
/// <param name="Part">The part's name: <c>valid</c> or <c>test</c>.</param>
/// <param name="Metrics">The figures.</param>
/// <param name="IsBest">Whether it is the best so far by the job's criterion.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record EvaluationReport(long Step, string Part, MetricSet Metrics, bool IsBest, double Seconds);

/// <summary>An observer that looks away.</summary>
public sealed class SilentProgress : ITrainingProgress
{
    private SilentProgress()
    {
    }

    /// <summary>The only one.</summary>
    public static SilentProgress Instance { get; } = new();

    /// <inheritdoc/>
    public void Loading(LoadingReport report)
    {
    }

    /// <inheritdoc/>
    public void Started(RunOutline outline)
    {
    }

    /// <inheritdoc/>
    public void StepDone(in StepReport report)
    {
    }

    /// <inheritdoc/>
    public void Evaluating(string part, int shard, int shards)
    {
    }

    /// <inheritdoc/>
    public void Evaluated(EvaluationReport report)
    {
    }

    /// <inheritdoc/>
    public void CheckpointWritten(long step)
    {
    }

    /// <inheritdoc/>
    public void Note(string sentence)
    {
    }
}
