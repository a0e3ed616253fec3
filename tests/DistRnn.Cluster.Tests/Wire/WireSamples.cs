using System.Collections.Immutable;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Protocol;

namespace DistRnn.Cluster.Tests;

/// <summary>One message of every kind, with a value in every field.</summary>
internal static class WireSamples
{
    private static readonly RunKey s_run = new("sunspots-1", 2);
    private static readonly PartitionKey s_key = new(s_run, 3, 7);
    private static readonly NodeId s_worker = new("akka.tcp://distrnn@machine-1:4053", 1_234_567_890);
    private static readonly NodeId s_server = new("akka.tcp://distrnn@machine-2:4053", -987_654_321);
    private static readonly TreeNode s_node = new(4, 2);
    private static readonly NodeSums s_sums = new(12.5, 100, 8, 40, 123);
    private static readonly StepAddress s_address = new(1, 22, 333);
    private static readonly EnteredNode s_entered = new(s_node, 55, s_worker, new UInt128(0x0123456789abcdef, 0xfedcba9876543210));
    private static readonly ImmutableArray<PartitionOwner> s_owners = [new(s_server, 7), new(s_worker, 8)];
    private static readonly byte[] s_bytes = [1, 2, 3, 250];

    private static readonly StepDecision s_decision = new(s_run, 9, 333, true, 0.25f, 0.001, true, s_bytes);

    public static IReadOnlyList<IMessage> All { get; } =
    [
        new PromiseRequest(s_run, 9),
        new PartitionAssignment(s_key, 9, Spec(), 333, [s_worker], s_bytes),
        new ReplicaAssignment(s_key, 9, [s_worker], 4),
        new Promotion(s_key, 9, 333),
        s_decision,
        new CommitNotice(s_run, 9, 333),
        new SnapshotRequest(s_key, 9, 333),
        new RunOffer(s_run, 9, s_bytes),
        new Lease(s_run, 9, s_address, s_node, 55, s_owners, 0.5),
        new LeaseRevoked(s_run, 55, "It took too long."),
        new EvaluationLease(s_run, 9, 333, 1, 4, 56, s_owners),
        new RunOver(s_run, 9, "All steps are done."),
        new PositionNotice(s_run, 9, 333, s_bytes),
        new PromiseReply(s_run, 9, true, 9, [new PartitionHolding(s_key, true, 333, true, true, [s_worker], s_decision, s_bytes, s_bytes)]),
        new CommandRefused(s_run, 8, 9),
        new PartitionHeld(s_key, 333, [s_worker], 9, 4),
        new PromotionReply(s_key, true, 333, true, "It is the owner."),
        new GradientReport(s_key, 333, s_sums, [new BlockSum(8, 4, 2.75)], [s_entered]),
        new StepApplied(s_key, 333),
        new SnapshotTaken(s_key, 333),
        new DuplicateReport(s_key, 333, s_node, s_entered, s_entered with { Attempt = 56, Worker = s_server, Digest = 1 }),
        new ReplicaState(s_key, -1, -1),
        new ReplicaDecision(s_key, s_decision),
        new ParameterRefused(s_key, -1, Refusal.OwnerEpoch, "Another owns it."),
        new PushReply(s_key, 333, s_node, 55, Refusal.Malformed, "A row is missing."),
        new WorkerReady(s_run, "0123abcd"),
        new WorkerDeclined(s_run, "The data cannot be read."),
        new OfferRefused(s_run, 3, 5),
        new LeaseDone(s_run, 333, s_node, 55, s_sums, 1234, 5678),
        new LeaseFailed(s_run, 55, "No memory."),
        new EvaluationDone(s_run, 333, 1, 56, s_bytes),
        new ParameterRequest(s_key, 333, true, [[1, 5, 7], []], false, [3, 7]),
    ];

    public static PartitionSpec Spec()
    {
        var table = new ParameterTable.Builder();
        table.AddRowMajor("embedding.weight", [40, 8], sparseRows: true);
        table.AddWeight("rnn.weight_ih_l0", new PanelShape(4, 12), 8);
        table.AddBias("rnn.bias_ih_l0", new PanelShape(4, 12));
        table.AddRowMajor("out.bias", [3]);
        return new PartitionSpec(table.Build(), 4, 6, true, UpdateRule.Parse("adam(0.9,0.99,1e-8)", 0.125), "none", ConsistencyPolicy.Parse("bounded-staleness(2)"));
    }
}
