using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>Progress of a run that several processes carried out after one another, as if it were one's: what was read and begun again is not told again.</summary>
/// <param name="progress">Who watches.</param>
internal sealed class OnceStarted(ITrainingProgress progress) : ITrainingProgress
{
    private bool _isStarted;
    private long _checkpoint;

    /// <summary>Whether training has begun.</summary>
    public bool IsStarted => _isStarted;

    /// <summary>The newest checkpoint that was written.</summary>
    public long Checkpoint => _checkpoint;

    public void Loading(LoadingReport report)
    {
        if (!_isStarted)
            progress.Loading(report);
    }

    public void Started(RunOutline outline)
    {
        if (!_isStarted)
            progress.Started(outline);
        _isStarted = true;
    }

    public void StepDone(in StepReport report) => progress.StepDone(report);

    public void Evaluating(string part, int shard, int shards) => progress.Evaluating(part, shard, shards);

    public void Evaluated(EvaluationReport report) => progress.Evaluated(report);

    public void CheckpointWritten(long step)
    {
        _checkpoint = Math.Max(_checkpoint, step);
        progress.CheckpointWritten(step);
    }

    public void Note(string sentence) => progress.Note(sentence);
}
