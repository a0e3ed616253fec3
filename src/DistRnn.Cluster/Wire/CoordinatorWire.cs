using DistRnn.Protocol;
using static DistRnn.Cluster.WireParts;

namespace DistRnn.Cluster;

/// <summary>Messages from a coordinator, on the wire.</summary>
internal static class CoordinatorWire
{
    public static MessageEntry[] Entries { get; } =
    [
        MessageEntry.Of<PromiseRequest, Wire.PromiseRequest>("promise-request-1", Wire.PromiseRequest.Parser,
            message => new() { Run = Of(message.Run), Term = message.Term },
            wire => new(RunOf(wire.Run), TermOf(wire.Term))),
        MessageEntry.Of<PartitionAssignment, Wire.PartitionAssignment>("partition-assignment-1", Wire.PartitionAssignment.Parser, Of, AssignmentOf),
        MessageEntry.Of<ReplicaAssignment, Wire.ReplicaAssignment>("replica-assignment-1", Wire.ReplicaAssignment.Parser,
            message => new() { Key = WireParts.Of(message.Key), Term = message.Term, Replicas = { message.Replicas.Select(WireParts.Of) }, Number = message.Number },
            wire => new(KeyOf(wire.Key), TermOf(wire.Term), NodesOf(wire.Replicas), NotNegative(wire.Number))),
        MessageEntry.Of<Promotion, Wire.Promotion>("promotion-1", Wire.Promotion.Parser,
            message => new() { Key = WireParts.Of(message.Key), Term = message.Term, VersionMin = message.VersionMin },
            wire => new(KeyOf(wire.Key), TermOf(wire.Term), Version(wire.VersionMin))),
        MessageEntry.Of<StepDecision, Wire.StepDecision>("step-decision-1", Wire.StepDecision.Parser,
            message => new() { Decision = WireParts.Of(message) },
            wire => DecisionOf(wire.Decision)),
        MessageEntry.Of<CommitNotice, Wire.CommitNotice>("commit-notice-1", Wire.CommitNotice.Parser,
            message => new() { Run = Of(message.Run), Term = message.Term, Step = message.Step },
            wire => new(RunOf(wire.Run), TermOf(wire.Term), NotNegative(wire.Step))),
        MessageEntry.Of<SnapshotRequest, Wire.SnapshotRequest>("snapshot-request-1", Wire.SnapshotRequest.Parser,
            message => new() { Key = WireParts.Of(message.Key), Term = message.Term, Version = message.Version },
            wire => new(KeyOf(wire.Key), TermOf(wire.Term), NotNegative(wire.Version))),
        MessageEntry.Of<RunOffer, Wire.RunOffer>("run-offer-1", Wire.RunOffer.Parser,
            message => new() { Run = Of(message.Run), Term = message.Term, Description = WireParts.Of(message.Description) },
            wire => new(RunOf(wire.Run), TermOf(wire.Term), wire.Description.Memory)),
        MessageEntry.Of<Lease, Wire.Lease>("lease-1", Wire.Lease.Parser, Of, LeaseOf),
        MessageEntry.Of<LeaseRevoked, Wire.LeaseRevoked>("lease-revoked-1", Wire.LeaseRevoked.Parser,
            message => new() { Run = Of(message.Run), Attempt = message.Attempt, Reason = message.Reason },
            wire => new(RunOf(wire.Run), wire.Attempt, wire.Reason)),
        MessageEntry.Of<EvaluationLease, Wire.EvaluationLease>("evaluation-lease-1", Wire.EvaluationLease.Parser, Of, EvaluationLeaseOf),
        MessageEntry.Of<RunOver, Wire.RunOver>("run-over-1", Wire.RunOver.Parser,
            message => new() { Run = Of(message.Run), Term = message.Term, Reason = message.Reason },
            wire => new(RunOf(wire.Run), TermOf(wire.Term), wire.Reason)),
        MessageEntry.Of<PositionNotice, Wire.PositionNotice>("position-notice-1", Wire.PositionNotice.Parser,
            message => new() { Run = Of(message.Run), Term = message.Term, Step = message.Step, Position = WireParts.Of(message.Position) },
            wire => new(RunOf(wire.Run), TermOf(wire.Term), NotNegative(wire.Step), wire.Position.Memory)),
    ];

    public static Wire.PartitionAssignment Of(PartitionAssignment message) => new()
    {
        Key = WireParts.Of(message.Key),
        Term = message.Term,
        Spec = WireSpec.Of(message.Spec),
        Version = message.Version,
        Replicas = { message.Replicas.Select(WireParts.Of) },
        Description = WireParts.Of(message.Description),
    };

    public static PartitionAssignment AssignmentOf(Wire.PartitionAssignment? wire)
    {
        var (key, spec) = (KeyOf(Needed(wire).Key), WireSpec.SpecOf(wire!.Spec));
        Below(key.Index, spec.Partitions);
        return new(key, TermOf(wire.Term), spec, NotNegative(wire.Version), NodesOf(wire.Replicas), wire.Description.Memory);
    }

    private static Wire.Lease Of(Lease message)
    {
        var wire = new Wire.Lease { Run = Of(message.Run), Term = message.Term, Address = WireParts.Of(message.Address), Node = WireParts.Of(message.Node), Attempt = message.Attempt };
        if (message.LearningRate is { } rate)
            wire.LearningRate = rate;
        wire.Owners.AddRange(WireParts.Of(message.Owners));
        return wire;
    }

    private static Lease LeaseOf(Wire.Lease wire) => new(
        RunOf(wire.Run), TermOf(wire.Term), AddressOf(wire.Address), TreeNodeOf(wire.Node), wire.Attempt, OwnersOf(wire.Owners), wire.HasLearningRate ? wire.LearningRate : null);

    private static Wire.EvaluationLease Of(EvaluationLease message)
    {
        var wire = new Wire.EvaluationLease { Run = Of(message.Run), Term = message.Term, Version = message.Version, Piece = message.Piece, Pieces = message.Pieces, Attempt = message.Attempt };
        wire.Owners.AddRange(WireParts.Of(message.Owners));
        return wire;
    }

    private static EvaluationLease EvaluationLeaseOf(Wire.EvaluationLease wire) => new(
        RunOf(wire.Run), TermOf(wire.Term), NotNegative(wire.Version), Below(wire.Piece, wire.Pieces), wire.Pieces, wire.Attempt, OwnersOf(wire.Owners));

    private static Wire.RunLife Of(RunKey run) => WireParts.Of(run);
}
