using System.Collections.Immutable;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Runtime;

/// <summary>A job's course as coordinators ask for it: the trainer's own decisions, with positions as the bytes that checkpoints hold.</summary>
internal sealed class JobCourse(RunCourse course, int evaluationPieces) : ITrainingCourse
{
    /// <inheritdoc/>
    public int EvaluationPieces => evaluationPieces;

    /// <inheritdoc/>
    public CourseView View(ReadOnlyMemory<byte> position)
    {
        var at = RunPosition.FromJson(position);
        return new CourseView(
            AddressOf(course.NextOf(at)), course.IsEvaluationDue(at), course.IsCheckpointDue(at), course.IsLastStep(at) || course.IsPatienceOver(at), course.ReasonOfEnd(at) ?? "");
    }

    /// <inheritdoc/>
    public StepSettlement Settle(ReadOnlyMemory<byte> position, NodeSums sums, double squaredNorm)
    {
        var before = RunPosition.FromJson(position);
        return SettlementOf(before, course.Settle(before, SumsOf(sums), squaredNorm));
    }

    /// <inheritdoc/>
    public EvaluationSettlement Evaluate(ReadOnlyMemory<byte> position, ImmutableArray<ReadOnlyMemory<byte>> pieces)
    {
        var metrics = MetricsOf(pieces);
        var before = RunPosition.FromJson(position);
        var (after, value, isBest) = course.Evaluated(before, metrics);
        return new EvaluationSettlement(after.ToJson(), course.Metric, value, isBest, course.IsPatienceOver(after));
    }

    /// <inheritdoc/>
    public (StepAddress Address, double LearningRate, bool IsBehindBarrier) Ahead(ReadOnlyMemory<byte> position, int ahead)
    {
        var (step, rate, isBehind) = course.Ahead(RunPosition.FromJson(position), ahead);
        return (AddressOf(step), rate, isBehind);
    }

    /// <inheritdoc/>
    public StepSettlement SettleApplied(ReadOnlyMemory<byte> position, NodeSums sums, int passedOver)
    {
        var before = RunPosition.FromJson(position);
        return SettlementOf(before, course.SettleApplied(before, SumsOf(sums), passedOver));
    }

    /// <summary>The figures that pieces of an evaluation come to.</summary>
    /// <param name="pieces">All pieces, in order.</param>
    /// <exception cref="InvalidOperationException">They do not belong together.</exception>
    internal static MetricSet MetricsOf(ImmutableArray<ReadOnlyMemory<byte>> pieces)
    {
        var read = new List<EvaluationPiece>();
        foreach (var bytes in pieces)
        {
            if (!EvaluationPiece.TryRead(bytes.Span, out var piece, out var reason))
                throw new InvalidOperationException(reason);
            read.Add(piece);
        }
        return EvaluationFigures.TryMerge(read, out var metrics, out var why) ? metrics : throw new InvalidOperationException(why);
    }

    internal static StepSums SumsOf(NodeSums sums) => new(sums.Loss, sums.Targets, sums.Sequences, sums.Correct, sums.Tokens);

    internal static NodeSums SumsOf(StepSums sums) => new(sums.Loss, sums.Targets, sums.Sequences, sums.Correct, sums.Tokens);

    private static StepAddress AddressOf(StepPosition step) => new(step.Epoch, step.StepInEpoch, step.Step);

    private StepSettlement SettlementOf(RunPosition before, StepResult result)
    {
        var verdict = result.Outcome switch
        {
            StepOutcome.Applied => StepVerdict.Applied,
            StepOutcome.PassedOver => StepVerdict.PassedOver,
            _ => StepVerdict.Stopped,
        };
        var reason = verdict switch
        {
            StepVerdict.Applied => "",
            StepVerdict.Stopped => RunCourse.ReasonOfStop(before.Step, result.Loss, result.LearningRate),
            _ => FormattableString.Invariant($"The gradient of step {before.Step + 1} is not finite; cluster.non-finite says that the step is passed over."),
        };
        return new StepSettlement(
            verdict, result.Factor, result.LearningRate, course.IsEpochDone(result.Next), result.Next.ToJson(), result.Norm, result.Loss, reason);
    }
}
