namespace DistRnn.Cluster;

/// <summary>
/// Marks what may travel between nodes. The one serializer of this project is bound to this interface and to nothing else, so that a message that was
/// not meant for the wire cannot leave, and one that is not in the schema cannot arrive.
/// </summary>
public interface IWireMessage;
