using Akka.Actor;

namespace DistRnn.Cluster;

/// <summary>Takes questions from outside the cluster and passes them on to the coordinator in charge, wherever it is, which answers the asker itself.</summary>
internal sealed class GateActor : ReceiveActor
{
    /// <summary>Creates the actor.</summary>
    /// <param name="coordinator">Finds the coordinator in charge.</param>
    public GateActor(IActorRef coordinator) => Receive<ClusterQuery>(query => coordinator.Forward(query));
}
