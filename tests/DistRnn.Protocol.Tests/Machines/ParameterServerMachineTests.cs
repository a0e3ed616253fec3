using Xunit;
using static DistRnn.Protocol.Tests.ServerHarness;

namespace DistRnn.Protocol.Tests;

public sealed class ParameterServerMachineTests
{
    [Fact]
    public void Handle_PushesInEveryOrder_GiveTheSameBits()
    {
        float[]? first = null;
        foreach (var order in Permutations([0, 1, 2, 3]))
        {
            using var server = new ServerHarness().Own();
            foreach (var shard in order)
                server.Receive(Worker, Push(shard, 1, shard + 0.1f));
            server.Receive(Head, Decision(1, 0));
            Assert.Equal(1, server.Holding.Version);
            var floats = server.Floats();
            Assert.Contains(floats, value => value != 0);
            Assert.Equal(first ??= floats, floats);
        }
    }

    [Fact]
    public void Handle_CommandOfAStaleTerm_IsRefused()
    {
        using var server = new ServerHarness().Own();
        server.PushAll();
        server.Receive(NextHead, new PromiseRequest(Run, 2));
        var refused = Assert.Single(server.Receive(Head, Decision(1, 0)).OfType<CommandRefused>());
        Assert.Equal(2, refused.HighestTerm);
        Assert.Equal(0, server.Holding.Version);
    }

    [Fact]
    public void Handle_DecisionBeforeTheGradient_DoesNotOutliveItsTerm()
    {
        using var server = new ServerHarness().Own();
        server.Receive(Head, Decision(1, 0));
        server.Receive(NextHead, new PromiseRequest(Run, 2));
        server.PushAll();
        Assert.True(server.Holding.HoldsRoot);
        Assert.Equal(0, server.Holding.Version);
    }

    [Fact]
    public void Handle_DecisionBeforeTheGradient_IsMadeWhenItIsWhole()
    {
        using var server = new ServerHarness().Own();
        server.Receive(Head, Decision(1, 0));
        server.PushAll();
        Assert.Equal(1, server.Holding.Version);
    }

    [Fact]
    public void Handle_DecisionTwice_IsMadeOnceAndAnsweredTwice()
    {
        using var server = new ServerHarness().Own();
        server.PushAll();
        Assert.Single(server.Receive(Head, Decision(1, 0)).OfType<StepApplied>());
        Assert.Single(server.Receive(Head, Decision(1, 0)).OfType<StepApplied>());
        Assert.Equal(1, server.Holding.Version);
    }

    [Theory]
    [InlineData(0.1f, false)]
    [InlineData(7f, true)]
    public void Handle_LateDuplicate_IsComparedWithWhatWasUsed(float value, bool differs)
    {
        using var server = new ServerHarness().Own();
        server.PushAll();
        server.Receive(Head, Decision(1, 0));
        var answers = server.Receive(new NodeId("other", 1), Push(0, 1, value, attempt: 2));
        Assert.Equal(Refusal.None, answers.OfType<PushReply>().Single().Refusal);
        Assert.Equal(differs, answers.OfType<DuplicateReport>().Any());
        Assert.Equal(1, server.Holding.Version);
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("bf16", true)]
    [InlineData("int8", false)]
    [InlineData("top-k(0.1)", false)]
    public void Handle_DuplicateThatDiffers_IsReportedWhereTheCodecHasOneAnswer(string codec, bool isReported)
    {
        using var server = new ServerHarness().Own(codec: codec);
        server.Receive(Worker, Push(0, 1, 1f));
        Assert.Equal(isReported, server.Receive(new NodeId("other", 1), Push(0, 1, 2f, attempt: 2)).OfType<DuplicateReport>().Any());
        server.PushAll();
        server.Receive(Head, Decision(1, 0));
        Assert.Equal(isReported, server.Receive(new NodeId("other", 1), Push(1, 1, 9f, attempt: 3)).OfType<DuplicateReport>().Any());
    }

    [Fact]
    public void Handle_GradientOfAnOwnerWithAReplica_IsReportedOnceTheReplicaHasIt()
    {
        using var server = new ServerHarness().Own(Copy);
        server.Receive(Copy, new ReplicaState(Key, 0, -1));
        Assert.DoesNotContain(server.PushAll(), message => message is GradientReport);
        Assert.Contains(server.Receive(Copy, new ReplicaState(Key, 0, 0)), message => message is GradientReport);
    }

