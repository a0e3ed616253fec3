using Akka.Configuration;
using Akka.Dispatch;

namespace DistRnn.Cluster;

/// <summary>
/// Runs actors on threads of its own that sleep where there is nothing to do. Akka's own dedicated threads stay awake for a while, and give the processor to each other by turns: where
/// nodes share the cores of a machine, or compute on all of them, that is time that is lacking elsewhere.
/// </summary>
/// <remarks>Thread-safe. Threads are started when there is work and none of them is free.</remarks>
internal sealed class ParkingExecutor(string id, int threadsMax) : ExecutorService(id)
{
    private readonly object _lock = new();
    private readonly Queue<IRunnable> _queue = new();
    private int _threads;
    private int _idle;
    private bool _isOver;

    /// <summary>Threads that were started.</summary>
    public int Threads
    {
        get
        {
            lock (_lock)
                return _threads;
        }
    }

    /// <inheritdoc/>
    public override void Execute(IRunnable run)
    {
        ArgumentNullException.ThrowIfNull(run);
        lock (_lock)
        {
            if (_isOver)
                return;
            _queue.Enqueue(run);
            if (_queue.Count <= _idle || _threads == threadsMax)
            {
                Monitor.Pulse(_lock);
                return;
            }
            _threads++;
        }
        new Thread(Work) { IsBackground = true, Name = Id }.Start();
    }

    /// <summary>Takes nothing more; what was taken is still done.</summary>
    public override void Shutdown()
    {
        lock (_lock)
        {
            _isOver = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Work()
    {
        while (TryTake() is { } run)
            run.Run();
    }

    private IRunnable? TryTake()
    {
        lock (_lock)
        {
            while (_queue.Count == 0)
            {
                if (_isOver)
                    return null;
                _idle++;
                Monitor.Wait(_lock);
                _idle--;
            }
            return _queue.Dequeue();
        }
    }
}

/// <summary>Makes a <see cref="ParkingExecutor"/> for a dispatcher whose <c>executor</c> names this type; <c>threads</c> says how many threads it has at most, 2 where nothing is said.</summary>
/// <param name="config">The dispatcher's section.</param>
/// <param name="prerequisites">What Akka gives to all of them.</param>
internal sealed class ParkingExecutorFactory(Config config, IDispatcherPrerequisites prerequisites) : ExecutorServiceConfigurator(config, prerequisites)
{
    /// <inheritdoc/>
    public override ExecutorService Produce(string id) => new ParkingExecutor(id, Math.Max(1, Config.GetInt("threads", 2)));
}
