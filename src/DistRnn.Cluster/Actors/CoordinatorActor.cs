using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Drives a <see cref="CoordinatorMachine"/>. In a cluster it is a singleton: where its node dies, another node creates the next one, which takes the next term.</summary>
internal sealed class CoordinatorActor : MachineActor
{
    private readonly CoordinatorOptions _options;
    private readonly Dictionary<NodeId, MemberChanged> _members = [];
    private readonly Func<ICoordinatorRuns> _runsOf;
    private readonly Action<IActorRef>? _begun;
    private readonly Action? _ended;
    private ICoordinatorRuns _runs = null!;

    /// <summary>Creates the actor, with a machine that knows nothing yet.</summary>
    /// <param name="node">This node.</param>
    /// <param name="options">How the machine behaves.</param>
    /// <param name="link">What carries its messages.</param>
    /// <param name="runsOf">Gives what is done beside messages, when the actor begins.</param>
    /// <param name="fault">Told what broke the machine.</param>
    /// <param name="begun">Told of the actor when it begins; null for nobody.</param>
    /// <param name="ended">Called when it has ended; null for nobody.</param>
    public CoordinatorActor(
        NodeId node, CoordinatorOptions options, IMessageLink link, Func<ICoordinatorRuns> runsOf, Action<Exception> fault, Action<IActorRef>? begun, Action? ended)
        : base(node, NodeRoles.Coordinator, link, new CoordinatorMachine(node, options).Handle, fault) => (_options, _runsOf, _begun, _ended) = (options, runsOf, begun, ended);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        _begun?.Invoke(Self);
        _runs = _runsOf();
        _runs.Begin(new Desk(this, Self));
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case MemberChanged change:
                Remember(change);
                base.OnReceive(message);
                break;
            case Renewal:
                Renew();
                break;
            case ClusterQuery query:
                var (sender, self) = (Sender, Self);
                _runs.Answer(query, answer => sender.Tell(answer, self));
                break;
            case WireEnvelope { Message: PromiseReply { Term: 0 } reply } envelope when envelope.To == Node:
                _runs.TakeHoldings(envelope.From, reply.Holdings);
                break;
            case Received { Message: PartitionSeed seed }:
                _runs.TakeSnapshot(seed.Key, seed.Content);
                break;
            case WireEnvelope { Message: PartitionSeed seed } envelope when envelope.To == Node:
                _runs.TakeSnapshot(seed.Key, seed.Content);
                break;
            default:
                base.OnReceive(message);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void CarryOut(Effect effect) => _runs.CarryOut(effect);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        (_runs as IDisposable)?.Dispose();
        base.PostStop();
        _ended?.Invoke();
    }

    private void Remember(MemberChanged change)
    {
        if (change.Status == MemberStatus.Removed)
            _members.Remove(change.Node);
        else
            _members[change.Node] = change;
    }

    private void Renew()
    {
        Timers.CancelAll();
        Take(new CoordinatorMachine(Node, _options).Handle);
        foreach (var change in _members.Values.OrderBy(change => change.Node))
            Feed(change);
    }

    /// <summary>Asks for a machine that knows nothing but the members.</summary>
    private sealed record Renewal;

    private sealed class Desk(CoordinatorActor actor, IActorRef self) : ICoordinatorDesk
    {
        public void Feed(Input input) => self.Tell(input);

        public void Renew() => self.Tell(new Renewal());

        public void Send(NodeId to, NodeRoles role, IMessage message) => actor.Send(to, role, message);
    }
}
