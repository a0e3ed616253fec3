using System.Collections.Concurrent;
using Akka.Actor;

namespace DistRnn.Cluster.Tests;

/// <summary>An actor that puts every message of one kind into a queue for the test.</summary>
internal sealed class Listener : UntypedActor
{
    private readonly Action<object> _take;

    public Listener(Action<object> take) => _take = take;

    public static IActorRef In<T>(IActorRefFactory system, BlockingCollection<T> queue)
    {
        Action<object> take = message =>
        {
            if (message is T wanted)
                queue.Add(wanted);
        };
        return system.ActorOf(Props.Create(() => new Listener(take)));
    }

    protected override void OnReceive(object message) => _take(message);
}
