using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>
/// What lies between processes. A message is lost, doubled, delayed by its own time, so that any other may overtake it, or cut off. What carries tensors is copied as a connection
/// would; what is not delivered is let go of.
/// </summary>
internal sealed class SimulatedNetwork(SimulatedCluster cluster, Draws draws)
{
    private readonly HashSet<(SimulatedHost From, SimulatedHost To)> _cuts = [];
    private readonly List<(HashSet<SimulatedHost> From, HashSet<SimulatedHost> To)> _splits = [];

    /// <summary>Messages that were sent.</summary>
    public long Messages { get; private set; }

    /// <summary>Whether what one host sends comes to another.</summary>
    public bool Passes(SimulatedHost from, SimulatedHost to) => from == to || !_cuts.Contains((from, to));

    /// <summary>Whether two hosts hear each other.</summary>
    public bool Hear(SimulatedHost one, SimulatedHost other) => Passes(one, other) && Passes(other, one);

    /// <summary>Cuts some hosts off from others.</summary>
    /// <returns>Heals it.</returns>
    public Action Split(HashSet<SimulatedHost> from, HashSet<SimulatedHost> to)
    {
        var split = (from, to);
        _splits.Add(split);
        FindCuts();
        return () =>
        {
            _splits.Remove(split);
            FindCuts();
        };
    }

    /// <summary>Sends a message.</summary>
    /// <param name="from">Who sends it.</param>
    /// <param name="to">Whom it is for.</param>
    /// <param name="role">Which of its machines.</param>
    /// <param name="message">The message; let go of, a copy of it is what arrives.</param>
    public void Send(SimulatedProcess from, NodeId to, NodeRoles role, IMessage message)
    {
        Messages++;
        if (from.Id == to)
        {
            Deliver(from, to, role, TensorCopies.Of(message), TimeSpan.Zero);
        }
        else if (cluster.IsFaulty && draws.Happens(cluster.Plan.Loss))
        {
            cluster.Count(FaultKind.MessageLost);
        }
        else
        {
            Deliver(from, to, role, TensorCopies.Of(message), Delay());
            if (cluster.IsFaulty && draws.Happens(cluster.Plan.Doubling))
            {
                cluster.Count(FaultKind.MessageDoubled);
                Deliver(from, to, role, TensorCopies.Of(message), Delay() + draws.Milliseconds(0, 500));
            }
        }
        (message as ITensorMessage)?.Release();
    }

    private void Deliver(SimulatedProcess from, NodeId to, NodeRoles role, IMessage message, TimeSpan delay) => cluster.Events.In(
        delay,
        () =>
        {
            if (cluster.Find(to) is { IsAlive: true } process && Passes(from.Host, process.Host) && !IsQuarantined(process, from.Id, message))
                cluster.Feed(process, role, new Received(from.Id, message));
            else
                (message as ITensorMessage)?.Release();
        },
        () => (message as ITensorMessage)?.Release());

    /// <summary>Remoting lets nothing in from a life that its node knows to be removed; the data plane asks no membership.</summary>
    private static bool IsQuarantined(SimulatedProcess process, NodeId from, IMessage message) => message is not ITensorMessage && process.KnowsRemoved(from);

    private TimeSpan Delay()
    {
        var delay = draws.Milliseconds(0.2, 8);
        if (!cluster.IsFaulty || !draws.Happens(cluster.Plan.Lateness))
            return delay;
        cluster.Count(FaultKind.MessageDelayed);
        return delay + draws.Milliseconds(10, draws.Happens(0.3) ? 3_000 : 300);
    }

    private void FindCuts()
    {
        _cuts.Clear();
        foreach (var (from, to) in _splits)
            foreach (var one in from)
                foreach (var other in to)
                    _cuts.Add((one, other));
    }
}
