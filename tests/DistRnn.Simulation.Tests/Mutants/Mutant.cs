using DistRnn.Protocol;

namespace DistRnn.Simulation.Tests;

/// <summary>A protocol that is broken on purpose: something around the entry points of its machines. The simulator has to notice it.</summary>
internal abstract class Mutant
{
    public SimulationHooks Hooks => new() { Wrap = Wrap };

    protected abstract MachineHandler Wrap(NodeRoles role, NodeId node, MachineHandler handler);

    protected static Outcome With(Outcome outcome, Func<Effect, Effect> change) => outcome with { Effects = [.. outcome.Effects.Select(change)] };
}
