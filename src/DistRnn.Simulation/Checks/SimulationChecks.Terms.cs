using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>Promises: a parameter server that promised a term refuses commands of lower ones.</summary>
internal sealed partial class SimulationChecks
{
    private readonly Dictionary<NodeId, long> _promised = [];

    /// <summary>Looks at what a parameter server answers to a command.</summary>
    public void LookAtCommand(NodeId server, Input input, Outcome outcome)
    {
        foreach (var effect in outcome.Effects)
            if (effect is SendTo { Message: PromiseReply { IsGiven: true } reply })
                _promised[server] = Math.Max(reply.Term, _promised.GetValueOrDefault(server));
        if (input is not Received { From: var from, Message: var message } || TermOf(message) is not { } term || term >= _promised.GetValueOrDefault(server))
            return;
        if (!outcome.Effects.Any(effect => effect is SendTo { Message: CommandRefused }))
            Fail("terms", $"{server} promised term {_promised[server]} and obeyed {message.GetType().Name} of term {term} from {from}.");
    }

    private static long? TermOf(IMessage message) => message switch
    {
        PartitionAssignment assignment => assignment.Term,
        ReplicaAssignment assignment => assignment.Term,
        Promotion promotion => promotion.Term,
        StepDecision decision => decision.Term,
        CommitNotice notice => notice.Term,
        PositionNotice notice => notice.Term,
        SnapshotRequest request => request.Term,
        _ => null,
    };
}
