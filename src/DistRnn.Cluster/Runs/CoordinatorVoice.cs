using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>Says what a coordinator's process has to say, in lines. Thread-safe; it is the observer of the run that is carried out there.</summary>
/// <param name="output">Where the lines go.</param>
internal sealed class CoordinatorVoice(TextWriter output) : ITrainingProgress
{
    private readonly Lock _lock = new();

    /// <summary>Says something.</summary>
    /// <param name="saying">What.</param>
    public void Say(CoordinatorSaying saying)
    {
        var line = saying.ToLine();
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    /// <summary>Says why the run cannot go on.</summary>
    /// <param name="exception">What happened.</param>
    public void Fail(Exception exception) =>
        Say(new CoordinatorSaying { Kind = SayingKind.Failed, IsInput = exception is InvalidInputException, Text = exception.Message });

    public void Loading(LoadingReport report) => Say(new CoordinatorSaying { Kind = SayingKind.Loading, Loading = report });

    public void Started(RunOutline outline) => Say(new CoordinatorSaying { Kind = SayingKind.Started, Outline = outline });

    public void StepDone(in StepReport report) => Say(new CoordinatorSaying { Kind = SayingKind.Step, Step = report });

    public void Evaluating(string part, int shard, int shards) => Say(new CoordinatorSaying { Kind = SayingKind.Evaluating, Text = part, Number = shard, Of = shards });

    public void Evaluated(EvaluationReport report) => Say(new CoordinatorSaying { Kind = SayingKind.Evaluated, Evaluation = report });

    public void CheckpointWritten(long step) => Say(new CoordinatorSaying { Kind = SayingKind.Checkpoint, Number = step });

    public void Note(string sentence) => Say(new CoordinatorSaying { Kind = SayingKind.Note, Text = sentence });
}
