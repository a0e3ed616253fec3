using System.Diagnostics;
using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// Drives a machine in real time: feeds it one input at a time, and carries out what it answers, in order, before the next. It decides nothing itself.
/// </summary>
/// <remarks>What a machine sends to itself becomes an input after the effects. A fault of a machine ends the actor: a machine that broke knows nothing that can be relied on.</remarks>
internal abstract class MachineActor : UntypedActor, IWithTimers
{
    private static readonly long s_origin = Stopwatch.GetTimestamp();

    private readonly NodeRoles _role;
    private readonly IMessageLink _link;
    private Func<Input, TimeSpan, Outcome> _handle;
    private readonly Action<Exception> _fault;
    private readonly Queue<Input> _inputs = [];

    /// <summary>Creates the actor.</summary>
    /// <param name="node">The machine's node.</param>
    /// <param name="role">What the machine does there.</param>
    /// <param name="link">What carries its messages.</param>
    /// <param name="handle">The machine.</param>
    /// <param name="fault">Told what broke it.</param>
    protected MachineActor(NodeId node, NodeRoles role, IMessageLink link, Func<Input, TimeSpan, Outcome> handle, Action<Exception> fault)
    {
        (Node, _role, _link, _handle, _fault) = (node, role, link, handle, fault);
    }

    /// <summary>Timers of the machine, by their names.</summary>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>The machine's node.</summary>
    protected NodeId Node { get; }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Input input:
                Feed(input);
                break;
            case WireEnvelope envelope when envelope.To == Node && envelope.Role == _role:
                Feed(new Received(envelope.From, envelope.Message));
                break;
            case WireEnvelope envelope:
                // For an earlier process at this address.
                (envelope.Message as ITensorMessage)?.Release();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Feeds an input, and then what the machine sends to itself.</summary>
    /// <param name="input">The input.</param>
    protected void Feed(Input input)
    {
        _inputs.Enqueue(input);
        while (_inputs.TryDequeue(out var next))
        {
            try
            {
                Learn(next);
                foreach (var effect in _handle(next, Stopwatch.GetElapsedTime(s_origin)).Effects)
                    CarryOutAny(effect);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                _inputs.Clear();
                _fault(exception);
                Context.Stop(Self);
                return;
            }
        }
    }

    /// <summary>Drives another machine from now on.</summary>
    /// <param name="handle">The machine.</param>
    protected void Take(Func<Input, TimeSpan, Outcome> handle) => _handle = handle;

    /// <summary>Carries out an effect that is of this kind of machine only.</summary>
    /// <param name="effect">The effect.</param>
    protected abstract void CarryOut(Effect effect);

    /// <summary>Sends a message of the machine's.</summary>
    /// <param name="to">Whom it is for.</param>
    /// <param name="role">Which of its machines.</param>
    /// <param name="message">The message.</param>
    protected void Send(NodeId to, NodeRoles role, IMessage message) => _link.Send(Node, to, role, message);

    /// <summary>Notes the partitions of a run when an input tells of them: tensors of the run may follow.</summary>
    private void Learn(Input input)
    {
        switch (input)
        {
            case Received { Message: PartitionAssignment { Spec: var spec } assignment }: _link.Learn(assignment.Run.Run, new PartitionMap(spec.Table, spec.Partitions), Codec.Parse(spec.Codec)); break;
            // A server that comes while a run is on its way is assigned nothing: it hears of the run from the owner that it copies.
            case Received { Message: PartitionSeed { Assignment: { Spec: var spec } copied } }: _link.Learn(copied.Run.Run, new PartitionMap(spec.Table, spec.Partitions), Codec.Parse(spec.Codec)); break;
            case Received { Message: RunOver over }: _link.Forget(over.Run.Run); break;
            case RunLoaded loaded: _link.Learn(loaded.Run, loaded.Plan.Partitions, loaded.Plan.Codec); break;
            case BeginRun { Plan: var plan }: _link.Learn(plan.Run, new PartitionMap(plan.Spec.Table, plan.Spec.Partitions), Codec.Parse(plan.Spec.Codec)); break;
            default: break;
        }
    }

    private void CarryOutAny(Effect effect)
    {
        switch (effect)
        {
            case SendTo send when send.To == Node && send.Role == _role:
                _inputs.Enqueue(new Received(Node, send.Message));
                break;
            case SendTo send:
                Send(send.To, send.Role, send.Message);
                break;
            case SetTimer timer:
                Timers.StartSingleTimer(timer.Name, new TimerFired(timer.Name), timer.Delay);
                break;
            case CancelTimer timer:
                Timers.Cancel(timer.Name);
                break;
            default:
                CarryOut(effect);
                break;
        }
    }
}
