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
    private readonly Lock _gate = new();
    private bool _isClosing;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name, for debuggers.</param>
    public ComputeThread(string name)
    {
        _thread = new Thread(Loop) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Has something done after what was ordered before. Nothing is taken any more once the thread is told to end.</summary>
    /// <param name="order">What to do; it throws nothing.</param>
    public void Post(Action order)
    {
        if (!Volatile.Read(ref _isClosing))
            Add(order);
    }

    /// <summary>Ends the thread when it has done what was ordered; a second time it does nothing.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosing)
                return;
            _isClosing = true;
        }
        _orders.CompleteAdding();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _orders.Dispose();
    }

    private void Add(Action order)
    {
        try
        {
            _orders.Add(order);
        }
        catch (InvalidOperationException)
        {
            // The thread was told to end meanwhile; an ObjectDisposedException is one of these too.
        }
    }

    private void Loop()
    {
        FloatEnvironment.Verify();
        foreach (var order in _orders.GetConsumingEnumerable())
            order();
    }
}
