using Akka.Actor;
using Akka.Event;

namespace DistRnn.Cluster;

/// <summary>
/// Notices messages that were larger than a frame may be. Akka drops them and writes a line to its log, which nobody reads while the protocol waits
/// for an answer that cannot come.
/// </summary>
internal sealed class OversizedMessageActor : ReceiveActor
{
    /// <summary>Creates the actor.</summary>
    /// <param name="notice">Told of each such message, in a sentence.</param>
    public OversizedMessageActor(Action<string> notice)
    {
        Receive<Error>(error =>
        {
            // The type is Akka's own, which does not show it.
            if (error.Cause?.GetType().Name == "OversizedPayloadException")
                notice($"A control message was too large for a frame and was not sent: {error.Cause.Message}");
        });
    }

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(Error));

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);
}
