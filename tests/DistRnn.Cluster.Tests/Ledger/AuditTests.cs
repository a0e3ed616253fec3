using DistRnn.Numerics;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A run in order passes; a ledger that was tampered with in any one way does not, and the sentence says what is wrong.</summary>
public sealed class AuditTests
{
    private const string OneEntry = "kind = 'shard-entered' AND step = 1 AND body ->> 'first_shard' = 2 AND body ->> 'partition' = 1";

    [Fact]
    public void Audit_OfARunInOrder_CountsAndFindsNothing()
    {
        using var script = RunScript.OfSteps(5).Add(4, new DuplicateCompared(0, 2, 2, "worker-3", 1, true)).RollBack(2).Steps(4);
        var result = script.Audited();
        Assert.Empty(result.Violations);
        Assert.Equal((6, 18, 1, 1, 0), (result.Updates, result.Shards, result.Duplicates, result.Rollbacks, result.Checkpoints));
    }

    [Fact]
    public void Audit_WhereACoordinatorTookOverAndRecordedAgain_FindsNothing()
    {
        using var script = RunScript.OfSteps(4).RollBack(1).Steps(2).Add(3, new PartitionPromoted(0, "server-2", 2)).Term();
        script.Add(2, RunScript.Committed(2) with { Norm = 0, Loss = 0 }).RecordAgain(entry => entry is RolledBack or PartitionPromoted).Steps(2);
        var result = script.Audited();
        Assert.Empty(result.Violations);
        Assert.Equal((5, 15, 1), (result.Updates, result.Shards, result.Rollbacks));
    }

    [Fact]
    public void Audit_WhereACoordinatorDiedBeforeTheDecision_TakesTheEntriesOfTheNext()
    {
        using var script = RunScript.OfSteps(2);
        for (var partition = 0; partition < RunScript.Partitions; partition++)
            script.Add(2, new ShardEntered(0, 3, 7, "worker-7", partition, "cc"));
        Assert.Empty(script.Term().Steps(2).Audited().Violations);
    }

    [Fact]
    public void Audit_OfAStaleRunWhereTheNextCoordinatorLearnsOfShardsAgain_FindsNothing()
    {
        using var script = RunScript.OfSteps(2, "asynchronous").Add(2, new ShardEntered(0, 1, 7, "worker-7", 0, "")).Term();
        script.Add(2, new ShardEntered(0, 1, 8, "worker-8", 0, "")).Add(2, new ShardEntered(0, 1, 8, "worker-8", 1, "")).Add(2, RunScript.Committed(2) with { Shards = 1 });
        Assert.Empty(script.Audited().Violations);
    }

    [Fact]
    public void Audit_WhereRecordsAreLostWithTheirHost_SaysOfHowManyStepsNothingIsKnown()
    {
        using var script = RunScript.OfSteps(3);
        var result = script.Lose(4).Term().Add(6, RunScript.Committed(1)).Steps(1).Audited();
        Assert.Empty(result.Violations);
        Assert.Equal((4, 4, 12), (result.Updates, result.Unproven, result.Shards));
    }

