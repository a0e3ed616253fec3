namespace DistRnn.Cluster;

/// <summary>Why a frame, a connection or a request was not taken. Values are on the wire: they are added to, never changed. Each has a sentence.</summary>
internal enum RefusalReason : byte
{
    /// <summary>It was taken.</summary>
    None = 0,

    /// <summary>The first bytes are not those of a frame.</summary>
    NoFrame = 1,

    /// <summary>The frame is of another version of the format.</summary>
    OtherVersion = 2,

    /// <summary>The header says it is shorter or longer than a header may be.</summary>
    HeaderLength = 3,

    /// <summary>Header or prefix do not have the checksum that they say.</summary>
    HeaderChecksum = 4,

    /// <summary>The kind is unknown, or none that may come here.</summary>
    UnknownKind = 5,

    /// <summary>The prefix is longer than allowed.</summary>
    PrefixTooLong = 6,

    /// <summary>The payload is longer than allowed.</summary>
    PayloadTooLong = 7,

    /// <summary>A number in the header is outside its range.</summary>
    BadHeader = 8,

    /// <summary>The prefix is not what its kind has.</summary>
    BadPrefix = 9,

    /// <summary>The payload does not have the checksum that follows it.</summary>
    PayloadChecksum = 10,

    /// <summary>The connection ended inside a frame.</summary>
    Truncated = 11,

    /// <summary>Nothing came for longer than allowed.</summary>
    Silence = 12,

    /// <summary>A frame took longer than allowed.</summary>
    Slow = 13,

    /// <summary>More was sent than had been allowed.</summary>
    CreditExceeded = 14,

    /// <summary>A frame's number is not the one after its predecessor's.</summary>
    OutOfSequence = 15,

    /// <summary>The proof of the shared secret is missing or wrong.</summary>
    WrongSecret = 16,

    /// <summary>The greeting is not one.</summary>
    BadGreeting = 17,

    /// <summary>There are as many connections as allowed.</summary>
    TooManyConnections = 18,

    /// <summary>No memory was free in time for the payload.</summary>
    NoBuffer = 19,

    /// <summary>The receiver's code failed.</summary>
    ReceiverFailed = 20,

    /// <summary>No node of that name is known.</summary>
    UnknownPeer = 21,

    /// <summary>As many frames wait for that node as may.</summary>
    QueueFull = 22,

    /// <summary>The connection could not be made, or is gone.</summary>
    Disconnected = 23,

    /// <summary>This side is closing.</summary>
    Closed = 24,

    /// <summary>The other side allowed no more bytes in time.</summary>
    NoCredit = 25,

    /// <summary>The frame belongs to a run that is not carried out here.</summary>
    OtherRun = 32,

    /// <summary>The frame belongs to an incarnation that was rolled back.</summary>
    OtherIncarnation = 33,

    /// <summary>The frame names an owner epoch that has passed.</summary>
    OtherOwnerEpoch = 34,

    /// <summary>The partition is not owned here.</summary>
    OtherPartition = 35,

    /// <summary>The step is over.</summary>
    LateStep = 36,

    /// <summary>The version does not exist yet.</summary>
    EarlyStep = 37,

    /// <summary>Payload and prefix do not have the lengths that the model gives them.</summary>
    OtherLength = 38,

    /// <summary>The codec is not the run's.</summary>
    OtherCodec = 39,

    /// <summary>The blob is not here.</summary>
    UnknownBlob = 40,

    /// <summary>The node has no part in this run at present.</summary>
    NotReady = 41,
}

/// <summary>The sentences of <see cref="RefusalReason"/>.</summary>
internal static class RefusalReasons
{
    /// <summary>Room for a count of every value.</summary>
    internal const int Count = 64;

    /// <summary>Says a reason as a sentence.</summary>
    internal static string SentenceOf(RefusalReason reason) => reason switch
    {
        RefusalReason.None => "It was taken.",
        RefusalReason.NoFrame => "The first bytes are not those of a frame of this data plane.",
        RefusalReason.OtherVersion => "The frame is of another version of the format than this program's.",
        RefusalReason.HeaderLength => "The header says that it is shorter or longer than a header may be.",
        RefusalReason.HeaderChecksum => "The header and its prefix do not have the checksum that they say.",
        RefusalReason.UnknownKind => "The frame's kind is unknown, or none that may come here.",
        RefusalReason.PrefixTooLong => "The prefix is longer than allowed.",
        RefusalReason.PayloadTooLong => "The payload is longer than allowed.",
        RefusalReason.BadHeader => "A number in the header is outside its range.",
        RefusalReason.BadPrefix => "The prefix is not what a frame of this kind has.",
        RefusalReason.PayloadChecksum => "The payload does not have the checksum that follows it.",
        RefusalReason.Truncated => "The connection ended inside a frame.",
        RefusalReason.Silence => "Nothing came for longer than allowed.",
        RefusalReason.Slow => "The frame took longer than allowed.",
        RefusalReason.CreditExceeded => "More was sent than had been allowed.",
        RefusalReason.OutOfSequence => "The frame's number is not the one after its predecessor's.",
        RefusalReason.WrongSecret => "The proof of the shared secret is missing or wrong.",
        RefusalReason.BadGreeting => "The connection began with something else than a greeting.",
        RefusalReason.TooManyConnections => "There are as many connections as allowed.",
        RefusalReason.NoBuffer => "No memory was free in time for the payload.",
        RefusalReason.ReceiverFailed => "The receiver's code failed.",
        RefusalReason.UnknownPeer => "No node of that name is known.",
        RefusalReason.QueueFull => "As many frames wait for that node as may.",
        RefusalReason.Disconnected => "The connection could not be made, or is gone.",
        RefusalReason.Closed => "This side is closing.",
        RefusalReason.NoCredit => "The other side allowed no more bytes in time.",
        RefusalReason.OtherRun => "The frame belongs to a run that is not carried out here.",
        RefusalReason.OtherIncarnation => "The frame belongs to an incarnation that was rolled back.",
        RefusalReason.OtherOwnerEpoch => "The frame names an owner epoch that has passed.",
        RefusalReason.OtherPartition => "The partition is not owned here.",
        RefusalReason.LateStep => "The step is over.",
        RefusalReason.EarlyStep => "The version does not exist yet.",
        RefusalReason.OtherLength => "Payload and prefix do not have the lengths that the model gives them.",
        RefusalReason.OtherCodec => "The codec is not the run's.",
        RefusalReason.UnknownBlob => "The blob is not here.",
        RefusalReason.NotReady => "The node has no part in this run at present.",
        _ => "The reason is one that this version does not know.",
    };
}
