using System.Collections.Immutable;
using Xunit;
using static DistRnn.Protocol.Tests.ServerHarness;

namespace DistRnn.Protocol.Tests;

/// <summary>Who keeps copies of a partition, and who stands for an owner that is gone.</summary>
public sealed class ReplicaPlacementTests
{
    private static readonly long s_term = Terms.Above(0, Head);
    private readonly CoordinatorMachine _machine = new(Head, new CoordinatorOptions());
    private ImmutableArray<Effect> _sent = [];

    [Fact]
    public void Handle_TwoReplicasWanted_TheOwnerIsToldOfBoth()
    {
        var assigned = Place(2, Self, Copy, OtherCopy).OfType<PartitionAssignment>().Single();
        Assert.Equal(OthersThan(OwnerOf(assigned)), assigned.Replicas.Order());
    }

    [Fact]
    public void Handle_OwnerAndOneOfTwoCopiesGone_TheOtherCopyIsPromoted()
    {
        var owner = Hold(2);
        var (first, second) = (OthersThan(owner)[0], OthersThan(owner)[1]);
        Assert.DoesNotContain(Lose(first), effect => effect is FindCheckpoint);
        var promoted = Lose(owner).OfType<SendTo>().Single(send => send.Message is Promotion);
        Assert.Equal(second, promoted.To);
        Assert.Equal(0, _machine.Run.Incarnation);
    }

    [Fact]
    public void Handle_CopyThatIsBeingPromotedGone_TheOtherIsPromotedUnderAnotherOwnerEpoch()
    {
        var owner = Hold(2);
        var first = Lose(owner).OfType<SendTo>().Single(send => send.Message is Promotion);
        var second = Lose(first.To).OfType<SendTo>().Single(send => send.Message is Promotion);
        Assert.Equal(OthersThan(owner).Single(node => node != first.To), second.To);
        Assert.True(((Promotion)second.Message).Key.OwnerEpoch > ((Promotion)first.Message).Key.OwnerEpoch);
        Assert.Contains(Lose(second.To), effect => effect is FindCheckpoint);
        Assert.Equal(1, _machine.Run.Incarnation);
    }

    [Fact]
    public void Handle_CopyThatCannotBePromoted_TheOtherIs()
    {
        var first = Lose(Hold(2)).OfType<SendTo>().Single(send => send.Message is Promotion);
        var refusal = new PromotionReply(((Promotion)first.Message).Key, false, -1, false, "No whole copy of that partition is here.");
        var second = Receive(first.To, refusal).OfType<SendTo>().Single(send => send.Message is Promotion);
        Assert.NotEqual(first.To, second.To);
        Assert.Equal(0, _machine.Run.Incarnation);
    }

    [Fact]
    public void Handle_PromotedCopy_IsToldToFillTheOtherAgain()
    {
        var owner = Hold(2);
        var promotion = Lose(owner).OfType<SendTo>().Single(send => send.Message is Promotion);
        var assigned = Receive(promotion.To, new PromotionReply(((Promotion)promotion.Message).Key, true, 0, false, "")).OfType<SendTo>().Select(send => send.Message).OfType<ReplicaAssignment>().Single();
        Assert.Equal(OthersThan(owner).Where(node => node != promotion.To), assigned.Replicas);
    }

    [Fact]
    public void Handle_SeveralServersOnAHost_TheCopyIsOnAnother()
    {
        NodeId[] servers = [new("akka.tcp://distrnn@a:1", 1), new("akka.tcp://distrnn@a:2", 1), new("akka.tcp://distrnn@b:1", 1)];
        var assigned = Place(1, servers).OfType<PartitionAssignment>().Single();
        Assert.Equal((servers[0], servers[2]), (OwnerOf(assigned), Assert.Single(assigned.Replicas)));
    }

    [Theory]
    [InlineData("akka.tcp://distrnn@10.0.0.7:4053", "10.0.0.7")]
    [InlineData("akka.tcp://distrnn@[::1]:4053", "[::1]")]
    [InlineData("local/3", "local/3")]
    public void Host_OfAnAddress_IsItsMachine(string address, string host) => Assert.Equal(host, new NodeId(address, 1).Host);

