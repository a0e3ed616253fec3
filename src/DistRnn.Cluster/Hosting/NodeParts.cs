using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>One life of a node, for those who create its actors.</summary>
/// <param name="System">The actor system.</param>
/// <param name="Id">Who the node is in this life.</param>
/// <param name="Directory">The members as this node sees them.</param>
/// <param name="Membership">Tells its subscribers of members; see <see cref="Subscribe"/>.</param>
public sealed record NodeParts(ActorSystem System, NodeId Id, NodeDirectory Directory, IActorRef Membership)
{
    private static readonly TimeSpan s_timeToLeave = TimeSpan.FromSeconds(1);

    /// <summary>The name of the coordinator's place: the parent of the one coordinator, on every node that may hold it.</summary>
    public const string CoordinatorName = "coordinator";

    /// <summary>The name of the actor that is in charge, below <see cref="CoordinatorName"/>.</summary>
    public const string InChargeName = "in-charge";

    /// <summary>The name of the actor that takes questions from outside, on every node that may hold the coordinator.</summary>
    public const string GateName = "gate";

    /// <summary>The name of the actor that drives a worker.</summary>
    public const string WorkerName = "worker";

    /// <summary>The name of the actor that drives a parameter server.</summary>
    public const string ParameterServerName = "parameter-server";

    /// <summary>Has an actor told of members: first of those of now, then of every change, each as a <see cref="MemberChanged"/>.</summary>
    /// <param name="subscriber">The actor.</param>
    public void Subscribe(IActorRef subscriber) => Membership.Tell(new MembershipActor.Subscribe(), subscriber);

    /// <summary>Offers this node as a place for the coordinator. Among the nodes that do so the oldest one runs the actor; when it goes, the next one does.</summary>
    /// <param name="coordinator">Creates the actor.</param>
    /// <returns>The place.</returns>
    public IActorRef OfferCoordinator(Props coordinator)
    {
        var settings = ClusterSingletonManagerSettings.Create(System).WithSingletonName(InChargeName).WithRole(NodeRoleNames.Of(NodeRoles.Coordinator)[0]);
        return System.ActorOf(ClusterSingletonManager.Props(coordinator, PoisonPill.Instance, settings), CoordinatorName);
    }

    /// <summary>
    /// The coordinator of this node has ended. Where the node stays a member, because another one came that was taken for the older, Akka's singleton would never run here
    /// again, and others wait for it as long as this node is the oldest: the node starts over.
    /// </summary>
    internal void StartOverUnlessLeaving() => _ = Task.Delay(s_timeToLeave).ContinueWith(
        _ =>
        {
            var shutdown = CoordinatedShutdown.Get(System);
            if (!System.WhenTerminated.IsCompleted && shutdown.ShutdownReason is null)
                _ = shutdown.Run(CoordinatedShutdown.ClusterDowningReason.Instance);
        },
        TaskScheduler.Default);

    /// <summary>A reference to the coordinator in charge, wherever it is; messages wait, up to a bound, while there is none.</summary>
    public IActorRef FindCoordinator()
    {
        var settings = ClusterSingletonProxySettings.Create(System).WithSingletonName(InChargeName).WithRole(NodeRoleNames.Of(NodeRoles.Coordinator)[0]);
        return System.ActorOf(ClusterSingletonProxy.Props("/user/" + CoordinatorName, settings), CoordinatorName + "-proxy");
    }

    /// <summary>Has something done when the node is about to leave, while all its actors still work; leaving goes on when it is done or took too long.</summary>
    /// <param name="what">What it is, in a word or two with hyphens.</param>
    /// <param name="task">Does it.</param>
    public void BeforeLeaving(string what, Func<Task> task) =>
        CoordinatedShutdown.Get(System).AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, what, async () =>
        {
            await task().ConfigureAwait(false);
            return Akka.Done.Instance;
        });
}
