using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>The ledger: what all coordinators recorded, in the order of their terms.</summary>
internal sealed partial class SimulationChecks
{
    private readonly SortedDictionary<(long Term, long Sequence, string Host), LedgerEvent> _ledger = [];
    private readonly List<(long Term, NodeId Node, bool IsFresh)> _terms = [];
    private readonly Dictionary<(int Lineage, int Incarnation, long Term), long> _committed = [];
    private readonly Dictionary<NodeId, int> _lineages = [];
    private int _lineage;
    private readonly HashSet<(string Host, long Term, int Incarnation, int Attempt)> _attempts = [];
    private readonly Dictionary<long, string> _saved = [];

    /// <summary>Takes an event.</summary>
    public void Take(SimulatedProcess process, LedgerEvent entry)
    {
        var node = process.Id;
        var place = (entry.At.Term, entry.At.Sequence, FormattableString.Invariant($"{node.Address}/{process.Host.Disk.Losses}"));
        if (_ledger.TryGetValue(place, out var other) && other != entry)
            Fail("ledger", $"{node} recorded an event {place.Sequence} of term {place.Term} where there was one already: {entry} and {other}.");
        _ledger[place] = entry;
        if (entry is StepCommitted)
            TakeCommit(node, entry.At);
        if (entry is TermBegan)
        {
            _terms.Add((place.Term, node, false));
            _lineages[node] = _lineage;
        }
        if (entry is RunStarted)
        {
            _terms[^1] = _terms[^1] with { IsFresh = true };
            _lineages[node] = ++_lineage;
        }
    }

    /// <summary>Where a coordinator has committed a step, one of a lower term may still hear of earlier ones, and of no later one. A run that began once more, nothing being left, has terms of its own.</summary>
    private void TakeCommit(NodeId node, LedgerPlace place)
    {
        var lineage = _lineages.GetValueOrDefault(node);
        foreach (var (other, newest) in _committed.Where(other => other.Key.Lineage == lineage && other.Key.Incarnation == place.Incarnation && other.Key.Term > place.Term))
            if (place.Step > newest)
                Fail("commits", $"{node} committed step {place.Step} in term {place.Term} when step {newest} had been committed in term {other.Term}.");
        var key = (lineage, place.Incarnation, place.Term);
        _committed[key] = Math.Max(place.Step, _committed.GetValueOrDefault(key, -1));
    }

    /// <summary>A term is one coordinator's; only where nothing of a run was left and it began once more, its terms may have done so too.</summary>
    private void CheckTerms()
    {
        for (var i = 0; i < _terms.Count; i++)
        {
            for (var j = i + 1; j < _terms.Count && !_terms[j].IsFresh; j++)
                if (_terms[i].Term == _terms[j].Term)
                    Fail("terms", $"{_terms[i].Node} and {_terms[j].Node} both were in charge in term {_terms[i].Term}.");
        }
    }

    private void CheckLedger()
    {
        var commits = new SortedDictionary<(int Incarnation, long Step), StepCommitted>();
        var entered = new Dictionary<(int Incarnation, long Step, long Term, string Host), List<ShardEntered>>();
        var leased = new HashSet<(int Incarnation, long Step, int Attempt, string Worker)>();
        CheckTerms();
        foreach (var ((_, _, host), entry) in _ledger)
        {
            var at = entry.At;
            switch (entry)
            {
                case StepLeased lease:
                    if (!_attempts.Add((host, at.Term, at.Incarnation, lease.Attempt)))
                        Fail("leases", $"Two leases of term {at.Term} and incarnation {at.Incarnation} have the number {lease.Attempt}.");
                    leased.Add((at.Incarnation, at.Step, lease.Attempt, lease.Worker));
                    break;
                case ShardEntered shard:
                    if (!leased.Contains((at.Incarnation, at.Step, shard.Attempt, shard.Worker)))
                        Fail("ledger", $"Attempt {shard.Attempt} of {shard.Worker} entered step {at.Step} of incarnation {at.Incarnation}, and there was no such lease.");
                    if (!entered.TryGetValue((at.Incarnation, at.Step, at.Term, host), out var list))
                        entered[(at.Incarnation, at.Step, at.Term, host)] = list = [];
                    list.Add(shard);
                    break;
                case StepCommitted commit:
                    Commit(commits, commit);
                    break;
                default:
                    break;
            }
        }
        CheckHistory(commits, entered);
    }

    private void Commit(SortedDictionary<(int Incarnation, long Step), StepCommitted> commits, StepCommitted commit)
    {
        var key = (commit.At.Incarnation, commit.At.Step);
        if (commits.TryGetValue(key, out var other) && (other.Factor, other.Rate, other.Applied) != (commit.Factor, commit.Rate, commit.Applied))
            Fail("commits", $"Step {key.Step} of incarnation {key.Incarnation} was committed twice, differently: {other} and {commit}.");
        commits[key] = commit;
    }

    /// <summary>The history that survives: from the last version backwards, each step in the newest incarnation that made it before what follows.</summary>
    private void CheckHistory(SortedDictionary<(int Incarnation, long Step), StepCommitted> commits, Dictionary<(int Incarnation, long Step, long Term, string Host), List<ShardEntered>> entered)
    {
        foreach (var (key, _) in commits)
        {
            var places = entered.Keys.Where(place => place.Incarnation == key.Incarnation && place.Step == key.Step).ToArray();
            if (places.Length == 0)
            {
                Fail("ledger", $"Step {key.Step} of incarnation {key.Incarnation} was committed, and no shard entered it.");
                continue;
            }
            var newest = entered[places.MaxBy(place => place.Term)];
            for (var partition = 0; partition < shape.Partitions; partition++)
            {
                var counts = new int[shards];
                foreach (var shard in newest.Where(shard => shard.Partition == partition))
                    for (var i = shard.FirstShard; i < shard.FirstShard + shard.Shards; i++)
                        counts[i]++;
                if (Array.FindIndex(counts, count => count != 1) is >= 0 and var wrong)
                    Fail("shards", $"Shard {wrong} entered step {key.Step} of incarnation {key.Incarnation} {counts[wrong]} times on partition {partition}.");
            }
        }
        for (var step = 0L; step < reference.Version; step++)
            if (commits.Keys.All(key => key.Step != step))
                Fail("ledger", $"No coordinator recorded that step {step} was committed.");
    }
}
