using DistRnn.Protocol;
using static DistRnn.Cluster.WireParts;

namespace DistRnn.Cluster;

/// <summary>Messages from a parameter server, on the wire.</summary>
internal static class ParameterServerWire
{
    public static MessageEntry[] Entries { get; } =
    [
        MessageEntry.Of<PromiseReply, Wire.PromiseReply>("promise-reply-1", Wire.PromiseReply.Parser, Of, ReplyOf),
        MessageEntry.Of<CommandRefused, Wire.CommandRefused>("command-refused-1", Wire.CommandRefused.Parser,
            message => new() { Run = WireParts.Of(message.Run), Term = message.Term, HighestTerm = message.HighestTerm },
            wire => new(RunOf(wire.Run), TermOf(wire.Term), TermOf(wire.HighestTerm))),
        MessageEntry.Of<PartitionHeld, Wire.PartitionHeld>("partition-held-1", Wire.PartitionHeld.Parser,
            message => new() { Key = WireParts.Of(message.Key), Version = message.Version, Replicas = { message.Replicas.Select(WireParts.Of) }, Term = message.Term, Number = message.Number },
            wire => new(KeyOf(wire.Key), Version(wire.Version), NodesOf(wire.Replicas), TermOf(wire.Term), NotNegative(wire.Number))),
        MessageEntry.Of<PromotionReply, Wire.PromotionReply>("promotion-reply-1", Wire.PromotionReply.Parser,
            message => new() { Key = WireParts.Of(message.Key), IsDone = message.IsDone, Version = message.Version, HoldsRoot = message.HoldsRoot, Reason = message.Reason },
            wire => new(KeyOf(wire.Key), wire.IsDone, Version(wire.Version), wire.HoldsRoot, wire.Reason)),
        MessageEntry.Of<GradientReport, Wire.GradientReport>("gradient-report-1", Wire.GradientReport.Parser, Of, ReportOf),
        MessageEntry.Of<StepApplied, Wire.StepApplied>("step-applied-1", Wire.StepApplied.Parser,
            message => new() { Key = WireParts.Of(message.Key), Step = message.Step },
            wire => new(KeyOf(wire.Key), NotNegative(wire.Step))),
        MessageEntry.Of<SnapshotTaken, Wire.SnapshotTaken>("snapshot-taken-1", Wire.SnapshotTaken.Parser,
            message => new() { Key = WireParts.Of(message.Key), Version = message.Version },
            wire => new(KeyOf(wire.Key), NotNegative(wire.Version))),
        MessageEntry.Of<DuplicateReport, Wire.DuplicateReport>("duplicate-report-1", Wire.DuplicateReport.Parser,
            message => new() { Key = WireParts.Of(message.Key), Step = message.Step, Node = WireParts.Of(message.Node), First = WireParts.Of(message.First), Second = WireParts.Of(message.Second) },
            wire => new(KeyOf(wire.Key), NotNegative(wire.Step), TreeNodeOf(wire.Node), EnteredOf(wire.First), EnteredOf(wire.Second))),
        MessageEntry.Of<ReplicaState, Wire.ReplicaState>("replica-state-1", Wire.ReplicaState.Parser,
            message => new() { Key = WireParts.Of(message.Key), Version = message.Version, RootStep = message.RootStep },
            wire => new(KeyOf(wire.Key), Version(wire.Version), Version(wire.RootStep))),
        MessageEntry.Of<ReplicaDecision, Wire.ReplicaDecision>("replica-decision-1", Wire.ReplicaDecision.Parser,
            message => new() { Key = WireParts.Of(message.Key), Decision = WireParts.Of(message.Decision) },
            wire => new(KeyOf(wire.Key), DecisionOf(wire.Decision))),
        MessageEntry.Of<ParameterRefused, Wire.ParameterRefused>("parameter-refused-1", Wire.ParameterRefused.Parser,
            message => new() { Key = WireParts.Of(message.Key), Version = message.Version, Refusal = (int)message.Refusal, Reason = message.Reason },
            wire => new(KeyOf(wire.Key), Version(wire.Version), RefusalOf(wire.Refusal), wire.Reason)),
        MessageEntry.Of<PushReply, Wire.PushReply>("push-reply-1", Wire.PushReply.Parser,
            message => new() { Key = WireParts.Of(message.Key), Step = message.Step, Node = WireParts.Of(message.Node), Attempt = message.Attempt, Refusal = (int)message.Refusal, Reason = message.Reason },
            wire => new(KeyOf(wire.Key), NotNegative(wire.Step), TreeNodeOf(wire.Node), wire.Attempt, RefusalOf(wire.Refusal), wire.Reason)),
    ];

    public static Wire.GradientReport Of(GradientReport message)
    {
        var wire = new Wire.GradientReport { Key = WireParts.Of(message.Key), Step = message.Step, Sums = WireParts.Of(message.Sums) };
        wire.Norms.AddRange(message.Norms.Select(WireParts.Of));
        wire.Entered.AddRange(message.Entered.Select(WireParts.Of));
        return wire;
    }

    public static GradientReport ReportOf(Wire.GradientReport? wire) =>
        new(KeyOf(Needed(wire).Key), NotNegative(wire!.Step), SumsOf(wire.Sums), [.. wire.Norms.Select(BlockSumOf)], [.. wire.Entered.Select(EnteredOf)]);

    private static Wire.PromiseReply Of(PromiseReply message)
    {
        var wire = new Wire.PromiseReply { Run = WireParts.Of(message.Run), Term = message.Term, IsGiven = message.IsGiven, HighestTerm = message.HighestTerm };
        wire.Holdings.AddRange(message.Holdings.Select(WireParts.Of));
        return wire;
    }

    private static PromiseReply ReplyOf(Wire.PromiseReply wire) =>
        new(RunOf(wire.Run), TermOf(wire.Term), wire.IsGiven, TermOf(wire.HighestTerm), [.. wire.Holdings.Select(HoldingOf)]);

    private static Refusal RefusalOf(int value) => Enum.IsDefined((Refusal)value) ? (Refusal)value : throw new WireException($"{value} is no refusal of this version.");
}
