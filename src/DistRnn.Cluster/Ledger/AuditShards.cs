using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Whether each shard of each surviving step entered each partition's update exactly once.</summary>
internal sealed class AuditShards(AuditHistory history, AuditFindings findings)
{
    private const int PartitionsMax = 1 << 20;

    private readonly Dictionary<(int Partition, int Shard), int> _counts = [];

    /// <summary>Shards that are proven.</summary>
    public long Proven { get; private set; }

    /// <summary>Goes through everything that entered.</summary>
    /// <param name="entries">By step.</param>
    public void Check(IEnumerable<ShardEntered> entries)
    {
        using var commits = history.Commits.GetEnumerator();
        var more = commits.MoveNext();
        foreach (var group in ByStep(entries))
        {
            for (; more && commits.Current.Key < group.Step; more = commits.MoveNext())
                CheckStep(commits.Current.Value, []);
            if (!more)
                return;
            if (commits.Current.Key != group.Step)
                continue;
            CheckStep(commits.Current.Value, group.Entries);
            more = commits.MoveNext();
        }
        for (; more; more = commits.MoveNext())
            CheckStep(commits.Current.Value, []);
    }

    private static IEnumerable<(long Step, List<ShardEntered> Entries)> ByStep(IEnumerable<ShardEntered> entries)
    {
        var (step, group) = (-1L, new List<ShardEntered>());
        foreach (var entry in entries)
        {
            if (entry.At.Step != step && group.Count > 0)
            {
                yield return (step, group);
                group = [];
            }
            step = entry.At.Step;
            group.Add(entry);
        }
        if (group.Count > 0)
            yield return (step, group);
    }

    private void CheckStep(StepCommitted committed, List<ShardEntered> entries)
    {
        if (history.IsLost(committed.At.Step))
            return;
        _counts.Clear();
        foreach (var entry in EntriesOf(committed, entries))
            Count(committed, entry);
        if (!committed.Applied)
            return;
        if (committed.Partitions is < 1 or > PartitionsMax || committed.Shards < 1)
        {
            findings.Add(AuditRule.ShardUnknown, committed.At.Step, $"The step {committed.At.Step} was committed with {committed.Shards} shards on {committed.Partitions} partitions.");
            return;
        }
        for (var shard = 0; shard < committed.Shards && !findings.IsFull; shard++)
        {
            var isProven = true;
            for (var partition = 0; partition < committed.Partitions; partition++)
            {
                var count = _counts.GetValueOrDefault((partition, shard));
                isProven &= count == 1;
                if (count == 0)
                    findings.Add(AuditRule.ShardMissing, committed.At.Step, $"The shard {shard} of step {committed.At.Step} did not enter the update of partition {partition}.");
            }
            if (isProven)
                Proven++;
        }
    }

    private void Count(StepCommitted committed, ShardEntered entry)
    {
        var step = committed.At.Step;
        if (entry.Partition < 0 || entry.Partition >= committed.Partitions)
        {
            findings.Add(AuditRule.ShardUnknown, step, $"A shard of step {step} entered the update of partition {entry.Partition}; there are {committed.Partitions}.");
            return;
        }
        var end = (long)entry.FirstShard + entry.Shards;
        if (entry.FirstShard < 0 || entry.Shards < 1 || end > Math.Max(history.ShardsMax, committed.Shards))
        {
            findings.Add(AuditRule.ShardUnknown, step, $"The shards {entry.FirstShard} to {end - 1} of step {step} entered the update of partition {entry.Partition}; a batch has {Math.Max(history.ShardsMax, committed.Shards)} shards.");
            return;
        }
        for (var shard = entry.FirstShard; shard < end; shard++)
        {
            ref var count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, (entry.Partition, shard), out _);
            if (++count == 2)
                findings.Add(AuditRule.ShardTwice, step, $"The shard {shard} of step {step} entered the update of partition {entry.Partition} twice; the second time attempt {entry.Attempt} of {entry.Worker}.");
        }
    }

    // A coordinator that takes over before a step is decided records anew what the partitions report: the entries of the newest term are those of the update.
    // Where shards are applied one by one, servers take each once, and a later term only learns of it again.
    private IEnumerable<ShardEntered> EntriesOf(StepCommitted committed, List<ShardEntered> entries)
    {
        entries.RemoveAll(entry => entry.At.Incarnation != committed.At.Incarnation);
        if (!history.IsSynchronous)
            return entries.GroupBy(entry => (entry.Partition, entry.FirstShard)).SelectMany(group => group.Where(entry => entry.At.Term == group.First().At.Term));
        if (entries.Find(entry => entry.At.Term > committed.At.Term) is { } late)
            findings.Add(AuditRule.ShardTwice, committed.At.Step, $"The shard {late.FirstShard} of step {committed.At.Step} entered the update of partition {late.Partition} in term {late.At.Term} again, after it was committed in term {committed.At.Term}.");
        var newest = entries.Where(entry => entry.At.Term <= committed.At.Term).Select(entry => entry.At.Term).DefaultIfEmpty().Max();
        return entries.Where(entry => entry.At.Term == newest);
    }
}
