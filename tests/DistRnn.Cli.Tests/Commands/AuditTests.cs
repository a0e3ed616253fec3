using DistRnn.Cluster;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary><c>distrnn audit</c>: its counts, its exit codes, its sentences.</summary>
public sealed class AuditTests
{
    [Fact]
    public void Audit_OfARunInOrder_CountsAndEndsWithZero()
    {
        using var directory = new TemporaryDirectory();
        WriteLedger(directory, missing: -1);
        var result = CommandLine.Run("audit", directory.Path, "--json");
        Assert.Equal(ExitCodes.Done, result.ExitCode);
        Assert.Equal("""{"updates":3,"shards":6,"duplicates":1,"rollbacks":0,"violations":[]}""", result.LastLineAsJson().GetRawText());
    }

    [Fact]
    public void Audit_OfAShardThatIsMissing_SaysSoAndEndsWithOne()
    {
        using var directory = new TemporaryDirectory();
        WriteLedger(directory, missing: 1);
        var result = CommandLine.Run("audit", directory.Path, "--json");
        Assert.Equal(ExitCodes.Failed, result.ExitCode);
        const string Reason = "The shard 1 of step 1 did not enter the update of partition 0.";
        Assert.Contains($"shard-missing: {Reason}\n", result.Output, StringComparison.Ordinal);
        var violation = Assert.Single(result.LastLineAsJson().GetProperty("violations").EnumerateArray());
        Assert.Equal(("shard-missing", 1, Reason), (violation.GetProperty("rule").GetString(), violation.GetProperty("step").GetInt32(), violation.GetProperty("reason").GetString()));
    }

    [Fact]
    public void Audit_WithoutALedger_IsWrongUsage()
    {
        using var directory = new TemporaryDirectory();
        var result = CommandLine.Run("audit", directory.Path);
        Assert.Equal(ExitCodes.InvalidInput, result.ExitCode);
        Assert.Equal($"distrnn: There is no ledger {directory["ledger.db"]}.\n", result.Error);
    }

    private static void WriteLedger(TemporaryDirectory directory, int missing)
    {
        using var writer = LedgerWriter.Open(directory["ledger.db"]);
        var sequence = 0;
        Record(0, new TermBegan("coordinator"));
        Record(0, new RunStarted("run", "", "", "synchronous", "none", 2, 1));
        for (var step = 0; step < 3; step++)
        {
            Record(step, new ShardEntered(0, 1, 1, "worker", 0, ""));
            Record(step, new DuplicateCompared(0, 1, 2, "worker", 0, true));
            if (step != missing)
                Record(step, new ShardEntered(1, 1, 1, "worker", 0, ""));
            Record(step, new StepCommitted(2, 1, 1, 1, 1, 0.1, true, 1));
        }

        void Record(long step, LedgerEvent entry)
        {
            if (entry is not DuplicateCompared || step == 0)
                writer.Record(entry with { At = new LedgerPlace(1, ++sequence, 0, step) });
        }
    }
}
