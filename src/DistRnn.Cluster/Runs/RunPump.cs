using System.Collections.Concurrent;

namespace DistRnn.Cluster;

/// <summary>
/// Work that a coordinator has done in order on one thread, which is the one that waits for the run: journal, checkpoints, progress. The queue is bounded:
/// a coordinator that is far ahead of its journal waits for it.
/// </summary>
internal sealed class RunPump : IDisposable
{
    private const int OrdersMax = 4096;

    private readonly BlockingCollection<Action> _orders = new(OrdersMax);

    /// <summary>Has something done after what was ordered before; after the end, nothing is done.</summary>
    /// <param name="order">What to do.</param>
    public void Post(Action order)
    {
        try
        {
            _orders.Add(order);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ObjectDisposedException)
        {
            // The run is over: nobody waits for what comes now.
        }
    }

    /// <summary>Does what is ordered, until <see cref="End"/> has been called and everything before is done. What an order throws is thrown here.</summary>
    public void Run()
    {
        foreach (var order in _orders.GetConsumingEnumerable())
            order();
    }

    /// <summary>Takes no more orders. May be called when it has ended already.</summary>
    public void End()
    {
        try
        {
            _orders.CompleteAdding();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _orders.CompleteAdding();
        _orders.Dispose();
    }
}
