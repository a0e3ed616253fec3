using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>What a ledger lacks of a run that parameter servers hold at a later version than it tells of.</summary>
internal static class LedgerGap
{
    // Whoever wrote the last event may have written more behind it on a host that comes back: this event keeps clear of those.
    private const long Distance = 1L << 40;

    /// <summary>Says in the ledger which steps it lacks. A coordinator that takes over commits the last step again, so that one needs no more than what entered it.</summary>
    /// <param name="ledger">The ledger's file.</param>
    /// <param name="held">The version that parameter servers hold.</param>
    /// <returns>How many steps; 0 where it lacks none.</returns>
    public static long Mark(string ledger, long held)
    {
        if (!File.Exists(ledger) || Find(ledger, held) is not { } lost)
            return 0;
        using var writer = LedgerWriter.Open(ledger);
        writer.Record(lost);
        return lost.To - lost.From;
    }

    private static RecordsLost? Find(string ledger, long held)
    {
        using var reader = LedgerReader.Open(ledger);
        if (reader.Last is not { } last)
            return null;
        var (version, incarnation, shards, partitions) = (0L, -1, 0, 0);
        foreach (var entry in reader.Decisions())
        {
            switch (entry)
            {
                case RunStarted started:
                    (shards, partitions) = (started.Shards, started.Partitions);
                    if (started.At.Incarnation > incarnation)
                        (version, incarnation) = (started.At.Step, started.At.Incarnation);
                    break;
                case RolledBack rolledBack:
                    (version, incarnation) = (rolledBack.To, rolledBack.At.Incarnation);
                    break;
                case RecordsLost lost:
                    version = Math.Max(version, lost.To);
                    break;
                case StepCommitted:
                    version = Math.Max(version, entry.At.Step + 1);
                    break;
                default:
                    break;
            }
        }
        if (held <= version || held == version + 1 && IsEntered(reader, version, shards, partitions))
            return null;
        return new RecordsLost(version, held, "The coordinator's host is gone, and nobody else holds these records.")
        {
            At = new LedgerPlace(last.Term, last.Sequence + Distance, last.Incarnation, held),
        };
    }

    private static bool IsEntered(LedgerReader reader, long step, int shards, int partitions)
    {
        var entries = reader.EntriesOf(step).ToArray();
        if (entries.Length == 0)
            return false;
        var newest = entries.Max(entry => (entry.At.Incarnation, entry.At.Term));
        var counts = entries.Where(entry => (entry.At.Incarnation, entry.At.Term) == newest).GroupBy(entry => entry.Partition).ToDictionary(group => group.Key, group => group.Sum(entry => entry.Shards));
        return counts.Count == partitions && counts.Values.All(count => count == shards);
    }
}
