using System.Collections.Immutable;
using Xunit;
using static DistRnn.Protocol.Tests.ServerHarness;

namespace DistRnn.Protocol.Tests;

public sealed class WorkerMachineTests
{
    private static readonly NodeId s_other = new("server", 2);
    private readonly WorkerMachine _machine = new(Worker, new WorkerOptions());

    public WorkerMachineTests()
    {
        Receive(Head, new RunOffer(Run, 5, ReadOnlyMemory<byte>.Empty));
        _machine.Handle(new RunLoaded(Run.Run, new OnePartition(), "digest"), TimeSpan.Zero);
    }

    [Fact]
    public void Handle_LeasesOfOneTermOutOfOrder_KeepsTheOwnerOfTheHigherEpoch()
    {
        Assert.Equal((Self, 5_000_002L), Asked(Head, 5, 0, Self, 5_000_002));
        Assert.Equal((Self, 5_000_002L), Asked(Head, 5, 1, s_other, 5_000_001));
    }

    [Fact]
    public void Handle_LeaseOfAHigherTerm_TakesItsOwnersAlthoughTheirEpochsAreLower()
    {
        Assert.Equal((Self, 5_000_002L), Asked(Head, 5, 0, Self, 5_000_002));
        Assert.Equal((s_other, 4_000_001L), Asked(NextHead, 6, 1, s_other, 4_000_001));
    }

    [Fact]
    public void Handle_LeaseOfALowerTerm_IsNotTakenUp()
    {
        Asked(NextHead, 6, 0, Self, 6_000_001);
        Assert.Empty(Receive(Head, LeaseOf(5, 1, s_other, 5_000_001)));
    }

    [Fact]
    public void Handle_AllPushed_AsksForTheNextVersion_AndALeaseOfItIsComputedWithoutAskingAgain()
    {
        var ahead = PushStep(0);
        Assert.Equal((Self, 1L, true), (ahead.To, ((ParameterRequest)ahead.Message).Version, ((ParameterRequest)ahead.Message).WantsDense));
        Assert.Single(Handle(Self, Parameters((ParameterRequest)ahead.Message)).OfType<StoreParameters>());
        var leased = Handle(Head, LeaseOf(5, 1, Self, 5_000_002));
        Assert.Single(leased.OfType<Compute>());
        Assert.Empty(leased.OfType<SendTo>());
    }

    [Fact]
    public void Handle_LeaseBeforeWhatWasAskedForAhead_WaitsForItAndAsksForNothing()
    {
        var ahead = PushStep(0);
        Assert.Empty(Handle(Head, LeaseOf(5, 1, Self, 5_000_002)).Where(effect => effect is SendTo or Compute));
        Assert.Single(Handle(Self, Parameters((ParameterRequest)ahead.Message)).OfType<Compute>());
    }

    [Fact]
    public void Handle_OwnerThatIsGoneBeforeItSentWhatWasAskedForAhead_TheNextOneIsAsked()
    {
        PushStep(0);
        Handle(Head, LeaseOf(5, 1, Self, 5_000_002));
        var renewed = Handle(Head, LeaseOf(5, 1, s_other, 5_000_003) with { Attempt = 9 }).OfType<SendTo>().Single();
        Assert.Equal((s_other, true, 5_000_003L), (renewed.To, ((ParameterRequest)renewed.Message).WantsDense, ((ParameterRequest)renewed.Message).Key.OwnerEpoch));
    }

    [Fact]
    public void Handle_WhatWasAskedForAheadIsLost_IsAskedForAgainWithTheLease()
    {
        PushStep(0);
        Handle(Head, LeaseOf(5, 1, Self, 5_000_002));
        var again = _machine.Handle(new TimerFired("retry"), TimeSpan.FromSeconds(1)).Effects.OfType<SendTo>().Single();
        Assert.Equal((Self, 1L), (again.To, ((ParameterRequest)again.Message).Version));
    }

    [Fact]
    public void Handle_WhatWasAskedForAheadComesWhileAnotherVersionIsComputed_IsNotStored()
    {
        var ahead = PushStep(0);
        Handle(Head, LeaseOf(5, 0, Self, 5_000_002) with { Node = new TreeNode(0, 2), Attempt = 7 });
        Assert.Empty(Handle(Self, Parameters((ParameterRequest)ahead.Message)).OfType<StoreParameters>());
    }

    /// <summary>Carries out a lease of a step, and returns what it asks for then.</summary>
    private SendTo PushStep(long step)
    {
        var asked = Handle(Head, LeaseOf(5, step, Self, 5_000_002)).OfType<SendTo>().Single(send => send.Message is ParameterRequest);
        Handle(Self, Parameters((ParameterRequest)asked.Message));
        var push = Push(0, 4, 1, step);
        _machine.Handle(new Computed(Run, step + 1, push.Sums, [push.Gradient], [], 0, 1), TimeSpan.Zero);
        return Handle(Self, new PushReply(Key with { OwnerEpoch = 5_000_002 }, step, new TreeNode(0, 4), step + 1, Refusal.None, "")).OfType<SendTo>().Single(send => send.Message is ParameterRequest);
    }

    private static ParameterReply Parameters(ParameterRequest request) => new(request.Key, request.Version, request, Push(0, 1, 1).Gradient, request.WantsDense, []);

    private ImmutableArray<Effect> Handle(NodeId from, IMessage message) => [.. _machine.Handle(new Received(from, message), TimeSpan.Zero).Effects];

    private static Lease LeaseOf(long term, long step, NodeId owner, long epoch) =>
        new(Run, term, new StepAddress(0, step, step), new TreeNode(0, 4), step + 1, [new PartitionOwner(owner, epoch)], null);

    /// <summary>Whom a lease makes it ask for parameters, and under which owner epoch.</summary>
    private (NodeId Owner, long Epoch) Asked(NodeId from, long term, long step, NodeId owner, long epoch)
    {
        var sent = _machine.Handle(new Received(from, LeaseOf(term, step, owner, epoch)), TimeSpan.Zero).Effects.OfType<SendTo>().Single(send => send.Message is ParameterRequest);
        return (sent.To, ((ParameterRequest)sent.Message).Key.OwnerEpoch);
    }

    private ImmutableArray<IMessage> Receive(NodeId from, IMessage message) =>
        [.. _machine.Handle(new Received(from, message), TimeSpan.Zero).Effects.OfType<SendTo>().Select(send => send.Message)];

    private sealed class OnePartition : IWorkerPlan
    {
        public PartitionMap Partitions { get; } = new(Spec.Table, Spec.Partitions);

        public Codec Codec { get; } = Codec.Parse("none");

        public int Shards => Spec.Shards;

        public bool HasLanes => false;

        public ImmutableArray<int> RowsOf(StepAddress address, TreeNode node, int tensor) => [];
    }
}
