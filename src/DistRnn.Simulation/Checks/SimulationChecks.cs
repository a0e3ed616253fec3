using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>Something that must never be, and was.</summary>
/// <param name="Checker">What noticed it: kebab-case.</param>
/// <param name="Reason">What it is, in words.</param>
public sealed record Violation(string Checker, string Reason);

/// <summary>
/// What must hold in every run, looked at after every input: the end is the undisturbed run's, every version on the way has its fingerprint, each shard enters each surviving
/// update once, decisions of a step are one decision, versions go back only with the incarnation (a copy by one where its owner is lost before the commit), and nothing grows beyond its bound.
/// </summary>
internal sealed partial class SimulationChecks(ReferenceRun reference, ClusterShape shape, int shards)
{
    /// <summary>The most events that may be planned at once.</summary>
    public const int EventsMax = 50_000;

    private readonly Dictionary<(NodeId Node, RunKey Run, int Partition), (long Version, long OwnerEpoch)> _versions = [];
    private readonly Dictionary<(int Incarnation, long Step), (float Factor, double Rate, bool IsApplied)> _decisions = [];

    /// <summary>What was noticed.</summary>
    public List<Violation> Violations { get; } = [];

    /// <summary>Notes a violation.</summary>
    public void Fail(string checker, string reason) => Violations.Add(new Violation(checker, reason));

    /// <summary>Looks at a machine that has taken an input.</summary>
    public void Look(SimulatedProcess process, NodeRoles role)
    {
        switch (role)
        {
            case NodeRoles.ParameterServer:
                foreach (var holding in process.Server!.Holdings)
                    Look(process.Id, holding);
                Bound(process.Server.Partitions, 2 * shape.Partitions, $"partitions on {process.Id}");
                break;
            case NodeRoles.Worker:
                Bound(process.Worker!.Leases, new WorkerOptions().LeasesMax, $"leases on {process.Id}");
                break;
            case NodeRoles.Coordinator when process.Coordinator is { } coordinator:
                Bound(coordinator.Leases, 4 * shards + 8, $"leases that {process.Id} remembers");
                break;
            default:
                break;
        }
    }

    /// <summary>Takes a checkpoint: its fingerprint must be that of the undisturbed run's version.</summary>
    public void TakeCheckpoint(NodeId node, StoredCheckpoint checkpoint)
    {
        if (checkpoint.Version > reference.Version)
            Fail("fingerprint", $"{node} made a checkpoint of version {checkpoint.Version}; the undisturbed run ends with {reference.Version}.");
        else if (checkpoint.Fingerprint != reference.Fingerprints[(int)checkpoint.Version])
            Fail("fingerprint", $"Version {checkpoint.Version} has the fingerprint {checkpoint.Fingerprint}; the undisturbed run's is {reference.Fingerprints[(int)checkpoint.Version]}.");
        else
            _saved[checkpoint.Version] = checkpoint.Fingerprint;
    }

    /// <summary>Takes the end of the run.</summary>
    public void End(NodeId node, EndRun end)
    {
        if (end.Status != reference.Status || end.Version != reference.Version)
            Fail("outcome", $"The run ended with the status {end.Status} at version {end.Version} ({end.Reason}); the undisturbed run is {reference.Status} at {reference.Version}.");
        else if (_saved.GetValueOrDefault(end.Version) != reference.Fingerprint)
            Fail("outcome", $"{node} ended the run without a checkpoint of version {end.Version}.");
        CheckLedger();
    }

    private void Look(NodeId node, PartitionHolding holding)
    {
        var key = (node, holding.Key.Run, holding.Key.Index);
        // A copy may have made an update that is not committed yet when its owner is lost and another copy, which has not, becomes the owner and fills it.
        var isFilledAnew = !holding.IsOwner && _versions.TryGetValue(key, out var before) && holding.Key.OwnerEpoch > before.OwnerEpoch && holding.Version == before.Version - 1;
        if (_versions.TryGetValue(key, out before) && holding.Version < before.Version && holding.Version >= 0 && !isFilledAnew)
            Fail("versions", $"Partition {holding.Key.Index} went from version {before.Version} to {holding.Version} on {node} in incarnation {holding.Key.Run.Incarnation}.");
        _versions[key] = (isFilledAnew ? holding.Version : Math.Max(before.Version, holding.Version), holding.Key.OwnerEpoch);
        if (holding.LastDecision is not { } decision)
            return;
        var made = (decision.Factor, decision.LearningRate, decision.IsApplied);
        if (!_decisions.TryAdd((holding.Key.Run.Incarnation, decision.Step), made) && _decisions[(holding.Key.Run.Incarnation, decision.Step)] != made)
            Fail("decisions", $"Step {decision.Step} of incarnation {holding.Key.Run.Incarnation} was decided differently: partition {holding.Key.Index} on {node} had {made}, another {_decisions[(holding.Key.Run.Incarnation, decision.Step)]}.");
    }

    private void Bound(int count, int most, string what)
    {
        if (count > most)
            Fail("bounds", FormattableString.Invariant($"There are {count} {what}; the bound is {most}."));
    }
}
