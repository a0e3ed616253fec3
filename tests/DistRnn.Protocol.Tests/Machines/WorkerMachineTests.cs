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
