using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>
/// Proves from a run's ledger, without trusting who wrote it, that each shard of each surviving step entered each partition's update exactly once, that
/// versions go up by one except at a rollback, that no two coordinators committed one step, that terms, incarnations and owner epochs rise, and that the
/// checkpoints on the disk have the fingerprints they claim.
/// </summary>
public static class Audit
{
    /// <summary>The most violations that are listed.</summary>
    public const int ViolationsMax = 1000;

    /// <summary>The name of the ledger in a run directory.</summary>
    public const string LedgerName = "ledger.db";

    /// <summary>Audits a run.</summary>
    /// <param name="runDirectory">The run directory.</param>
    /// <exception cref="InvalidInputException">There is no such directory or no ledger in it, or the ledger cannot be read.</exception>
    public static AuditResult Run(string runDirectory)
    {
        ArgumentException.ThrowIfNullOrEmpty(runDirectory);
        if (!Directory.Exists(runDirectory))
            throw new InvalidInputException($"There is no run directory {runDirectory}.");
        using var ledger = LedgerReader.Open(Path.Combine(runDirectory, LedgerName));
        var findings = new AuditFindings();
        var history = new AuditHistory(findings);
        foreach (var entry in ledger.Conflicts())
            findings.Add(AuditRule.SequenceTwice, entry.At.Step, $"Two different events have the term {entry.At.Term} and the sequence {entry.At.Sequence}; the second is {entry.GetType().Name}.");
        foreach (var entry in ledger.Decisions())
            history.Add(entry);
        history.Finish();
        var shards = new AuditShards(history, findings);
        shards.Check(ledger.EntriesByStep());
        var checkpoints = new AuditCheckpoints(history, findings);
        checkpoints.Check(new CheckpointDirectory(Path.Combine(runDirectory, "checkpoints")));
        var updates = history.Commits.Values.LongCount(committed => committed.Applied && !history.IsLost(committed.At.Step));
        return new AuditResult(updates, shards.Proven, history.Duplicates, history.Rollbacks, checkpoints.Recomputed, findings.Violations) { Unproven = history.Unproven };
    }
}
