using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>What a run's position asks for next.</summary>
/// <param name="Next">The next step; its number is the version of the parameters.</param>
/// <param name="IsEvaluationDue">Whether the parameters are to be evaluated before it.</param>
/// <param name="IsCheckpointDue">Whether they are to be saved before it; known once an evaluation that is due has been made.</param>
/// <param name="IsOver">Whether there is no next step.</param>
/// <param name="Reason">Why it is over, in words.</param>
public readonly record struct CourseView(StepAddress Next, bool IsEvaluationDue, bool IsCheckpointDue, bool IsOver, string Reason);

/// <summary>What becomes of a step.</summary>
public enum StepVerdict
{
    /// <summary>The parameters move.</summary>
    Applied,

    /// <summary>The gradient is not finite, and the step changes nothing.</summary>
    PassedOver,

    /// <summary>The gradient is not finite, and the run stops before the step.</summary>
    Stopped,
}

/// <summary>The decision of a step: a pure function of the position, the sums and the norm.</summary>
/// <param name="Verdict">What becomes of it.</param>
/// <param name="Factor">What each element of the gradient is multiplied by.</param>
/// <param name="LearningRate">The rate.</param>
/// <param name="BeginsEpochNext">Whether the next step begins an epoch.</param>
/// <param name="Position">The position after the step; the one before it where the run stops.</param>
/// <param name="Norm">The gradient's norm after division and before clipping.</param>
/// <param name="Loss">The mean loss a target.</param>
/// <param name="Reason">In words, where it is not applied.</param>
public sealed record StepSettlement(StepVerdict Verdict, float Factor, double LearningRate, bool BeginsEpochNext, ReadOnlyMemory<byte> Position, double Norm, double Loss, string Reason);

/// <summary>What an evaluation came to.</summary>
/// <param name="Position">The position with it.</param>
/// <param name="Metric">The criterion's name.</param>
/// <param name="Value">The criterion.</param>
/// <param name="IsBest">Whether it is the best so far.</param>
/// <param name="EndsRun">Whether the run ends here, its patience being over.</param>
public sealed record EvaluationSettlement(ReadOnlyMemory<byte> Position, string Metric, double Value, bool IsBest, bool EndsRun);

/// <summary>
/// How a run goes on from a position: schedules, counts, evaluations, the best, patience. Every method is a pure function, so that every coordinator, and a
/// trainer in one process, decides the same. Positions are bytes that only the course reads.
/// </summary>
public interface ITrainingCourse
{
    /// <summary>Pieces that an evaluation is cut into, whoever computes them; 0 where there is nothing to evaluate.</summary>
    int EvaluationPieces { get; }

    /// <summary>What a position asks for.</summary>
    /// <param name="position">The position.</param>
    CourseView View(ReadOnlyMemory<byte> position);

    /// <summary>Decides a step.</summary>
    /// <param name="position">The position before it.</param>
    /// <param name="sums">The sums over all shards.</param>
    /// <param name="squaredNorm">The gradient's squared norm.</param>
    StepSettlement Settle(ReadOnlyMemory<byte> position, NodeSums sums, double squaredNorm);

    /// <summary>Takes an evaluation.</summary>
    /// <param name="position">The position whose parameters were evaluated.</param>
    /// <param name="pieces">The figures of all pieces, in order.</param>
    EvaluationSettlement Evaluate(ReadOnlyMemory<byte> position, ImmutableArray<ReadOnlyMemory<byte>> pieces);

    /// <summary>Under policies that apply shards one by one: a later step than the position's next one, and its rate.</summary>
    /// <param name="position">The position.</param>
    /// <param name="ahead">How many steps later, from 0.</param>
    /// <returns>The step, its rate, and whether an evaluation, a checkpoint or the end must come before it.</returns>
    (StepAddress Address, double LearningRate, bool IsBehindBarrier) Ahead(ReadOnlyMemory<byte> position, int ahead);

    /// <summary>Under those policies: the position after a step all of whose shards have been applied.</summary>
    /// <param name="position">The position before it.</param>
    /// <param name="sums">The sums over all shards.</param>
    /// <param name="passedOver">Shards whose gradient was not finite.</param>
    StepSettlement SettleApplied(ReadOnlyMemory<byte> position, NodeSums sums, int passedOver);
}
