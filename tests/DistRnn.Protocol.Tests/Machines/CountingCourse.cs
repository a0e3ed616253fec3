using System.Collections.Immutable;

namespace DistRnn.Protocol.Tests;

/// <summary>A course without an end, whose position is the number of steps done, and a byte more once the version is evaluated.</summary>
/// <param name="savesEachStep">Whether there is a checkpoint before every step; none otherwise.</param>
/// <param name="pieces">Pieces of the evaluation before every step; 0 for none.</param>
internal sealed class CountingCourse(bool savesEachStep = false, int pieces = 0) : ITrainingCourse
{
    public int EvaluationPieces => pieces;

    public CourseView View(ReadOnlyMemory<byte> position) => new(AddressOf(position, 0), pieces > 0 && position.Length == sizeof(long), savesEachStep, false, "");

    public StepSettlement Settle(ReadOnlyMemory<byte> position, NodeSums sums, double squaredNorm) =>
        new(StepVerdict.Applied, 0.5f, 0.1, false, BitConverter.GetBytes(StepOf(position) + 1), 1, sums.Loss, "");

    public EvaluationSettlement Evaluate(ReadOnlyMemory<byte> position, ImmutableArray<ReadOnlyMemory<byte>> pieces) => new((byte[])[.. position.Span, 1], "loss", 0, false, false);

    public (StepAddress Address, double LearningRate, bool IsBehindBarrier) Ahead(ReadOnlyMemory<byte> position, int ahead) => (AddressOf(position, ahead), 0.1, false);

    public StepSettlement SettleApplied(ReadOnlyMemory<byte> position, NodeSums sums, int passedOver) => Settle(position, sums, 0);

    private static long StepOf(ReadOnlyMemory<byte> position) => position.IsEmpty ? 5 : BitConverter.ToInt64(position.Span);

    private static StepAddress AddressOf(ReadOnlyMemory<byte> position, int ahead) => new(0, StepOf(position) + ahead, StepOf(position) + ahead);
}
