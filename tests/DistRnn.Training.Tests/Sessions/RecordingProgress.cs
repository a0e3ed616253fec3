namespace DistRnn.Training.Tests;

/// <summary>Remembers what a run reported, and acts when a step is done.</summary>
internal sealed class RecordingProgress(Action<StepReport>? onStep = null) : ITrainingProgress
{
    public List<StepReport> Steps { get; } = [];

    public List<EvaluationReport> Evaluations { get; } = [];

    public List<string> Notes { get; } = [];

    public List<long> Checkpoints { get; } = [];

    public RunOutline? Outline { get; private set; }

    public void Loading(LoadingReport report)
    {
    }

    public void Started(RunOutline outline) => Outline = outline;

    public void StepDone(in StepReport report)
    {
        Steps.Add(report);
        onStep?.Invoke(report);
    }

    public void Evaluating(string part, int shard, int shards)
    {
    }

    public void Evaluated(EvaluationReport report) => Evaluations.Add(report);

    public void CheckpointWritten(long step) => Checkpoints.Add(step);

    public void Note(string sentence) => Notes.Add(sentence);
}