    [Fact]
    public void Handle_GradientOfAnOwnerWithTwoReplicas_IsReportedOnceBothHaveIt()
    {
        using var server = new ServerHarness().Own([Copy, OtherCopy]);
        server.Receive(Copy, new ReplicaState(Key, 0, -1));
        server.Receive(OtherCopy, new ReplicaState(Key, 0, -1));
        var sent = server.PushAll();
        Assert.Equal(2, sent.Count(message => message is ReplicaGradient));
        Assert.DoesNotContain(sent.AddRange(server.Receive(OtherCopy, new ReplicaState(Key, 0, 0))), message => message is GradientReport);
        Assert.Contains(server.Receive(Copy, new ReplicaState(Key, 0, 0)), message => message is GradientReport);
        Assert.DoesNotContain(server.Receive(Head, Decision(1, 0)).AddRange(server.Receive(Copy, new ReplicaState(Key, 1, -1))), message => message is StepApplied);
        Assert.Contains(server.Receive(OtherCopy, new ReplicaState(Key, 1, -1)), message => message is StepApplied);
    }

    [Fact]
    public void Handle_AnotherReplica_TheFirstIsNotFilledAgain()
    {
        using var server = new ServerHarness().Own(Copy);
        server.Receive(Copy, new ReplicaState(Key, 0, -1));
        var sent = server.Machine.Handle(new Received(Head, new ReplicaAssignment(Key, 1, [Copy, OtherCopy], 2)), TimeSpan.Zero).Effects.OfType<SendTo>().Where(send => send.Message is PartitionSeed).ToArray();
        Assert.Equal(OtherCopy, Assert.Single(sent).To);
        ((PartitionSeed)sent[0].Message).Release();
        Assert.Equal([Copy], server.Receive(Head, new ReplicaAssignment(Key, 1, [Copy, OtherCopy], 2)).OfType<PartitionHeld>().Single().Replicas);
        Assert.Equal([Copy, OtherCopy], server.Receive(OtherCopy, new ReplicaState(Key, 0, -1)).OfType<PartitionHeld>().Single().Replicas);
    }

    [Fact]
    public void Handle_ReplicaAssignmentThatWasOvertaken_IsIgnored()
    {
        using var server = new ServerHarness().Own(Copy);
        server.Receive(Copy, new ReplicaState(Key, 0, -1));
        server.Receive(Head, new ReplicaAssignment(Key, 1, [Copy, OtherCopy], 3));
        server.Receive(OtherCopy, new ReplicaState(Key, 0, -1));
        server.Receive(Head, new ReplicaAssignment(Key, 1, [Copy], 2));
        server.PushAll();
        Assert.DoesNotContain(server.Receive(Copy, new ReplicaState(Key, 0, 0)), message => message is GradientReport);
        var held = server.Receive(OtherCopy, new ReplicaState(Key, 0, 0));
        Assert.Contains(held, message => message is GradientReport);
        Assert.Equal((1L, 3L), held.OfType<PartitionHeld>().Select(said => (said.Term, said.Number)).Single());
    }

    [Fact]
    public void Handle_TimeWithoutAnAnswer_ContentIsSentAgainLessAndLessOften()
    {
        using var server = new ServerHarness().Own(Copy);
        var sent = new List<int>();
        for (var tick = 0; tick < 64; tick++)
        {
            foreach (var seed in server.Machine.Handle(new TimerFired("0@run"), TimeSpan.FromSeconds(tick)).Effects.OfType<SendTo>().Select(send => send.Message).OfType<PartitionSeed>())
            {
                sent.Add(tick);
                seed.Release();
            }
        }
        Assert.Equal([0, 2, 6, 14, 30, 46, 62], sent);
    }

