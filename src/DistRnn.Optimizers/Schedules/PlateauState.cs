namespace DistRnn.Optimizers;

/// <summary>What a plateau schedule has seen of the validation results: part of a checkpoint. It does nothing under other schedules.</summary>
/// <param name="Best">The best criterion so far; null before the first result.</param>
/// <param name="Waited">Results since then, or since the last reduction, that were no better.</param>
/// <param name="Reductions">How often the rate was reduced.</param>
public sealed record PlateauState(double? Best, int Waited, int Reductions)
{
    /// <summary>Before the first result.</summary>
    public static PlateauState Initial { get; } = new(null, 0, 0);
}
