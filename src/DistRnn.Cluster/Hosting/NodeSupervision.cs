using Akka.Actor;

namespace DistRnn.Cluster;

/// <summary>
/// What becomes of an actor that fails: its node's actor system ends, and the process goes on with a new one, which joins as a new member. An actor that was only
/// started again would have forgotten who asked it for what, and they would wait for it without an end.
/// </summary>
public sealed class NodeSupervision : SupervisorStrategyConfigurator
{
    /// <inheritdoc/>
    public override SupervisorStrategy Create() => new OneForOneStrategy(exception => exception is ActorKilledException ? Directive.Stop : Directive.Escalate);
}
