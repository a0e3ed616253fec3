using System.Collections.Immutable;
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

    /// <summary>Asks what this server holds; answered by <see cref="Holdings"/>.</summary>
    internal sealed record HoldingsQuery
    {
        /// <summary>The only one that is needed.</summary>
        public static HoldingsQuery Instance { get; } = new();
    }

    /// <summary>What this server holds.</summary>
    /// <param name="Partitions">Each of its partitions, as owner or as copy.</param>
    internal sealed record Holdings(ImmutableArray<PartitionHolding> Partitions);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is HoldingsQuery)
            Sender.Tell(new Holdings(_machine.Holdings), Self);
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
