namespace DistRnn.Protocol;

/// <summary>
/// Where an event stands in a run's ledger. Term and sequence are its name: an event that is written twice is written once. In the order of these two the
/// ledger is the history of the run as its coordinators saw it.
/// </summary>
/// <param name="Term">The term of the coordinator that records it, at least 1.</param>
/// <param name="Sequence">Its number among the events of that term, from 1.</param>
/// <param name="Incarnation">How often the run had been rolled back or resumed when it happened, from 0.</param>
/// <param name="Step">The step it belongs to, from 0: step s makes version s + 1 from version s. For events of a whole version, that version.</param>
public readonly record struct LedgerPlace(long Term, long Sequence, int Incarnation, long Step);

/// <summary>
/// Something that was decided or became so: the closed set of what a run's ledger can say. Events are facts; nothing is ever changed or taken back, and what a
/// rollback supersedes stays, under its older incarnation.
/// </summary>
public abstract record LedgerEvent
{
    private protected LedgerEvent()
    {
    }

    /// <summary>Its place. Whoever records the event sets it, so that one counter numbers them all.</summary>
    public LedgerPlace At { get; init; }
}
