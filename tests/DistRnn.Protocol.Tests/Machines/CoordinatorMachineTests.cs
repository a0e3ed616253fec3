using System.Collections.Immutable;
using Xunit;
using static DistRnn.Protocol.Tests.ServerHarness;

namespace DistRnn.Protocol.Tests;

public sealed class CoordinatorMachineTests
{
    private static readonly long s_first = Terms.Above(0, Head);
    private readonly CoordinatorMachine _machine = new(Head, new CoordinatorOptions());

    [Fact]
    public void Handle_Worker_IsOfferedTheRunOnlyOnceTheTermIsPromised()
    {
        Assert.DoesNotContain(Begin(), message => message is RunOffer);
        Assert.Contains(Promise([]), message => message is RunOffer { Term: var term } && term == s_first);
    }

    [Fact]
    public void Handle_RefusedPromise_AsksAboveTheHighestTerm()
    {
        Begin();
        var asked = Receive(Self, new PromiseReply(Run, s_first, false, 6_000_001, [])).OfType<PromiseRequest>().Single();
        Assert.Equal(Terms.Above(6_000_001, Head), asked.Term);
    }

    [Fact]
    public void Handle_TakeOverAfterTheFactorWentOut_SendsTheSameDecisionUnderItsOwnTerm()
    {
        Begin();
        var decided = Decision(0, 4) with { Factor = 0.125f };
        var sent = Promise([Held(5, decided)]).OfType<StepDecision>().Single();
        Assert.Equal(decided with { Term = s_first }, sent);
        Receive(Self, new StepApplied(Key, 4));
        Assert.Equal(5, _machine.Version);
    }

    [Fact]
    public void Handle_TakeOverBeforeTheFactorWentOut_LeasesTheStepAgain()
    {
        Begin();
        Assert.DoesNotContain(Promise([Held(5, null)]), message => message is StepDecision);
        Assert.Equal(CoordinatorPhase.Computing, _machine.Phase);
        Assert.Contains(Receive(Worker, new WorkerReady(Run, "digest")), message => message is Lease { Address.Step: 5 } lease && lease.Term == s_first);
    }

    [Fact]
    public void Handle_ACopyAlone_GoesBackToACheckpoint()
    {
        Begin();
        var outcome = _machine.Handle(new Received(Self, new PromiseReply(Run, s_first, true, s_first, [Held(5, null) with { IsOwner = false }])), TimeSpan.Zero);
        Assert.Contains(outcome.Effects, effect => effect is FindCheckpoint);
        Assert.Equal(1, _machine.Run.Incarnation);
    }

    [Fact]
    public void Handle_APlanThatGoesBack_FindsACheckpointAlthoughServersHoldTheRun_Once()
    {
        Begin("The best version is gone.");
        var outcome = _machine.Handle(new Received(Self, new PromiseReply(Run, s_first, true, s_first, [Held(5, null)])), TimeSpan.Zero);
        Assert.Contains(outcome.Effects, effect => effect is FindCheckpoint);
        Assert.Equal((1, CoordinatorPhase.GoingBack), (_machine.Run.Incarnation, _machine.Phase));
        _machine.Handle(new CheckpointFound(3, BitConverter.GetBytes(3L)), TimeSpan.Zero);
        Receive(Worker, new OfferRefused(Run, s_first, 8_000_001));
        var (again, second) = (new RunKey(Run.Run, 2), Terms.Above(8_000_001, Head));
        Receive(Self, new PromiseReply(again, second, true, second, [Held(5, null) with { Key = Key with { Run = again } }]));
        Assert.Equal((2, CoordinatorPhase.Computing), (_machine.Run.Incarnation, _machine.Phase));
    }

    [Fact]
    public void Handle_AllThatIsLeftIsOfALifeThatWasNotPlaced_GoesBackInALifeAboveIt()
    {
        Begin();
        var later = Held(-1, null) with { Key = Key with { Run = new RunKey(Run.Run, 6) }, IsWhole = false };
        Promise([Held(5, null) with { IsOwner = false }, later]);
        Assert.Equal((7, CoordinatorPhase.GoingBack), (_machine.Run.Incarnation, _machine.Phase));
    }

