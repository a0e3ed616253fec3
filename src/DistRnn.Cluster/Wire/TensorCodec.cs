using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Google.Protobuf;
using static DistRnn.Cluster.WireParts;

namespace DistRnn.Cluster;

/// <summary>
/// Messages that carry tensors as frames of the data plane: a head by the schema as the prefix, the floats as the payload. A receiver has to know the run's
/// partitions, which came before with a control message; until then such frames are refused and asked for again.
/// </summary>
internal static unsafe class TensorCodec
{
    private const string Push = "gradient-push-1";
    private const string Reply = "parameter-reply-1";
    private const string Replica = "replica-gradient-1";
    private const string Shard = "replica-shard-1";
    private const string Seed = "partition-seed-1";

    /// <summary>Writes a message into a lease. The message stays the caller's.</summary>
    /// <param name="from">Who sends it.</param>
    /// <param name="to">Whom it is for.</param>
    /// <param name="role">Which of its machines.</param>
    /// <param name="message">The message.</param>
    /// <param name="tensorsOf">How a run's tensors travel; null where it is not known, and then they are not encoded.</param>
    /// <param name="buffers">Where the lease comes from.</param>
    /// <param name="header">The frame's header.</param>
    /// <returns>The lease, or null where there is no memory.</returns>
    public static DataLease? Write(NodeId from, NodeId to, NodeRoles role, ITensorMessage message, Func<string, RunTensors?> tensorsOf, DataBufferPool buffers, out DataHeader header)
    {
        var codec = CodecOf(message, tensorsOf);
        var (manifest, body, gradient, floats, kind) = HeadOf(message, role, codec);
        header = gradient is null ? kind : kind with { Codec = (byte)gradient.Codec };
        var head = new Wire.TensorHead { Manifest = manifest, From = Of(from), To = Of(to), Role = (int)role, Body = body.ToByteString() };
        var prefixBytes = head.CalculateSize();
        if (buffers.TryLease(prefixBytes, floats * sizeof(float)) is not { } lease)
            return null;
        var cursor = new FloatCursor((float*)lease.Address, floats);
        WriteFloats(message, codec, gradient, ref cursor);
        if (gradient is { Codec: not 0 })
        {
            // How long the encoded floats are is known now, and takes as many bytes in the head as what stood for it.
            head.Body = body.ToByteString();
            lease.Shorten((floats - cursor.Left) * sizeof(float));
        }
        head.WriteTo(lease.Prefix);
        return lease;
    }

    /// <summary>The head of a frame.</summary>
    /// <param name="prefix">The frame's prefix.</param>
    /// <param name="head">The head.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryReadHead(ReadOnlySpan<byte> prefix, [NotNullWhen(true)] out Wire.TensorHead? head)
    {
        try
        {
            head = Wire.TensorHead.Parser.ParseFrom(prefix);
            return head.From is not null && head.To is not null;
        }
        catch (InvalidProtocolBufferException)
        {
            head = null;
            return false;
        }
    }

    /// <summary>The message of a frame.</summary>
    /// <param name="head">Its head.</param>
    /// <param name="payload">Its payload; the message holds on to it where it needs it, and the caller disposes of its own hold.</param>
    /// <param name="tensorsOf">How a run's tensors lie, or null where it is not known.</param>
    /// <param name="buffers">Where other memory comes from.</param>
    /// <param name="message">The message.</param>
    /// <param name="refusal">Why there is none, in a sentence.</param>
    /// <returns>Whether the frame is a message.</returns>
    public static bool TryRead(
        Wire.TensorHead head, DataLease payload, Func<string, RunTensors?> tensorsOf, DataBufferPool buffers, [NotNullWhen(true)] out ITensorMessage? message, [NotNullWhen(false)] out string? refusal)
    {
        (message, refusal) = (null, null);
        try
        {
            var cursor = new FloatCursor((float*)payload.Address, payload.PayloadBytes / sizeof(float));
            message = Read(head, ref cursor, payload, tensorsOf, buffers);
            if (cursor.IsAtEnd)
                return true;
            message.Release();
            throw new WireException("The payload goes on behind its end.");
        }
        catch (Exception exception) when (exception is WireException or InvalidProtocolBufferException or InvalidInputException or ArgumentException or OverflowException)
        {
            message = null;
            refusal = $"A {(head.Manifest.Length > 64 ? head.Manifest[..64] : head.Manifest)} of {payload.PayloadBytes} bytes is refused: {exception.Message}";
            return false;
        }
    }

    /// <summary>The codec of what a message carries: a sum that is not rounded at every node of the tree is not encoded again.</summary>
    private static Codec CodecOf(ITensorMessage message, Func<string, RunTensors?> tensorsOf) => message switch
    {
        GradientPush push => tensorsOf(push.Key.Run.Run)?.Codec ?? Codec.None,
        ReplicaShard shard => tensorsOf(shard.Key.Run.Run)?.Codec ?? Codec.None,
        ReplicaGradient replica when tensorsOf(replica.Key.Run.Run)?.Codec is { IsReproducible: true } codec => codec,
        _ => Codec.None,
    };

