using System.Collections.Immutable;
using Xunit;
using static DistRnn.Protocol.Tests.ServerHarness;

namespace DistRnn.Protocol.Tests;

/// <summary>An evaluation that is shared out among two workers in three pieces.</summary>
public sealed class EvaluationTests
{
    private static readonly long s_term = Terms.Above(0, Head);
    private static readonly NodeId s_other = new("other-worker", 1);
    private readonly CoordinatorMachine _machine = new(Head, new CoordinatorOptions());

    [Fact]
    public void Handle_SlowPiece_IsCopiedToAnIdleWorkerAndTakenFromTheSlowOne()
    {
        var (fast, slow) = BeginPieces(speculates: true);
        var lease = (EvaluationLease)Assert.Single(Done(fast, 1), send => send.To == fast.To && send.Message is EvaluationLease).Message;
        Assert.Equal(2, lease.Piece);
        Done((fast.To, lease), 2);
        Assert.DoesNotContain(Tick(2), send => send.Message is EvaluationLease copied && copied.Attempt != slow.Lease.Attempt);
        var copy = Assert.Single(Tick(2.2), send => send.To == fast.To && send.Message is EvaluationLease);
        Assert.Equal(slow.Lease.Piece, ((EvaluationLease)copy.Message).Piece);
        var sent = Done((copy.To, (EvaluationLease)copy.Message), 2.5);
        Assert.Contains(sent, send => send.To == slow.To && send.Message is LeaseRevoked revoked && revoked.Attempt == slow.Lease.Attempt);
        Assert.Equal(CoordinatorPhase.Computing, _machine.Phase);
    }

    [Fact]
    public void Handle_SlowPieceWithoutSpeculation_IsWaitedFor()
    {
        var (fast, slow) = BeginPieces(speculates: false);
        var lease = (EvaluationLease)Assert.Single(Done(fast, 1), send => send.To == fast.To && send.Message is EvaluationLease).Message;
        Done((fast.To, lease), 2);
        Assert.All(Tick(60), send => Assert.False(send.Message is EvaluationLease other && other.Attempt != slow.Lease.Attempt));
        Assert.Equal(CoordinatorPhase.Evaluating, _machine.Phase);
        Done(slow, 61);
        Assert.Equal(CoordinatorPhase.Computing, _machine.Phase);
    }

    [Fact]
    public void Handle_PieceThatTakesLongerThanItsLease_HasTwiceTheTimeNext()
    {
        var (_, slow) = BeginPieces(speculates: false);
        Assert.DoesNotContain(Tick(599), send => send.Message is LeaseRevoked);
        Assert.Contains(Tick(601), send => send.Message is LeaseRevoked revoked && revoked.Attempt == slow.Lease.Attempt);
        Assert.DoesNotContain(Tick(601 + 1199), send => send.Message is LeaseRevoked);
        Assert.Contains(Tick(601 + 1201), send => send.Message is LeaseRevoked);
    }

    private ((NodeId To, EvaluationLease Lease) Fast, (NodeId To, EvaluationLease Lease) Slow) BeginPieces(bool speculates)
    {
        _machine.Handle(new MemberChanged(Self, NodeRoles.ParameterServer, MemberStatus.Up), TimeSpan.Zero);
        foreach (var worker in (NodeId[])[Worker, s_other])
            _machine.Handle(new MemberChanged(worker, NodeRoles.Worker, MemberStatus.Up), TimeSpan.Zero);
        var plan = new RunPlan
        {
            Run = "run",
            Description = default,
            Spec = Spec,
            Course = new CountingCourse(pieces: 3),
            StartVersion = 0,
            StartPosition = BitConverter.GetBytes(0L),
            Replicas = 0,
            WorkersWanted = 2,
            Speculates = speculates,
        };
        _machine.Handle(new BeginRun(plan), TimeSpan.Zero);
        Handle(new Received(Self, new PromiseReply(Run, s_term, true, s_term, [])), 0);
        Handle(new Received(Worker, new WorkerReady(Run, "digest")), 0);
        var assigned = Handle(new Received(s_other, new WorkerReady(Run, "digest")), 0).Select(send => send.Message).OfType<PartitionAssignment>().Single();
        var leases = Handle(new Received(Self, new PartitionHeld(assigned.Key, 0, [], s_term, 1)), 0).Where(send => send.Message is EvaluationLease).Select(send => (send.To, (EvaluationLease)send.Message)).ToArray();
        return (leases[0], leases[1]);
    }

    private ImmutableArray<SendTo> Done((NodeId To, EvaluationLease Lease) lease, double seconds) =>
        Handle(new Received(lease.To, new EvaluationDone(Run, lease.Lease.Version, lease.Lease.Piece, lease.Lease.Attempt, new byte[] { 1 })), seconds);

    private ImmutableArray<SendTo> Tick(double seconds) => Handle(new TimerFired("tick"), seconds);

    private ImmutableArray<SendTo> Handle(Input input, double seconds) => [.. _machine.Handle(input, TimeSpan.FromSeconds(seconds)).Effects.OfType<SendTo>()];
}
