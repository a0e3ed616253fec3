using Akka.Actor;

namespace DistRnn.Cluster;

/// <summary>Takes orders to hold copies, and questions about them, on every node that has blobs. What takes long is done elsewhere.</summary>
internal sealed class CopiesActor : ReceiveActor
{
    /// <summary>Its name.</summary>
    public const string Name = "copies";

    /// <summary>Creates the actor.</summary>
    /// <param name="copies">What the node holds; made at the first order.</param>
    /// <param name="hasHeld">Whether there may be something without an order.</param>
    public CopiesActor(Lazy<CopyDirectory> copies, Func<bool> hasHeld)
    {
        Receive<CopyOrder>(order => copies.Value.TakeAsync(order).PipeTo(Sender, Self));
        Receive<LedgerTail>(tail => Sender.Tell(copies.Value.Append(tail), Self));
        Receive<CopiesQuery>(query =>
        {
            if (copies.IsValueCreated || hasHeld())
                Task.Run(() => copies.Value.Held(query.Run)).PipeTo(Sender, Self);
            else
                Sender.Tell(new CopiesHeld(query.Run, "", 0, 0, "", 0, 0), Self);
        });
    }
}
