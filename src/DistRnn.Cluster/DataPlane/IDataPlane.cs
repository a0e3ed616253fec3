namespace DistRnn.Cluster;

/// <summary>
/// Moves floats and blobs between processes, or between the nodes of one process. Actors exchange descriptors; what is large goes this way and
/// never rides in a mailbox. Delivery is tried once: what is lost, refused or late is sent again by those whose protocol needs it.
/// </summary>
/// <remarks>Thread-safe. What arrives is told to the <see cref="IDataPlaneReceiver"/> that the plane was made with.</remarks>
internal interface IDataPlane : IDisposable
{
    /// <summary>This node's name, by which others send to it.</summary>
    string Name { get; }

    /// <summary>Where leases for sending come from; its bound bounds the memory of what is on its way.</summary>
    DataBufferPool Buffers { get; }

    /// <summary>What was sent, received and refused.</summary>
    DataPlaneCounters Counters { get; }

    /// <summary>Sends a frame, without waiting for it to leave.</summary>
    /// <param name="peer">The receiving node's name; this node's own name is allowed.</param>
    /// <param name="header">The header; lengths and sequence are filled in.</param>
    /// <param name="lease">Prefix and payload; null for neither. It passes to the plane, which disposes of it whatever happens: retain it to keep it.</param>
    /// <returns>None where the frame is on its way, else why it is not.</returns>
    RefusalReason Send(string peer, in DataHeader header, DataLease? lease);
}
