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
        Receive(Self, new PartitionHeld(assigned.Key, 0, []));
        _machine.Handle(new MemberChanged(Copy, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.FromSeconds(1));
        var told = _machine.Handle(new TimerFired("tick"), TimeSpan.FromSeconds(3)).Effects.OfType<SendTo>().Select(send => send.Message).OfType<ReplicaAssignment>().Single();
        Assert.Equal([Copy], told.Replicas);
    }

    [Fact]
    public void Handle_CheckpointsThatFollowEachOtherFasterThanQuestionsAreAskedAgain_QuestionsAreAskedAgain()
    {
        var assigned = Place(1, new CountingCourse(savesEachStep: true), Self).OfType<PartitionAssignment>().Single();
        Receive(Self, new PartitionHeld(assigned.Key, 0, []));
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

    private static NodeId[] OthersThan(NodeId owner) => [.. new[] { Self, Copy, OtherCopy }.Where(node => node != owner).Order()];

    private NodeId OwnerOf(PartitionAssignment assignment) => _sent.OfType<SendTo>().Single(send => ReferenceEquals(send.Message, assignment)).To;

    /// <summary>Has the partition held by its owner and all copies; says who owns it.</summary>
    private NodeId Hold(int replicas)
    {
        var assigned = Place(replicas, Self, Copy, OtherCopy).OfType<PartitionAssignment>().Single();
        var owner = OwnerOf(assigned);
        Receive(owner, new PartitionHeld(assigned.Key, 0, assigned.Replicas));
        return owner;
    }

    private ImmutableArray<IMessage> Place(int replicas, params NodeId[] servers) => Place(replicas, new CountingCourse(), servers);

    private ImmutableArray<IMessage> Place(int replicas, CountingCourse course, params NodeId[] servers)
    {
        foreach (var server in servers)
            _machine.Handle(new MemberChanged(server, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        _machine.Handle(new MemberChanged(Worker, NodeRoles.Worker, MemberStatus.Up), TimeSpan.Zero);
        var plan = new RunPlan { Run = "run", Description = default, Spec = Spec, Course = course, StartVersion = 0, StartPosition = BitConverter.GetBytes(0L), Replicas = replicas, ServersWanted = servers.Length };
        _machine.Handle(new BeginRun(plan), TimeSpan.Zero);
        foreach (var server in servers)
            Receive(server, new PromiseReply(Run, s_term, true, s_term, []));
        return [.. Receive(Worker, new WorkerReady(Run, "digest")).Concat(_sent).OfType<SendTo>().Select(send => send.Message).Distinct()];
    }

    private ImmutableArray<Effect> Lose(NodeId node) => _machine.Handle(new MemberChanged(node, NodeRoles.ParameterServer, MemberStatus.Removed), TimeSpan.Zero).Effects;

    private ImmutableArray<Effect> Receive(NodeId from, IMessage message)
    {
        var effects = _machine.Handle(new Received(from, message), TimeSpan.Zero).Effects;
        _sent = _sent.AddRange(effects);
        return effects;
    }
}
