using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace DistRnn.Cluster;

/// <summary>
/// Stands where Akka has its JSON serializer, under that one's number, and refuses in both directions: JSON names the types to make, so that a peer
/// could have any type made here.
/// </summary>
internal sealed class RefusingSerializer : Serializer
{
    /// <summary>The number of Akka's JSON serializer.</summary>
    public const int JsonIdentifier = 1;

    /// <summary>Creates the serializer; Akka gives every serializer under this name its settings for JSON.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="settings">Settings for JSON, which have no use here.</param>
    public RefusingSerializer(ExtendedActorSystem system, Config settings)
        : base(system) => ArgumentNullException.ThrowIfNull(settings);

    public override int Identifier => JsonIdentifier;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"A {obj.GetType().FullName} is not a message between nodes: those implement {nameof(IWireMessage)} and stand in the schema.");

    public override object FromBinary(byte[] bytes, Type type) =>
        throw new SerializationException($"A message of {bytes.Length} bytes came as JSON, which no node of this cluster sends; it was refused.");
}