    [Fact]
    public void Handle_ReplicaThatFellBehind_IsSeededAgain()
    {
        using var server = new ServerHarness().Own(Copy);
        server.Receive(Copy, new ReplicaState(Key, 0, -1));
        server.PushAll();
        server.Receive(Copy, new ReplicaState(Key, 0, 0));
        server.Receive(Head, Decision(1, 0));
        server.Receive(Copy, new ReplicaState(Key, 1, -1));
        server.Receive(Head, new CommitNotice(Run, 1, 0));
        var seed = Assert.Single(server.Receive(Copy, new ReplicaState(Key, -1, -1)).OfType<PartitionSeed>());
        Assert.Equal(1, seed.Content.Version);
        Assert.NotNull(seed.Assignment);
        seed.Release();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Handle_PromotionOfACopy_SaysWhetherItHoldsTheGradient(bool holdsRoot)
    {
        using var copy = new ServerHarness().Follow(0);
        if (holdsRoot)
        {
            using var owner = new ServerHarness().Own(Copy);
            owner.Receive(Copy, new ReplicaState(Key, 0, -1));
            copy.Receive(Self, owner.PushAll().OfType<ReplicaGradient>().Single());
        }
        var promoted = Key with { OwnerEpoch = 2 };
        var reply = Assert.Single(copy.Receive(Head, new Promotion(promoted, 1, 0)).OfType<PromotionReply>());
        Assert.True(reply.IsDone);
        Assert.Equal(holdsRoot, reply.HoldsRoot);
        Assert.True(copy.Holding.IsOwner);
        Assert.Equal(promoted, copy.Holding.Key);
    }

    [Fact]
    public void Handle_PromotionOfACopyThatIsTooOld_IsRefused()
    {
        using var copy = new ServerHarness().Follow(3);
        Assert.False(copy.Receive(Head, new Promotion(Key with { OwnerEpoch = 2 }, 1, 4)).OfType<PromotionReply>().Single().IsDone);
        Assert.False(copy.Holding.IsOwner);
    }

    [Fact]
    public void Handle_CopyOfALowerTerm_IsRefused()
    {
        using var server = new ServerHarness();
        server.Receive(NextHead, new PromiseRequest(Run, 2));
        server.Receive(Self, new PartitionSeed(Key, Content(0), Assignment(1, [])));
        Assert.Empty(server.Machine.Holdings);
    }

    [Fact]
    public void Handle_RequestForTheNextVersion_IsAnsweredWhenThereIsOne_BehindTheAcknowledgement()
    {
        using var server = new ServerHarness().Own();
        Assert.Empty(server.Receive(Worker, new ParameterRequest(Key, 1, true, [], false, [])));
        server.PushAll();
        var sent = server.Receive(Head, Decision(1, 0));
        var (applied, parameters) = (sent.OfType<StepApplied>().Single(), sent.OfType<ParameterReply>().Single());
        Assert.Equal(1, parameters.Version);
        Assert.True(sent.IndexOf(applied) < sent.IndexOf(parameters));
        server.PushAll(1);
        Assert.Empty(server.Receive(Head, Decision(1, 1)).OfType<ParameterReply>());
    }

    [Fact]
    public void Handle_RequestForAVersionFurtherAhead_IsRefused()
    {
        using var server = new ServerHarness().Own();
        Assert.Equal(Refusal.Ahead, server.Receive(Worker, new ParameterRequest(Key, 2, true, [], false, [])).OfType<ParameterRefused>().Single().Refusal);
    }

    [Fact]
    public void Handle_CopyOfATermThatIsNotPromised_DoesNotTakeThePlaceOfWhatIsOwned()
    {
        using var server = new ServerHarness().Own();
        var later = Key with { Run = new RunKey(Run.Run, 3), OwnerEpoch = 9 };
        server.Receive(Copy, new PartitionSeed(later, Content(7), Assignment(2, []) with { Key = later }));
        Assert.Equal((Key, true), (server.Holding.Key, server.Holding.IsOwner));
        server.Receive(NextHead, new PromiseRequest(Run, 2));
        server.Receive(Copy, new PartitionSeed(later, Content(7), Assignment(2, []) with { Key = later }));
        Assert.Equal((later, false), (server.Holding.Key, server.Holding.IsOwner));
    }

    [Fact]
    public void Handle_CopyOfATermThatIsNotPromised_IsTakenOnceItIs()
    {
        using var server = new ServerHarness();
        server.Receive(Head, new PromiseRequest(Run, 2));
        server.Receive(Self, new PartitionSeed(Key, Content(0), Assignment(4, [])));
        Assert.Empty(server.Machine.Holdings);
        Assert.True(server.Receive(NextHead, new PromiseRequest(Run, 4)).OfType<PromiseReply>().Single().IsGiven);
        server.Receive(Self, new PartitionSeed(Key, Content(0), Assignment(4, [])));
        Assert.True(server.Holding.IsWhole);
    }

    [Fact]
    public void Handle_CopyOfAStepThatIsNotCommitted_KnowsItsDecision()
    {
        using var owner = new ServerHarness().Own();
        owner.PushAll();
        owner.Receive(Head, Decision(1, 0));
        var seed = owner.Receive(Head, new ReplicaAssignment(Key, 1, [Copy], 2)).OfType<PartitionSeed>().Single();
        using var copy = new ServerHarness();
        copy.Receive(Head, new PromiseRequest(Run, 1));
        copy.Receive(Self, seed);
        Assert.Equal((1L, Decision(1, 0)), (copy.Holding.Version, copy.Holding.LastDecision));
    }

    [Fact]
    public void Handle_AssignmentOlderThanWhatIsHeld_IsAnswered()
    {
        using var server = new ServerHarness().Own();
        var reply = server.Receive(Head, Assignment(1, []) with { Key = Key with { OwnerEpoch = 0 } }).OfType<PromotionReply>().Single();
        Assert.False(reply.IsDone);
        Assert.Equal(Key, server.Holding.Key);
    }

    private static IEnumerable<int[]> Permutations(int[] values) => values.Length < 2
        ? [values]
        : values.SelectMany(value => Permutations([.. values.Where(other => other != value)]).Select(rest => (int[])[value, .. rest]));
}
