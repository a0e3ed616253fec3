namespace DistRnn.Cluster;

/// <summary>
/// Who decides where payloads go and is told when they are there. Called on the plane's own threads (in one process, on the sender's thread), for
/// several connections at the same time: it must not block, and hands what it learns on to actors.
/// </summary>
internal interface IDataPlaneReceiver
{
    /// <summary>Decides about a frame before its payload is read. The prefix has the checksum it says, but its contents are the sender's word: check them.</summary>
    /// <param name="peer">The sending node.</param>
    /// <param name="header">The header; its lengths are within the limits.</param>
    /// <param name="prefix">The prefix, valid during the call.</param>
    /// <returns>Where the payload goes, or why it is refused; a refusal is told to the sender, and the payload is read past.</returns>
    DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix);

    /// <summary>A payload is where <see cref="Accept"/> said, and has its checksum.</summary>
    /// <param name="arrival">What arrived; where it has a lease, the receiver disposes of it, which lets the sender send more.</param>
    void Complete(in DataArrival arrival);

    /// <summary>A payload that was accepted did not arrive whole; its destination holds anything. A leased destination has been taken back.</summary>
    /// <param name="peer">The sending node.</param>
    /// <param name="header">The header.</param>
    /// <param name="destination">What <see cref="Accept"/> said.</param>
    /// <param name="reason">Why.</param>
    void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason);

    /// <summary>A frame that this node sent did not leave, or was refused at the other side.</summary>
    /// <param name="peer">The node it was for.</param>
    /// <param name="header">The header as sent.</param>
    /// <param name="reason">Why.</param>
    void Refused(string peer, in DataHeader header, RefusalReason reason);
}
