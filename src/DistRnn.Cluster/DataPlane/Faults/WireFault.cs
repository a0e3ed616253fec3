namespace DistRnn.Cluster;

/// <summary>What is to go wrong with a frame on its way.</summary>
internal enum WireFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A bit is turned over.</summary>
    Corrupt,

    /// <summary>It ends early, and so does the connection.</summary>
    Truncate,
}

/// <summary>A plane that can let a frame be damaged on its way, as a network would: behind the checksum.</summary>
internal interface IFaultCarrier
{
    /// <summary>As <see cref="IDataPlane.Send"/>, with a fault.</summary>
    RefusalReason Send(string peer, in DataHeader header, DataLease? lease, WireFault fault);
}