    [Fact]
    public void Handle_CoordinatorsThatDoNotHearOfEachOther_AskForDifferentTerms()
    {
        var other = new CoordinatorMachine(NextHead, new CoordinatorOptions());
        var asked = Begin().OfType<PromiseRequest>().Single();
        var askedToo = Begin(other).OfType<PromiseRequest>().Single();
        Assert.NotEqual(asked.Term, askedToo.Term);
        Assert.Equal(asked.Term / Terms.PerRound, askedToo.Term / Terms.PerRound);
    }

    [Fact]
    public void Handle_OfferRefusedForAHigherTerm_AsksAboveIt()
    {
        Begin();
        Promise([]);
        var asked = Receive(Worker, new OfferRefused(Run, s_first, 8_000_001)).OfType<PromiseRequest>().Single();
        Assert.Equal(Terms.Above(8_000_001, Head), asked.Term);
    }

    [Fact]
    public void Handle_CommandRefused_StepsDown()
    {
        Begin();
        Promise([Held(5, null)]);
        var outcome = _machine.Handle(new Received(Self, new CommandRefused(Run, s_first, s_first + 1)), TimeSpan.Zero);
        Assert.Contains(outcome.Effects, effect => effect is StepDown);
        Assert.Equal(CoordinatorPhase.Deposed, _machine.Phase);
    }

    [Fact]
    public void Handle_APromiseThatDoesNotCome_SaysWhatIsWaitedForLessAndLessOften()
    {
        Begin();
        Assert.Equal([6, 11, 21], Enumerable.Range(1, 30).Where(second => WaitsAt(second) is { } sentence && sentence.Contains("the promise of " + Self.Address, StringComparison.Ordinal)));
        Promise([Held(5, null)]);
        Receive(Worker, new WorkerReady(Run, "digest"));
        Assert.DoesNotContain(Enumerable.Range(31, 30), second => WaitsAt(second) is not null);
    }

    [Fact]
    public void Handle_NoWorkerLeft_SaysSo()
    {
        Begin();
        Promise([Held(5, null)]);
        Assert.Contains("a worker that can compute shards", Assert.Single(Enumerable.Range(1, 9).Select(WaitsAt), sentence => sentence is not null));
    }

    private string? WaitsAt(int second) => _machine.Handle(new TimerFired("tick"), TimeSpan.FromSeconds(second)).Effects.OfType<Waiting>().SingleOrDefault()?.For;

    private static PartitionHolding Held(long version, StepDecision? decision) =>
        new(Key, true, version, true, false, [], decision, BitConverter.GetBytes(version), ReadOnlyMemory<byte>.Empty);

    private ImmutableArray<IMessage> Begin(string goesBackFor = "") => Begin(_machine, goesBackFor);

    private static ImmutableArray<IMessage> Begin(CoordinatorMachine machine, string goesBackFor = "")
    {
        machine.Handle(new MemberChanged(Self, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        machine.Handle(new MemberChanged(Worker, NodeRoles.Worker, MemberStatus.Up), TimeSpan.Zero);
        return Sent(machine.Handle(
            new BeginRun(new RunPlan { Run = "run", Description = default, Spec = Spec, Course = new CountingCourse(), StartVersion = 0, StartPosition = BitConverter.GetBytes(0L), Replicas = 0, GoesBackFor = goesBackFor }), TimeSpan.Zero));
    }

    private ImmutableArray<IMessage> Promise(ImmutableArray<PartitionHolding> holdings) => Receive(Self, new PromiseReply(Run, s_first, true, s_first, holdings));

    private ImmutableArray<IMessage> Receive(NodeId from, IMessage message) => Sent(_machine.Handle(new Received(from, message), TimeSpan.Zero));

    private static ImmutableArray<IMessage> Sent(Outcome outcome) => [.. outcome.Effects.OfType<SendTo>().Select(send => send.Message)];
}
