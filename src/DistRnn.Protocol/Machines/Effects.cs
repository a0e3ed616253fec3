using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>What a machine wants done. Effects are carried out in the order in which they are returned.</summary>
public abstract record Effect;

/// <summary>Sends a message.</summary>
/// <param name="To">To whom.</param>
/// <param name="Role">To which machine of that node.</param>
/// <param name="Message">The message.</param>
public sealed record SendTo(NodeId To, NodeRoles Role, IMessage Message) : Effect;

/// <summary>Feeds <see cref="TimerFired"/> to the machine later. A timer that is set again under the same name is moved.</summary>
/// <param name="Name">The timer.</param>
/// <param name="Delay">How much later.</param>
public sealed record SetTimer(string Name, TimeSpan Delay) : Effect;

/// <summary>Stops a timer; one that is not running is no error.</summary>
/// <param name="Name">The timer.</param>
public sealed record CancelTimer(string Name) : Effect;

/// <summary>Records a ledger event; written behind.</summary>
/// <param name="Event">The event.</param>
public sealed record RecordEvent(LedgerEvent Event) : Effect;

/// <summary>Copies a partition's content, before anything else is done, and sends the copy to whoever makes the checkpoint.</summary>
/// <param name="To">To whom.</param>
/// <param name="Key">The partition and its owner epoch.</param>
/// <param name="Content">The content; the machine's own memory.</param>
public sealed record SendSnapshot(NodeId To, PartitionKey Key, PartitionContent Content) : Effect;

/// <summary>What a machine answers to an input.</summary>
/// <param name="Effects">What is to be done, in order.</param>
/// <param name="Reason">Why, in words.</param>
public readonly record struct Outcome(ImmutableArray<Effect> Effects, string Reason);

/// <summary>Something that happens to a machine.</summary>
public abstract record Input;

/// <summary>A message has come.</summary>
/// <param name="From">From whom.</param>
/// <param name="Message">The message.</param>
public sealed record Received(NodeId From, IMessage Message) : Input;

/// <summary>A timer's time has come.</summary>
/// <param name="Name">The timer.</param>
public sealed record TimerFired(string Name) : Input;

/// <summary>What the cluster says of a node.</summary>
public enum MemberStatus
{
    /// <summary>It takes part.</summary>
    Up,

    /// <summary>It does not answer, or its connections broke; it may come back.</summary>
    Unreachable,

    /// <summary>It is about to go and hands over first.</summary>
    Leaving,

    /// <summary>It is gone for good: the majority decided so, and it will never act under this identity again.</summary>
    Removed,
}

/// <summary>The cluster says something of a node.</summary>
/// <param name="Node">The node.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Status">What is said.</param>
public sealed record MemberChanged(NodeId Node, NodeRoles Roles, MemberStatus Status) : Input;
