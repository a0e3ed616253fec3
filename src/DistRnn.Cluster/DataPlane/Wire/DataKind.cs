namespace DistRnn.Cluster;

/// <summary>What a frame of the data plane is. Values are on the wire: they are added to, never changed or used again.</summary>
/// <remarks>Below <see cref="GradientPush"/> stand the frames that connections exchange among themselves; receivers see only those from there on.</remarks>
internal enum DataKind : byte
{
    /// <summary>No frame has this kind.</summary>
    None = 0,

    /// <summary>The first frame of whoever connects: its name and a nonce.</summary>
    Hello = 1,

    /// <summary>The answer to a hello: the other nonce and the accepting side's proof that it knows the secret.</summary>
    Challenge = 2,

    /// <summary>The connecting side's proof that it knows the secret.</summary>
    Proof = 3,

    /// <summary>The connection stands; <see cref="DataHeader.Offset"/> holds the bytes that may be sent at first.</summary>
    Welcome = 4,

    /// <summary>More may be sent: <see cref="DataHeader.Offset"/> holds all bytes allowed since the connection began.</summary>
    Credit = 5,

    /// <summary>Nothing to say, but still there.</summary>
    KeepAlive = 6,

    /// <summary>A frame was not taken: it repeats that frame's header, whose kind stands in <see cref="DataHeader.Answers"/>, with the reason.</summary>
    Refusal = 7,

    /// <summary>A gradient, or a range of one, of a node of the gradient tree; a <see cref="TensorPrefix"/> with the shards' sums, then floats or what a codec made of them.</summary>
    GradientPush = 16,

    /// <summary>What became of a push or a put: <see cref="DataHeader.Outcome"/>, the reason, and in <see cref="DataHeader.Answers"/> the kind it answers.</summary>
    Reply = 17,

    /// <summary>Asks for parameters of a version: a <see cref="TensorPrefix"/> with the ranges and rows that are wanted.</summary>
    ParameterRequest = 18,

    /// <summary>Parameters of a version: a <see cref="TensorPrefix"/> with the ranges and rows that follow as floats.</summary>
    Parameters = 19,

    /// <summary>The carried state of a shard's lanes as a step left it.</summary>
    LaneStatePut = 20,

    /// <summary>Asks for the carried state of a shard's lanes.</summary>
    LaneStateGet = 21,

    /// <summary>The carried state of a shard's lanes, as asked for.</summary>
    LaneState = 22,

    /// <summary>The gradient tree's root of a partition, from its owner to its replica.</summary>
    ReplicaGradient = 23,

    /// <summary>Asks for a partition's parameters, optimiser vectors and lane state.</summary>
    SnapshotRequest = 24,

    /// <summary>A partition's parameters, optimiser vectors and lane state, or a part of them, for a checkpoint or a new replica; a <see cref="SnapshotPrefix"/>.</summary>
    Snapshot = 25,

    /// <summary>The same in the other direction: what the partition is to hold from now on.</summary>
    SnapshotRestore = 26,

    /// <summary>Bytes of a blob that the receiver is to keep; a <see cref="BlobPrefix"/>.</summary>
    BlobPut = 27,

    /// <summary>Asks for bytes of a blob; a <see cref="BlobPrefix"/>.</summary>
    BlobGet = 28,

    /// <summary>Bytes of a blob, as asked for; a <see cref="BlobPrefix"/>.</summary>
    BlobChunk = 29,
}

/// <summary>Which kinds there are.</summary>
internal static class DataKinds
{
    /// <summary>The highest kind that this version knows.</summary>
    internal const DataKind Last = DataKind.BlobChunk;

    /// <summary>Whether a kind is one of the frames that connections exchange among themselves.</summary>
    internal static bool IsOfConnection(DataKind kind) => kind is >= DataKind.Hello and <= DataKind.Refusal;

    /// <summary>Whether a kind is one that receivers are asked about.</summary>
    internal static bool IsMessage(DataKind kind) => kind is >= DataKind.GradientPush and <= Last;
}

/// <summary>What became of a push or a put. Values are on the wire.</summary>
internal enum DataOutcome : byte
{
    /// <summary>The frame is no reply.</summary>
    None = 0,

    /// <summary>It was taken.</summary>
    Accepted = 1,

    /// <summary>The same had been taken before; nothing changed.</summary>
    Duplicate = 2,

    /// <summary>It was not taken; the header's reason says why.</summary>
    Refused = 3,
}