    private static (string Manifest, Google.Protobuf.IMessage Head, Wire.Floats? Gradient, long Floats, DataHeader Header) HeadOf(ITensorMessage message, NodeRoles role, Codec codec)
    {
        switch (message)
        {
            case GradientPush push:
                var pushed = Head(push, codec);
                return (Push, pushed, pushed.Gradient, FloatsOf(push, codec), HeaderOf(DataKind.GradientPush, push.Key, push.Address.Step) with { FirstShard = push.Node.First, ShardCount = push.Node.Count, Attempt = push.Attempt });
            case ReplicaShard shard:
                var copied = new Wire.ReplicaShard { Key = Of(shard.Key), VersionBefore = shard.VersionBefore, Push = Head(shard.Push, codec) };
                return (Shard, copied, copied.Push.Gradient, FloatsOf(shard.Push, codec), HeaderOf(DataKind.ReplicaGradient, shard.Key, shard.Push.Address.Step));
            case ReplicaGradient replica:
                var summed = Head(replica, codec);
                return (Replica, summed, summed.Gradient, TensorParts.CountOf(replica.Gradient, codec) + TensorParts.CountOf(replica.Lanes), HeaderOf(DataKind.ReplicaGradient, replica.Key, replica.Report.Step));
            case ParameterReply reply:
                return (Reply, Head(reply), null, TensorParts.CountOf(reply.Parameters, reply.HasDense) + TensorParts.CountOf(reply.Lanes), HeaderOf(DataKind.Parameters, reply.Key, reply.Version));
            case PartitionSeed seed:
                var floats = seed.Content.Parameters.Count * (1 + seed.Content.Optimizer.Vectors.Length) + TensorParts.CountOf(seed.Content.Lanes);
                return (Seed, TensorParts.Of(seed), null, floats, HeaderOf(role == NodeRoles.Coordinator ? DataKind.Snapshot : DataKind.SnapshotRestore, seed.Key, seed.Content.Version));
            default:
                throw new ArgumentException($"A {message.GetType().Name} does not travel over the data plane.", nameof(message));
        }
    }

    private static DataHeader HeaderOf(DataKind kind, PartitionKey key, long step) =>
        new() { Kind = kind, Incarnation = key.Run.Incarnation, Partition = key.Index, OwnerEpoch = key.OwnerEpoch, Step = Math.Max(0, step) };

    private static long FloatsOf(GradientPush push, Codec codec) => TensorParts.CountOf(push.Gradient, codec) + TensorParts.CountOf(push.Lanes);

    private static void WriteFloats(ITensorMessage message, Codec codec, Wire.Floats? gradient, ref FloatCursor to)
    {
        switch (message)
        {
            case GradientPush push: WriteFloats(push.Gradient, push.Lanes, codec, gradient!, ref to); break;
            case ReplicaShard shard: WriteFloats(shard.Push.Gradient, shard.Push.Lanes, codec, gradient!, ref to); break;
            case ReplicaGradient replica: WriteFloats(replica.Gradient, replica.Lanes, codec, gradient!, ref to); break;
            case ParameterReply reply:
                TensorParts.Write(reply.Parameters, reply.HasDense, ref to);
                TensorParts.Write(reply.Lanes, ref to);
                break;
            case PartitionSeed seed: TensorParts.Write(seed.Content, ref to); break;
            default: break;
        }
    }

    private static void WriteFloats(GradientPart part, ImmutableArray<LanePart> lanes, Codec codec, Wire.Floats gradient, ref FloatCursor to)
    {
        TensorParts.Write(part, codec, ref to, gradient);
        TensorParts.Write(lanes, ref to);
    }

    private static Wire.GradientPush Head(GradientPush push, Codec codec)
    {
        var wire = new Wire.GradientPush
        {
            Key = Of(push.Key),
            Address = Of(push.Address),
            Node = Of(push.Node),
            Attempt = push.Attempt,
            Sums = Of(push.Sums),
            Gradient = TensorParts.Of(push.Gradient, codec),
            Factor = push.Factor,
            LearningRate = push.LearningRate,
        };
        wire.Lanes.AddRange(TensorParts.Of(push.Lanes));
        return wire;
    }

    private static Wire.ParameterReply Head(ParameterReply reply)
    {
        var wire = new Wire.ParameterReply { Key = Of(reply.Key), Version = reply.Version, Request = WorkerWire.Of(reply.Request), Parameters = TensorParts.Of(reply.Parameters, reply.HasDense) };
        wire.Lanes.AddRange(TensorParts.Of(reply.Lanes));
        return wire;
    }