    [Fact]
    public void Audit_WhereLostRecordsAreThoseOfStepsThatWereRolledBack_ProvesAllThatSurvives()
    {
        using var script = RunScript.OfSteps(3);
        var result = script.Lose(4).Term().RollBack(2).Steps(6).Audited();
        Assert.Empty(result.Violations);
        Assert.Equal((8, 0, 24), (result.Updates, result.Unproven, result.Shards));
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    [InlineData(5, 2)]
    public void Mark_OfAVersionThatServersHold_SaysWhatTheLedgerLacks(long held, long lost)
    {
        using var script = RunScript.OfSteps(3);
        script.Audited();
        Assert.Equal(lost, LedgerGap.Mark(script.Ledger, held));
        Assert.Equal(0, LedgerGap.Mark(script.Ledger, held));
    }

    [Fact]
    public void Mark_OfOneStepWhoseShardsAllEntered_LacksNothing()
    {
        using var script = RunScript.OfSteps(3);
        for (var partition = 0; partition < RunScript.Partitions; partition++)
            script.Add(3, new ShardEntered(0, 3, 7, "worker-7", partition, "cc"));
        script.Audited();
        Assert.Equal(0, LedgerGap.Mark(script.Ledger, 4));
        Assert.Equal(2, LedgerGap.Mark(script.Ledger, 5));
    }

    [Fact]
    public void Audit_OfASuccessorThatCommittedMoreThanTheLastStepAgain_NamesBothTerms()
    {
        using var script = RunScript.OfSteps(3).Term().Add(1, RunScript.Committed(2)).Add(2, RunScript.Committed(2));
        Assert.Equal([AuditRule.TwoCoordinators, AuditRule.TwoCoordinators], script.Audited().Violations.Select(violation => violation.Rule));
    }

    [Fact]
    public void Audit_WhereACommitWasLostAndRecordedByTheNext_FindsNothing()
    {
        using var script = RunScript.OfSteps(3).Term().RecordAgain(entry => entry is { At.Step: 2 } and StepCommitted).Steps(1);
        Assert.Empty(script.AuditedAfter("DELETE FROM events WHERE kind = 'step-committed' AND step = 2 AND term = 1").Violations);
    }

    [Fact]
    public void Audit_OfAStepThatWasPassedOver_AsksForNoShardsAndCountsNoUpdate()
    {
        using var script = RunScript.OfSteps(2).Add(2, RunScript.Committed(1) with { Applied = false, Loss = double.NaN });
        var result = script.Audited();
        Assert.Empty(result.Violations);
        Assert.Equal((2, 6), (result.Updates, result.Shards));
    }

    [Fact]
    public void Audit_OfTheLastShortBatch_AsksOnlyForShardsThatHadSequences()
    {
        using var script = RunScript.OfSteps(1);
        script.Add(1, new ShardEntered(0, 1, 1, "worker-1", 0, "")).Add(1, new ShardEntered(0, 1, 1, "worker-1", 1, "")).Add(1, RunScript.Committed(1) with { Shards = 1 });
        var result = script.Audited();
        Assert.Empty(result.Violations);
        Assert.Equal(4, result.Shards);
    }

    [Fact]
    public void Audit_OfAStaleRun_TakesStepsInAnyOrderButAllOfThem()
    {
        using var script = RunScript.OfSteps(4, "bounded-staleness(2)");
        Assert.Empty(script.AuditedAfter("UPDATE events SET step = 4 - step WHERE kind IN ('step-committed', 'shard-entered') AND step BETWEEN 1 AND 3").Violations);
    }

    [Fact]
    public void Audit_OfAStaleRunWithoutOneStep_SaysWhichIsMissing()
    {
        using var script = RunScript.OfSteps(4, "bounded-staleness(2)");
        AssertOne(script.AuditedAfter("DELETE FROM events WHERE kind = 'step-committed' AND step = 1"), AuditRule.StepMissing, 1, "the step 1");
    }

    [Theory]
    [InlineData("DELETE FROM events WHERE " + OneEntry, AuditRule.ShardMissing, "shard 2 of step 1 did not enter the update of partition 1")]
    [InlineData("INSERT INTO events SELECT term, 1000, incarnation, step, kind, body FROM events WHERE " + OneEntry, AuditRule.ShardTwice, "shard 2 of step 1 entered the update of partition 1 twice")]
    [InlineData("INSERT INTO events SELECT term, 1000, incarnation, step, kind, json_set(body, '$.first_shard', 1, '$.attempt', 9) FROM events WHERE " + OneEntry, AuditRule.ShardTwice, "shard 1 of step 1 entered the update of partition 1 twice; the second time attempt 9 of worker-2")]
    [InlineData("INSERT INTO events SELECT term + 1, 1, incarnation, step, kind, json_set(body, '$.worker', 'other') FROM events WHERE " + OneEntry, AuditRule.ShardTwice, "in term 2 again, after it was committed in term 1")]
    [InlineData("UPDATE events SET body = json_set(body, '$.partition', 7) WHERE " + OneEntry, AuditRule.ShardUnknown, "partition 7; there are 2")]
    [InlineData("UPDATE events SET body = json_set(body, '$.first_shard', 3) WHERE " + OneEntry, AuditRule.ShardUnknown, "shards 3 to 3 of step 1")]
    [InlineData("UPDATE events SET incarnation = 3 WHERE " + OneEntry, AuditRule.ShardMissing, "shard 2 of step 1")]
    [InlineData("DELETE FROM events WHERE kind = 'step-committed' AND step = 1", AuditRule.StepMissing, "no commit of the step 1")]
    [InlineData("INSERT INTO events SELECT term, 1000, incarnation, step, kind, body FROM events WHERE kind = 'step-committed' AND step = 1", AuditRule.StepTwice, "step 1 was committed twice")]
    [InlineData("UPDATE events SET step = 9 WHERE kind = 'step-committed' AND step = 3", AuditRule.StepMissing, "no commit of the steps 3 to 8")]
    [InlineData("UPDATE events SET incarnation = 1 WHERE kind = 'step-committed' AND step = 1", AuditRule.IncarnationOrder, "committed in incarnation 1; the run was in 0")]
    [InlineData("UPDATE events SET body = json_set(body, '$.factor_term', 2) WHERE kind = 'step-committed' AND step = 1", AuditRule.TermOrder, "by a factor of term 2")]
    [InlineData("DELETE FROM events WHERE kind = 'term-began'", AuditRule.TermOrder, "which did not begin")]
    [InlineData("INSERT INTO events SELECT term, 1000, incarnation, step, kind, json_set(body, '$.coordinator', 'other') FROM events WHERE kind = 'term-began'", AuditRule.TermOrder, "term 1 began twice: with coordinator-1 and with other")]
    [InlineData("INSERT INTO conflicts SELECT * FROM events WHERE sequence = 3", AuditRule.SequenceTwice, "the term 1 and the sequence 3")]
    [InlineData("DELETE FROM events WHERE kind = 'run-started'", AuditRule.StepMissing, "does not say that the run started")]
    [InlineData("UPDATE events SET step = 2 WHERE kind = 'run-started'", AuditRule.StepMissing, "no commit of the steps 0 to 1")]
    public void Audit_OfALedgerThatWasTamperedWith_FindsIt(string statement, AuditRule rule, string reason)
    {
        using var script = RunScript.OfSteps(4);
        AssertHas(script.AuditedAfter(statement), rule, reason);
    }

    [Theory]
    [InlineData("UPDATE events SET incarnation = 5 WHERE kind = 'rolled-back'", AuditRule.IncarnationOrder, "committed in incarnation 1; the run was in 5")]
    [InlineData("UPDATE events SET body = json_set(body, '$.to', 4) WHERE kind = 'rolled-back'", AuditRule.StepMissing, "goes to version 4; the run stood at 3")]
    [InlineData("UPDATE events SET incarnation = 0 WHERE kind = 'rolled-back'", AuditRule.IncarnationOrder, "begins incarnation 0; the run was in 0 already")]
    [InlineData("DELETE FROM events WHERE kind = 'rolled-back'", AuditRule.IncarnationOrder, "committed in incarnation 1; the run was in 0")]
    [InlineData("DELETE FROM events WHERE kind = 'shard-entered' AND incarnation = 1 AND step = 2", AuditRule.ShardMissing, "shard 0 of step 2")]
    public void Audit_OfARollbackThatWasTamperedWith_FindsIt(string statement, AuditRule rule, string reason)
    {
        using var script = RunScript.OfSteps(3).RollBack(1).Steps(2);
        AssertHas(script.AuditedAfter(statement), rule, reason);
    }

    [Fact]
    public void Audit_OfTwoCoordinatorsThatCommittedOneStep_NamesTheirTerms()
    {
        using var script = RunScript.OfSteps(3).Term().Add(2, RunScript.Committed(2) with { Factor = 0.5f });
        AssertOne(script.Audited(), AuditRule.TwoCoordinators, 2, "two terms, 1 and 2");
    }

    [Fact]
    public void Audit_OfAVersionThatWentDownWithoutARollback_SaysSo()
    {
        using var script = RunScript.OfSteps(3).Start(1);
        AssertOne(script.Audited(), AuditRule.StepTwice, 1, "without a new incarnation");
    }

    [Fact]
    public void Audit_OfARunThatWasResumedInANewIncarnation_FindsNothing()
    {
        using var script = RunScript.OfSteps(3).RollBack(1).Term().Start(1).Steps(3);
        var result = script.Audited();
        Assert.Empty(result.Violations);
        Assert.Equal((4, 12), (result.Updates, result.Shards));
    }

    [Fact]
    public void Audit_OfOwnerEpochsThatDoNotRise_NamesBothOwners()
    {
        using var script = RunScript.OfSteps(1);
        script.Add(1, new PartitionPromoted(0, "a", 3)).Add(1, new PartitionPromoted(1, "a", 2)).Add(1, new PartitionPromoted(0, "b", 3));
        AssertOne(script.Audited(), AuditRule.OwnerEpochOrder, 1, "from a with owner epoch 3 to b with 3");
    }

    [Fact]
    public void Audit_OfTwoFingerprintsOfOneVersion_SaysSo()
    {
        using var script = RunScript.OfSteps(3).Add(2, new CheckpointComplete("m", "aa")).RollBack(2).Steps(1).Add(2, new CheckpointComplete("n", "bb"));
        AssertOne(script.Audited(), AuditRule.FingerprintDiffers, 2, "aa and bb");
    }

    [Fact]
    public void Audit_OfALedgerFullOfFaults_ListsSoManyAndNoMore()
    {
        using var script = RunScript.OfSteps(200);
        Assert.Equal(Audit.ViolationsMax, script.AuditedAfter("DELETE FROM events WHERE kind = 'shard-entered'").Violations.Length);
    }

    [Fact]
    public void Audit_WithoutALedger_SaysThatThereIsNone()
    {
        using var scratch = new ScratchDirectory();
        Assert.Contains("ledger.db", Assert.Throws<InvalidInputException>(() => Audit.Run(scratch.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("no run directory", Assert.Throws<InvalidInputException>(() => Audit.Run(scratch["nowhere"])).Message, StringComparison.Ordinal);
    }

    private static void AssertHas(AuditResult result, AuditRule rule, string reason) =>
        Assert.Contains(result.Violations, violation => violation.Rule == rule && violation.Reason.Contains(reason, StringComparison.Ordinal));

    private static void AssertOne(AuditResult result, AuditRule rule, long step, string reason)
    {
        var violation = Assert.Single(result.Violations);
        Assert.Equal((rule, step), (violation.Rule, violation.Step));
        Assert.Contains(reason, violation.Reason, StringComparison.Ordinal);
    }
}
