using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using DistRnn.Protocol;
using MemberStatus = DistRnn.Protocol.MemberStatus;

namespace DistRnn.Cluster;

/// <summary>
/// Turns what Akka says of members into inputs of the machines: <see cref="MemberChanged"/>, in the order in which it happened. A node that cannot be
/// reached is told of at once; that it was removed comes later, when a majority decided so. Who subscribes late first gets the members of now.
/// </summary>
/// <remarks>It also compares versions: a node that cannot work with the oldest coordinator says so and leaves.</remarks>
internal sealed class MembershipActor : ReceiveActor
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly NodeDirectory _directory;
    private readonly Action<string> _refuse;
    private readonly HashSet<IActorRef> _subscribers = [];
    private readonly Dictionary<NodeId, MemberChanged> _last = [];

    /// <summary>Creates the actor.</summary>
    /// <param name="directory">Where members are noted.</param>
    /// <param name="refuse">Told in a sentence why this node cannot be a member of the cluster that it found.</param>
    public MembershipActor(NodeDirectory directory, Action<string> refuse)
    {
        (_directory, _refuse) = (directory, refuse);
        Receive<Subscribe>(_ => Add(Sender));
        Receive<Terminated>(ended => _subscribers.Remove(ended.ActorRef));
        Receive<LeavingNotice>(notice => OnNotice(notice.Node));
        Receive<ClusterEvent.MemberUp>(change => OnUp(change.Member));
        Receive<ClusterEvent.MemberLeft>(change => Publish(change.Member, MemberStatus.Leaving));
        Receive<ClusterEvent.MemberRemoved>(change => Publish(change.Member, MemberStatus.Removed));
        Receive<ClusterEvent.UnreachableMember>(change => Publish(change.Member, MemberStatus.Unreachable));
        Receive<ClusterEvent.ReachableMember>(change => OnReachable(change.Member));
        Receive<ClusterEvent.IMemberEvent>(_ => { });
    }

    /// <summary>Asks for the changes of members from now on, after those of now.</summary>
    internal sealed record Subscribe : INoSerializationVerificationNeeded;

    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Add(IActorRef subscriber)
    {
        Context.Watch(subscriber);
        _subscribers.Add(subscriber);
        foreach (var change in _last.Values.OrderBy(change => change.Node))
            subscriber.Tell(change);
    }

    private void OnUp(Member member)
    {
        Publish(member, MemberStatus.Up);
        CompareVersions();
    }

    private void OnNotice(NodeId node)
    {
        if (_last.TryGetValue(node, out var known) && _directory.TryFind(node, out var facts) && known.Status == MemberStatus.Up)
            Publish(facts, MemberStatus.Leaving);
    }

    private void OnReachable(Member member)
    {
        if (member.Status == Akka.Cluster.MemberStatus.Up)
            Publish(member, MemberStatus.Up);
    }

    private void Publish(Member member, MemberStatus status) => Publish(MemberFacts.Of(member), status);

    private void Publish(MemberFacts facts, MemberStatus status)
    {
        // A member that leaves and is unreachable as well is the second of the two: it hands nothing over any more.
        if (status == MemberStatus.Unreachable && !_last.ContainsKey(facts.Id))
            return;
        var change = new MemberChanged(facts.Id, facts.Roles, status);
        if (status == MemberStatus.Removed)
        {
            _last.Remove(facts.Id);
            _directory.Remove(facts.Id);
        }
        else
        {
            _last[facts.Id] = change;
            _directory.Add(facts, status);
        }
        foreach (var subscriber in _subscribers)
            subscriber.Tell(change);
    }

    private void CompareVersions()
    {
        var self = _cluster.SelfMember;
        var oldest = _cluster.State.Members.Where(member => member.HasRole("coordinator") && member.Status == Akka.Cluster.MemberStatus.Up).Order(Member.AgeOrdering).FirstOrDefault();
        if (oldest is null || oldest.UniqueAddress.Equals(self.UniqueAddress) || oldest.AppVersion.Equals(self.AppVersion))
            return;
        var (mine, theirs) = (self.AppVersion.ToString().Split('.'), oldest.AppVersion.ToString().Split('.'));
        var what = mine[0] != theirs[0] ? $"speaks version {mine[0]} of the wire format and the cluster speaks {theirs[0]}"
            : mine.ElementAtOrDefault(1) != theirs.ElementAtOrDefault(1) ? $"expects {mine.ElementAtOrDefault(1)} coordinators and the cluster has been told of {theirs.ElementAtOrDefault(1)}"
            : "has another failover profile than the cluster";
        _refuse($"This node cannot join: it {what}. Start it with the version and the options (coordinators, failover) of the coordinator at {oldest.Address}.");
    }
}