    [Fact]
    public void Handle_ServerThatComesToARunWithOne_IsToCopy()
    {
        var assigned = Place(1, Self).OfType<PartitionAssignment>().Single();
        Assert.Empty(assigned.Replicas);
        Receive(Self, new PartitionHeld(assigned.Key, 0, [], s_term, 1));
        _machine.Handle(new MemberChanged(Copy, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.FromSeconds(1));
        var told = _machine.Handle(new TimerFired("tick"), TimeSpan.FromSeconds(3)).Effects.OfType<SendTo>().Select(send => send.Message).OfType<ReplicaAssignment>().Single();
        Assert.Equal([Copy], told.Replicas);
    }

    [Fact]
    public void Handle_CheckpointsThatFollowEachOtherFasterThanQuestionsAreAskedAgain_QuestionsAreAskedAgain()
    {
        var assigned = Place(1, new CountingCourse(savesEachStep: true), Self).OfType<PartitionAssignment>().Single();
        Receive(Self, new PartitionHeld(assigned.Key, 0, [], s_term, 1));
        _machine.Handle(new MemberChanged(Copy, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        var told = new List<ReplicaAssignment>();
        for (var (step, now) = (0L, TimeSpan.Zero); step < 20; step++)
        {
            now += TimeSpan.FromMilliseconds(200);
            foreach (var input in (Input[])[
                new Received(Self, new SnapshotTaken(assigned.Key, step)), new CheckpointSaved(step, "manifest", "fingerprint"),
                new Received(Self, new GradientReport(assigned.Key, step, default, [new BlockSum(0, 1, 1)], [])), new TimerFired("tick"), new Received(Self, new StepApplied(assigned.Key, step))])
                told.AddRange(_machine.Handle(input, now).Effects.OfType<SendTo>().Select(send => send.Message).OfType<ReplicaAssignment>());
            Assert.Equal(step + 1, _machine.Version);
        }
        Assert.Contains(told, message => message.Replicas is [var node] && node == Copy);
    }

    [Fact]
    public void Handle_WordOfAListThatWasOvertaken_MakesNoCopyWhole()
    {
        var owner = Hold(2);
        var (first, second) = (OthersThan(owner)[0], OthersThan(owner)[1]);
        var key = _sent.OfType<SendTo>().Select(send => send.Message).OfType<PartitionAssignment>().First().Key;
        _machine.Handle(new MemberChanged(second, NodeRoles.ParameterServer, MemberStatus.Removed), TimeSpan.FromSeconds(1));
        _machine.Handle(new MemberChanged(second, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.FromSeconds(2));
        var told = _machine.Handle(new TimerFired("tick"), TimeSpan.FromSeconds(3)).Effects.OfType<SendTo>().Select(send => send.Message).OfType<ReplicaAssignment>().Single();
        Assert.Equal((2, 3L), (told.Replicas.Length, told.Number));
        Receive(owner, new PartitionHeld(key, 0, [first, second], s_term, 1));
        _machine.Handle(new MemberChanged(first, NodeRoles.ParameterServer, MemberStatus.Removed), TimeSpan.FromSeconds(4));
        Assert.Contains(Lose(owner), effect => effect is FindCheckpoint);
    }

    [Fact]
    public void Handle_CopyThatHasNotPromisedTheTerm_IsAskedUntilItHas()
    {
        foreach (var server in (NodeId[])[Self, Copy])
            _machine.Handle(new MemberChanged(server, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        Begin(1, new CountingCourse(), 2);
        _machine.Handle(new MemberChanged(Copy, NodeRoles.ParameterServer, MemberStatus.Removed), TimeSpan.FromSeconds(1));
        Receive(Self, new PromiseReply(Run, s_term, true, s_term, [new PartitionHolding(Key, true, 5, true, false, [Copy], null, BitConverter.GetBytes(5L), ReadOnlyMemory<byte>.Empty)]));
        _machine.Handle(new MemberChanged(Copy, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.FromSeconds(2));
        Assert.True(IsAsked(3));
        Receive(Self, new PartitionHeld(Key, 5, [Copy], s_term, _machine.Handle(new TimerFired("tick"), TimeSpan.FromSeconds(4)).Effects.OfType<SendTo>().Select(send => send.Message).OfType<ReplicaAssignment>().Single().Number));
        Assert.True(IsAsked(8));
        Receive(Copy, new PromiseReply(Run, s_term, true, s_term, []));
        Assert.DoesNotContain(Enumerable.Range(9, 10), IsAsked);
    }

    [Fact]
    public void Handle_TakeOverWithAnOwnerThatLacksTheGradientOfADecidedStep_GoesBack()
    {
        var spec = Spec with { Partitions = 2 };
        foreach (var server in (NodeId[])[Self, Copy])
            _machine.Handle(new MemberChanged(server, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        Begin(0, new CountingCourse(), 2, spec);
        Receive(Self, new PromiseReply(Run, s_term, true, s_term, [new PartitionHolding(new PartitionKey(Run, 0, 1), true, 5, true, false, [], Decision(0, 4), BitConverter.GetBytes(5L), ReadOnlyMemory<byte>.Empty)]));
        var taken = Receive(Copy, new PromiseReply(Run, s_term, true, s_term, [new PartitionHolding(new PartitionKey(Run, 1, 3), true, 4, true, false, [], null, BitConverter.GetBytes(4L), ReadOnlyMemory<byte>.Empty)]));
        Assert.Contains(taken, effect => effect is FindCheckpoint);
    }

    [Fact]
    public void Handle_TakeOverWhereShardsAreAppliedOneByOne_GoesBack()
    {
        _machine.Handle(new MemberChanged(Self, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        Begin(0, new CountingCourse(), 1, Spec with { Consistency = ConsistencyPolicy.Parse("asynchronous") });
        var taken = Receive(Self, new PromiseReply(Run, s_term, true, s_term, [new PartitionHolding(Key, true, 12, true, false, [], null, BitConverter.GetBytes(3L), ReadOnlyMemory<byte>.Empty)]));
        Assert.Contains(taken, effect => effect is FindCheckpoint);
    }

    [Fact]
    public void Handle_PromotedCopyWithoutTheGradientOfADecidedStep_AnotherIsPromoted()
    {
        var owner = Hold(2);
        var key = _sent.OfType<SendTo>().Select(send => send.Message).OfType<PartitionAssignment>().First().Key;
        Receive(owner, new GradientReport(key, 0, default, [new BlockSum(0, 1, 1)], []));
        Assert.Equal(CoordinatorPhase.Applying, _machine.Phase);
        var first = Lose(owner).OfType<SendTo>().Single(send => send.Message is Promotion);
        var sent = Receive(first.To, new PromotionReply(((Promotion)first.Message).Key, true, 0, false, "")).OfType<SendTo>().ToArray();
        var second = sent.Single(send => send.Message is Promotion);
        Assert.NotEqual(first.To, second.To);
        Assert.DoesNotContain(sent, send => send.Message is ReplicaAssignment);
        Assert.Contains(Receive(second.To, new PromotionReply(((Promotion)second.Message).Key, true, 0, true, "")).OfType<SendTo>(), send => send.Message is StepDecision);
    }

    private bool IsAsked(int second) => _machine.Handle(new TimerFired("tick"), TimeSpan.FromSeconds(second)).Effects.OfType<SendTo>().Any(send => send.To == Copy && send.Message is PromiseRequest);

    private static NodeId[] OthersThan(NodeId owner) => [.. new[] { Self, Copy, OtherCopy }.Where(node => node != owner).Order()];

    private NodeId OwnerOf(PartitionAssignment assignment) => _sent.OfType<SendTo>().Single(send => ReferenceEquals(send.Message, assignment)).To;

    /// <summary>Has the partition held by its owner and all copies; says who owns it.</summary>
    private NodeId Hold(int replicas)
    {
        var assigned = Place(replicas, Self, Copy, OtherCopy).OfType<PartitionAssignment>().Single();
        var owner = OwnerOf(assigned);
        Receive(owner, new PartitionHeld(assigned.Key, 0, assigned.Replicas, s_term, 1));
        return owner;
    }

    private ImmutableArray<IMessage> Place(int replicas, params NodeId[] servers) => Place(replicas, new CountingCourse(), servers);

    private ImmutableArray<IMessage> Place(int replicas, CountingCourse course, params NodeId[] servers)
    {
        foreach (var server in servers)
            _machine.Handle(new MemberChanged(server, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        Begin(replicas, course, servers.Length);
        foreach (var server in servers)
            Receive(server, new PromiseReply(Run, s_term, true, s_term, []));
        return [.. Receive(Worker, new WorkerReady(Run, "digest")).Concat(_sent).OfType<SendTo>().Select(send => send.Message).Distinct()];
    }

    private void Begin(int replicas, CountingCourse course, int servers, PartitionSpec? spec = null)
    {
        _machine.Handle(new MemberChanged(Worker, NodeRoles.Worker, MemberStatus.Up), TimeSpan.Zero);
        var plan = new RunPlan { Run = "run", Description = default, Spec = spec ?? Spec, Course = course, StartVersion = 0, StartPosition = BitConverter.GetBytes(0L), Replicas = replicas, ServersWanted = servers };
        _machine.Handle(new BeginRun(plan), TimeSpan.Zero);
    }

    private ImmutableArray<Effect> Lose(NodeId node) => _machine.Handle(new MemberChanged(node, NodeRoles.ParameterServer, MemberStatus.Removed), TimeSpan.Zero).Effects;

    private ImmutableArray<Effect> Receive(NodeId from, IMessage message)
    {
        var effects = _machine.Handle(new Received(from, message), TimeSpan.Zero).Effects;
        _sent = _sent.AddRange(effects);
        return effects;
    }
}
