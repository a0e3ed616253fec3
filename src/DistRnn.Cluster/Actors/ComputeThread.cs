using System.Collections.Concurrent;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>
/// A thread that computes for one worker, one order after another. Computing on the thread pool, or on the threads of actors, would keep heartbeats waiting,
/// and the cluster would take the node for dead.
/// </summary>
internal sealed class ComputeThread : IDisposable
{
    private const int OrdersMax = 4096;

    private readonly BlockingCollection<Action> _orders = new(OrdersMax);
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name, for debuggers.</param>
    public ComputeThread(string name)
    {
        _thread = new Thread(Loop) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Has something done after what was ordered before.</summary>
    /// <param name="order">What to do; it throws nothing.</param>
    public void Post(Action order)
    {
        if (!_orders.IsAddingCompleted)
            _orders.Add(order);
    }

    /// <summary>Ends the thread when it has done what was ordered.</summary>
    public void Dispose()
    {
        _orders.CompleteAdding();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _orders.Dispose();
    }

    private void Loop()
    {
        FloatEnvironment.Verify();
        foreach (var order in _orders.GetConsumingEnumerable())
            order();
    }
}
