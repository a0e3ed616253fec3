namespace DistRnn.Cluster;

/// <summary>Bytes from another node are no message of this version. Thrown and caught inside the wire format: to others it is a refusal with a sentence.</summary>
/// <param name="message">What is wrong with them.</param>
internal sealed class WireException(string message) : Exception(message);
