using DistRnn.Protocol;

namespace DistRnn.Simulation.Tests;

/// <summary>A parameter server obeys every coordinator, whatever its term, and answers the one that commanded last.</summary>
internal sealed class StaleTermAccepted : Mutant
{
    protected override MachineHandler Wrap(NodeRoles role, NodeId node, MachineHandler handler)
    {
        if (role != NodeRoles.ParameterServer)
            return handler;
        var highest = 0L;
        return (input, now) => handler(input is Received received ? received with { Message = Newest(received.Message, ref highest) } : input, now);
    }

    private static IMessage Newest(IMessage message, ref long highest) => message switch
    {
        PromiseRequest request => request with { Term = Note(request.Term, ref highest) },
        StepDecision decision => decision with { Term = Raise(decision.Term, ref highest) },
        CommitNotice notice => notice with { Term = Raise(notice.Term, ref highest) },
        ReplicaAssignment assignment => assignment with { Term = Raise(assignment.Term, ref highest) },
        PartitionAssignment assignment => assignment with { Term = Raise(assignment.Term, ref highest) },
        Promotion promotion => promotion with { Term = Raise(promotion.Term, ref highest) },
        SnapshotRequest request => request with { Term = Raise(request.Term, ref highest) },
        _ => message,
    };

    private static long Note(long term, ref long highest)
    {
        highest = Math.Max(highest, term);
        return term;
    }

    private static long Raise(long term, ref long highest) => highest = Math.Max(highest + 1, term);
}
