using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>Collects the effects and reasons of one call of a machine.</summary>
internal sealed class EffectList
{
    private readonly ImmutableArray<Effect>.Builder _effects = ImmutableArray.CreateBuilder<Effect>();
    private readonly List<string> _reasons = [];

    public void Send(NodeId to, NodeRoles role, IMessage message) => _effects.Add(new SendTo(to, role, message));

    public void Timer(string name, TimeSpan delay) => _effects.Add(new SetTimer(name, delay));

    public void StopTimer(string name) => _effects.Add(new CancelTimer(name));

    public void Add(Effect effect) => _effects.Add(effect);

    public void Because(string reason) => _reasons.Add(reason);

    /// <summary>Hands out what was collected and begins anew.</summary>
    public Outcome Take()
    {
        var outcome = new Outcome(_effects.ToImmutable(), string.Join(" ", _reasons));
        _effects.Clear();
        _reasons.Clear();
        return outcome;
    }
}