    private static Wire.ReplicaGradient Head(ReplicaGradient replica, Codec codec)
    {
        var wire = new Wire.ReplicaGradient { Key = Of(replica.Key), Report = ParameterServerWire.Of(replica.Report), Gradient = TensorParts.Of(replica.Gradient, codec) };
        wire.Lanes.AddRange(TensorParts.Of(replica.Lanes));
        return wire;
    }

    private static ITensorMessage Read(Wire.TensorHead head, ref FloatCursor from, DataLease payload, Func<string, RunTensors?> tensorsOf, DataBufferPool buffers)
    {
        switch (head.Manifest)
        {
            case Push:
                return ReadPush(Wire.GradientPush.Parser.ParseFrom(head.Body), ref from, payload, tensorsOf, buffers);
            case Shard:
                var shard = Wire.ReplicaShard.Parser.ParseFrom(head.Body);
                var key = KeyOf(shard.Key);
                return new ReplicaShard(key, NotNegative(shard.VersionBefore), ReadPush(Needed(shard.Push), ref from, payload, tensorsOf, buffers));
            case Reply:
                return ReadReply(Wire.ParameterReply.Parser.ParseFrom(head.Body), ref from, payload, tensorsOf, buffers);
            case Replica:
                return ReadReplica(Wire.ReplicaGradient.Parser.ParseFrom(head.Body), ref from, payload, tensorsOf, buffers);
            case Seed:
                return ReadSeed(Wire.PartitionSeed.Parser.ParseFrom(head.Body), ref from, tensorsOf);
            default:
                throw new WireException($"It is no message of version {WireFormat.Version}.");
        }
    }

    private static GradientPush ReadPush(Wire.GradientPush wire, ref FloatCursor from, DataLease payload, Func<string, RunTensors?> tensorsOf, DataBufferPool buffers)
    {
        var (key, address, node, sums) = (KeyOf(wire.Key), AddressOf(wire.Address), TreeNodeOf(wire.Node), SumsOf(wire.Sums));
        var part = TensorParts.PartOf(wire.Gradient, LayoutOf(key, tensorsOf), KnownOf(key, tensorsOf).Codec, ref from, payload, buffers);
        return new GradientPush(key, address, node, wire.Attempt, sums, part, LanesOf(wire.Lanes, part, ref from), wire.Factor, wire.LearningRate);
    }

    private static ParameterReply ReadReply(Wire.ParameterReply wire, ref FloatCursor from, DataLease payload, Func<string, RunTensors?> tensorsOf, DataBufferPool buffers)
    {
        var (key, request) = (KeyOf(wire.Key), WorkerWire.RequestOf(wire.Request));
        var part = TensorParts.PartOf(wire.Parameters, LayoutOf(key, tensorsOf), Codec.None, ref from, payload, buffers);
        return new ParameterReply(key, NotNegative(wire.Version), request, part, wire.Parameters.HasDense, LanesOf(wire.Lanes, part, ref from));
    }

    private static ReplicaGradient ReadReplica(Wire.ReplicaGradient wire, ref FloatCursor from, DataLease payload, Func<string, RunTensors?> tensorsOf, DataBufferPool buffers)
    {
        var (key, report) = (KeyOf(wire.Key), ParameterServerWire.ReportOf(wire.Report));
        var part = TensorParts.PartOf(wire.Gradient, LayoutOf(key, tensorsOf), KnownOf(key, tensorsOf).Codec, ref from, payload, buffers);
        return new ReplicaGradient(key, report, part, LanesOf(wire.Lanes, part, ref from));
    }

    private static PartitionSeed ReadSeed(Wire.PartitionSeed wire, ref FloatCursor from, Func<string, RunTensors?> tensorsOf)
    {
        var key = KeyOf(wire.Key);
        var assignment = wire.Assignment is { } given ? CoordinatorWire.AssignmentOf(given) : null;
        var layout = assignment is null ? LayoutOf(key, tensorsOf) : new PartitionMap(assignment.Spec.Table, assignment.Spec.Partitions).Layouts[key.Index];
        return new PartitionSeed(key, TensorParts.ContentOf(wire, layout, ref from), assignment, wire.LastDecision is { } decision ? WireParts.DecisionOf(decision) : null);
    }

    /// <summary>The lanes behind a part, which is let go of where they cannot be read.</summary>
    private static ImmutableArray<LanePart> LanesOf(IEnumerable<Wire.Lanes> lanes, GradientPart part, ref FloatCursor from)
    {
        try
        {
            return TensorParts.LanesOf(lanes, ref from);
        }
        catch
        {
            part.Release();
            throw;
        }
    }

    private static PartitionLayout LayoutOf(PartitionKey key, Func<string, RunTensors?> tensorsOf)
    {
        var partitions = KnownOf(key, tensorsOf).Partitions;
        return partitions.Layouts[Below(key.Index, partitions.Count)];
    }

    private static RunTensors KnownOf(PartitionKey key, Func<string, RunTensors?> tensorsOf) =>
        tensorsOf(key.Run.Run) ?? throw new WireException($"The run {key.Run.Run} is not known here yet.");
}
