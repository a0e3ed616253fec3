using System.Collections.Immutable;
using DistRnn.Protocol;

namespace DistRnn.Simulation.Tests;

/// <summary>A partition makes its update as soon as its gradient is whole, with a factor of its own, and does not wait for a decision.</summary>
internal sealed class CommitsAlone : Mutant
{
    protected override MachineHandler Wrap(NodeRoles role, NodeId node, MachineHandler handler) => role != NodeRoles.ParameterServer
        ? handler
        : (input, now) =>
        {
            var outcome = handler(input, now);
            var report = outcome.Effects.OfType<SendTo>().FirstOrDefault(send => send.Message is GradientReport);
            if (report?.Message is not GradientReport { Sums.Sequences: > 0 } whole)
                return outcome;
            // A copy that follows an owner is given what its owner has; so is a partition here.
            var alone = new StepDecision(whole.Run, long.MaxValue / 2, whole.Step, true, 1f / whole.Sums.Sequences, 0.01, false, default);
            var after = handler(new Received(report.To, alone), now);
            return outcome with { Effects = outcome.Effects.AddRange(after.Effects) };
        };
}
