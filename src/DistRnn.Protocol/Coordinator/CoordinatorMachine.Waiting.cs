namespace DistRnn.Protocol;

/// <summary>What the run waits for where it stands still.</summary>
public sealed partial class CoordinatorMachine
{
    private (CoordinatorPhase Phase, long Version, int Incarnation) _place;
    private TimeSpan _placeSince;
    private TimeSpan _saysAfter;

    private void LookAtWaiting()
    {
        if (_place != (Phase, _version, _run.Incarnation))
        {
            (_place, _placeSince, _saysAfter) = ((Phase, _version, _run.Incarnation), _now, _options.SaysAfter);
            return;
        }
        if (_now - _placeSince < _saysAfter || WaitsFor() is not { } what)
            return;
        _saysAfter = (_now - _placeSince) * 2;
        _effects.Add(new Waiting(FormattableString.Invariant($"The run has stood still for {(_now - _placeSince).TotalSeconds:0} s and waits for {what}.")));
    }

    /// <summary>What is waited for; null where what is under way just takes its time.</summary>
    private string? WaitsFor()
    {
        switch (Phase)
        {
            case CoordinatorPhase.Asking:
                var servers = _members.All.Where(member => member.IsServer).ToArray();
                return servers.Length == 0 ? "a parameter server to join the cluster" : "the promise of " + Names(servers.Where(member => !_promises.ContainsKey(member.Node)).Select(member => member.Node));
            case CoordinatorPhase.Gathering:
                return FormattableString.Invariant($"nodes: {_members.Workers.Count()} of {Plan.WorkersWanted} workers have the job and its data, and {_members.Servers.Count()} of {Plan.ServersWanted} parameter servers are there");
            case CoordinatorPhase.GoingBack:
                return "the newest checkpoint to be found";
            case CoordinatorPhase.Placing:
                return "the first content to reach " + Names(_partitions.Where(partition => !partition.IsHeld).Select(partition => partition.Owner).Distinct());
            case CoordinatorPhase.Computing or CoordinatorPhase.Evaluating when !_members.Workers.Any():
                return "a worker that can compute shards";
            case CoordinatorPhase.Applying:
                return "the update of " + Names(_partitions.Where(partition => !partition.IsApplied).Select(partition => partition.Promoting ?? partition.Owner).Distinct());
            default:
                return null;
        }
    }

    private static string Names(IEnumerable<NodeId> nodes) => string.Join(", ", nodes.Select(node => node.Address));
}
