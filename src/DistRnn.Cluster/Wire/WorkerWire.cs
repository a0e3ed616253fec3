using DistRnn.Protocol;
using static DistRnn.Cluster.WireParts;

namespace DistRnn.Cluster;

/// <summary>Messages from a worker, on the wire.</summary>
internal static class WorkerWire
{
    public static MessageEntry[] Entries { get; } =
    [
        MessageEntry.Of<WorkerReady, Wire.WorkerReady>("worker-ready-1", Wire.WorkerReady.Parser,
            message => new() { Run = Of(message.Run), Digest = message.Digest },
            wire => new(RunOf(wire.Run), Text(wire.Digest))),
        MessageEntry.Of<WorkerDeclined, Wire.WorkerDeclined>("worker-declined-1", Wire.WorkerDeclined.Parser,
            message => new() { Run = Of(message.Run), Reason = message.Reason },
            wire => new(RunOf(wire.Run), wire.Reason)),
        MessageEntry.Of<OfferRefused, Wire.OfferRefused>("offer-refused-1", Wire.OfferRefused.Parser,
            message => new() { Run = Of(message.Run), Term = message.Term, HighestTerm = message.HighestTerm },
            wire => new(RunOf(wire.Run), TermOf(wire.Term), TermOf(wire.HighestTerm))),
        MessageEntry.Of<LeaseDone, Wire.LeaseDone>("lease-done-1", Wire.LeaseDone.Parser,
            message => new() { Run = Of(message.Run), Step = message.Step, Node = Of(message.Node), Attempt = message.Attempt, Sums = Of(message.Sums), ComputeMs = message.ComputeMs, Bytes = message.Bytes },
            wire => new(RunOf(wire.Run), NotNegative(wire.Step), TreeNodeOf(wire.Node), wire.Attempt, SumsOf(wire.Sums), NotNegative(wire.ComputeMs), NotNegative(wire.Bytes))),
        MessageEntry.Of<LeaseFailed, Wire.LeaseFailed>("lease-failed-1", Wire.LeaseFailed.Parser,
            message => new() { Run = Of(message.Run), Attempt = message.Attempt, Reason = message.Reason },
            wire => new(RunOf(wire.Run), wire.Attempt, wire.Reason)),
        MessageEntry.Of<EvaluationDone, Wire.EvaluationDone>("evaluation-done-1", Wire.EvaluationDone.Parser,
            message => new() { Run = Of(message.Run), Version = message.Version, Piece = message.Piece, Attempt = message.Attempt, Result = Of(message.Result) },
            wire => new(RunOf(wire.Run), NotNegative(wire.Version), NotNegative(wire.Piece), wire.Attempt, wire.Result.Memory)),
        MessageEntry.Of<ParameterRequest, Wire.ParameterRequest>("parameter-request-1", Wire.ParameterRequest.Parser, Of, RequestOf),
    ];

    public static Wire.ParameterRequest Of(ParameterRequest message)
    {
        var wire = new Wire.ParameterRequest
        {
            Key = WireParts.Of(message.Key),
            Version = message.Version,
            WantsDense = message.WantsDense,
            WantsAllRows = message.WantsAllRows,
            LaneShards = OfNumbers(message.LaneShards),
        };
        if (!message.WantsAllRows)
            wire.Rows.AddRange(WireParts.Of(message.Rows));
        return wire;
    }

    public static ParameterRequest RequestOf(Wire.ParameterRequest? wire) => new(
        KeyOf(Needed(wire).Key), Version(wire!.Version), wire.WantsDense, RowsOf(wire.Rows), wire.WantsAllRows, Ascending(NumbersOf(wire.LaneShards)));

    private static Wire.RunLife Of(RunKey run) => WireParts.Of(run);

    private static Wire.ShardRange Of(TreeNode node) => WireParts.Of(node);

    private static Wire.ShardSums Of(NodeSums sums) => WireParts.Of(sums);

    private static Google.Protobuf.ByteString Of(ReadOnlyMemory<byte> bytes) => WireParts.Of(bytes);
}
