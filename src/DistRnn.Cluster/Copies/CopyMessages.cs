using System.Collections.Immutable;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Has a node hold copies; answered by a <see cref="CopyState"/> when it does. The same order may come again.</summary>
/// <param name="Run">The run, or the queue.</param>
/// <param name="Index">The blob of the <see cref="CopyIndex"/>.</param>
/// <param name="Holder">Whose data plane has it and all it names, with its host.</param>
/// <param name="Ledger">The blob of the ledger so far, for a node that holds none of it; empty for one that does.</param>
internal sealed record CopyOrder(string Run, string Index, string Holder, string Ledger) : IWireMessage;

/// <summary>What a node holds of a run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Index">The blob of the index of which it holds everything; empty for none.</param>
/// <param name="Term">The last event of the run's ledger there: its term; 0 for none.</param>
/// <param name="Sequence">Its number in that term.</param>
/// <param name="Refusal">Why it does not do what it was asked for, in a sentence; empty where it does.</param>
internal sealed record CopyState(string Run, string Index, long Term, long Sequence, string Refusal) : IWireMessage
{
    /// <summary>The place of the last event.</summary>
    public (long Term, long Sequence) Last => (Term, Sequence);
}

/// <summary>Events that follow those which a node holds; answered by a <see cref="CopyState"/>.</summary>
/// <param name="Run">The run.</param>
/// <param name="AfterTerm">The event before the first one: its term; 0 for none.</param>
/// <param name="AfterSequence">Its number in that term.</param>
/// <param name="Events">The events, in the order of their places.</param>
internal sealed record LedgerTail(string Run, long AfterTerm, long AfterSequence, ImmutableArray<LedgerEvent> Events) : IWireMessage
{
    /// <summary>The most events of one message, which keeps it below the size of a frame.</summary>
    public const int EventsMax = 128;
}

/// <summary>Asks a node what it holds of a run; answered by a <see cref="CopiesHeld"/>.</summary>
/// <param name="Run">The run, or the queue.</param>
internal sealed record CopiesQuery(string Run) : IWireMessage;

/// <summary>What a node holds of a run, for whoever takes it over.</summary>
/// <param name="Run">The run.</param>
/// <param name="Index">The blob of the index; empty where it holds nothing.</param>
/// <param name="IndexTerm">The index's term.</param>
/// <param name="IndexSequence">The index's sequence.</param>
/// <param name="Ledger">The blob of the ledger; empty for none.</param>
/// <param name="Term">The ledger's last event: its term.</param>
/// <param name="Sequence">Its number in that term.</param>
internal sealed record CopiesHeld(string Run, string Index, long IndexTerm, long IndexSequence, string Ledger, long Term, long Sequence) : IWireMessage;
