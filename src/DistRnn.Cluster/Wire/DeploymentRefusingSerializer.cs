using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace DistRnn.Cluster;

/// <summary>Stands where Akka serializes orders to create an actor on another node, and refuses them: every node creates its own.</summary>
internal sealed class DeploymentRefusingSerializer(ExtendedActorSystem system) : Serializer(system)
{
    /// <summary>The number of Akka's serializer of such orders.</summary>
    public const int DeploymentIdentifier = 3;

    public override int Identifier => DeploymentIdentifier;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) => throw new SerializationException("Actors are created by their own node, never from afar.");

    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("An order to create an actor came from another node; it was refused.");
}
