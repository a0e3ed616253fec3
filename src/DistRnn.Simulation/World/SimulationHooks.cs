using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>A line of a simulation's log.</summary>
/// <param name="At">Virtual time.</param>
/// <param name="Node">The node; empty for the whole cluster.</param>
/// <param name="What">What happened.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record LogLine(TimeSpan At, string Node, string What, string Reason);

/// <summary>What may be changed about a simulation from outside: machines that are wrapped, to see whether a broken one is noticed, and a reader of the log.</summary>
internal sealed record SimulationHooks
{
    /// <summary>Nothing changed.</summary>
    public static SimulationHooks None { get; } = new();

    /// <summary>Puts something around a machine's entry point.</summary>
    public Func<NodeRoles, NodeId, MachineHandler, MachineHandler> Wrap { get; init; } = (_, _, handler) => handler;

    /// <summary>Reads the log, or null.</summary>
    public Action<LogLine>? Log { get; init; }
}
