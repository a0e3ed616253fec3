using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Drives a <see cref="ParameterServerMachine"/>. Its sums and updates are made here, on a thread that is this actor's alone, and the team of its runner.</summary>
internal sealed class ParameterServerActor : MachineActor
{
    private readonly ParameterServerMachine _machine;
    private readonly IDisposable? _runner;

    /// <summary>Creates the actor.</summary>
    /// <param name="node">This node.</param>
    /// <param name="machine">The machine; disposed of with the actor.</param>
    /// <param name="link">What carries its messages.</param>
    /// <param name="runner">What computes for it; disposed of with the actor.</param>
    /// <param name="fault">Told what broke the machine.</param>
    public ParameterServerActor(NodeId node, ParameterServerMachine machine, IMessageLink link, IDisposable? runner, Action<Exception> fault)
        : base(node, NodeRoles.ParameterServer, link, machine.Handle, fault)
    {
        (_machine, _runner) = (machine, runner);
    }

    /// <summary>Asks whether this server owns partitions; answered by a Boolean.</summary>
    internal sealed record OwnershipQuery
    {
        /// <summary>The only one that is needed.</summary>
        public static OwnershipQuery Instance { get; } = new();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is OwnershipQuery)
            Sender.Tell(_machine.Holdings.Any(holding => holding.IsOwner), Self);
        else
            base.OnReceive(message);
    }

    /// <inheritdoc/>
    protected override void CarryOut(Effect effect)
    {
        // A snapshot is a seed to whoever makes the checkpoint: the same content, in the same form.
        if (effect is SendSnapshot snapshot)
            Send(snapshot.To, NodeRoles.Coordinator, new PartitionSeed(snapshot.Key, TensorCopies.Of(snapshot.Content), null));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _machine.Dispose();
        _runner?.Dispose();
        base.PostStop();
    }
}
