namespace DistRnn.Cluster;

/// <summary>
/// What stands before every frame's prefix and payload, and all that decides where a payload goes. 128 bytes on the wire, little-endian
/// (<see cref="DataHeaderFormat"/>); what a kind does not need is 0.
/// </summary>
/// <remarks><see cref="PrefixBytes"/>, <see cref="PayloadBytes"/> and <see cref="Sequence"/> are set by the plane that sends; what a caller writes there is replaced.</remarks>
internal record struct DataHeader
{
    /// <summary>What the frame is.</summary>
    public DataKind Kind { get; set; }

    /// <summary>How the payload is encoded; 0 is plain little-endian floats (or the bytes of a blob).</summary>
    public byte Codec { get; set; }

    /// <summary>In a <see cref="DataKind.Reply"/>, what became of what it answers.</summary>
    public DataOutcome Outcome { get; set; }

    /// <summary>In a refusal or a refusing reply, why.</summary>
    public RefusalReason Reason { get; set; }

    /// <summary>In a refusal or a reply, the kind of what it answers.</summary>
    public DataKind Answers { get; set; }

    /// <summary>Whether this is the last frame of several that belong together, such as a snapshot's.</summary>
    public bool Last { get; set; }

    /// <summary>The run.</summary>
    public UInt128 Run { get; set; }

    /// <summary>How often the run was rolled back; 0 or more.</summary>
    public int Incarnation { get; set; }

    /// <summary>The owner epoch of the partition, as the sender knows it; 0 or more.</summary>
    public long OwnerEpoch { get; set; }

    /// <summary>The partition; 0 or more.</summary>
    public int Partition { get; set; }

    /// <summary>The tensor, where the frame is about one; 0 or more.</summary>
    public int Tensor { get; set; }

    /// <summary>The step of a gradient, the version of parameters and states; 0 or more.</summary>
    public long Step { get; set; }

    /// <summary>Where the payload begins in what it is a part of, in floats or, of a blob, bytes; 0 or more.</summary>
    public long Offset { get; set; }

    /// <summary>The first shard of the gradient tree's node, or the shard whose lanes' state this is; 0 or more.</summary>
    public int FirstShard { get; set; }

    /// <summary>How many shards the node spans; 0 or more.</summary>
    public int ShardCount { get; set; }

    /// <summary>The lease's attempt; 0 or more.</summary>
    public long Attempt { get; set; }

    /// <summary>A number of the sender's choice that a reply repeats.</summary>
    public ulong Request { get; set; }

    /// <summary>Bytes between header and payload; set by the plane.</summary>
    public int PrefixBytes { get; set; }

    /// <summary>Bytes of the payload; set by the plane.</summary>
    public long PayloadBytes { get; set; }

    /// <summary>The frame's number on its connection, from 0; set by the plane.</summary>
    public ulong Sequence { get; set; }

    /// <summary>The reply to a frame: the same run, partition, step and node.</summary>
    /// <param name="outcome">What became of it.</param>
    /// <param name="reason">Why it was refused; <see cref="RefusalReason.None"/> where it was not.</param>
    public readonly DataHeader Reply(DataOutcome outcome, RefusalReason reason = RefusalReason.None) =>
        this with { Kind = DataKind.Reply, Answers = Kind, Outcome = outcome, Reason = reason, Codec = 0, Last = false };

    /// <summary>The frame that tells a connection's other side that this one was not taken.</summary>
    /// <param name="reason">Why.</param>
    internal readonly DataHeader Refusal(RefusalReason reason) => this with { Kind = DataKind.Refusal, Answers = Kind, Reason = reason, PrefixBytes = 0, PayloadBytes = 0 };
}
