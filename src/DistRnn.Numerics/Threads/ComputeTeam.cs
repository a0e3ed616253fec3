using System.Runtime.CompilerServices;

namespace DistRnn.Numerics;

/// <summary>
/// The threads that compute: the caller is thread 0, the others are the team's own, so that work never waits for a pool and a pool never waits for
/// work. <see cref="Run"/> starts one body on all of them; inside it <see cref="Barrier"/> keeps them in step.
/// </summary>
/// <remarks>
/// Threads spin for a while before they sleep, since a recurrent step's barriers come every few microseconds; a thread that others keep from its processor is not
/// waited for on a processor that it could have. Between runs the team's threads sleep.
/// One caller at a time. The first exception in a body is rethrown by <see cref="Run"/> after all threads have left; threads that wait at a barrier
/// for the one that failed give up, so nothing hangs. Each thread checks its <see cref="FloatEnvironment"/> at the start of each run, which takes nanoseconds.
/// </remarks>
public sealed class ComputeTeam : IDisposable
{
    private const int SpinsBeforeYield = 2_000;
    private const int YieldsBeforeSleep = 16;

    private readonly object _gate = new();
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _starts;
    private readonly SemaphoreSlim _done = new(0);
    private PaddedCounter _arrived;
    private PaddedCounter _generation;
    private Action<int>? _body;
    private volatile Exception? _error;
    private volatile bool _closing;
    private int _asleep;

    /// <summary>Starts the team.</summary>
    /// <param name="threads">Threads in all, the caller included: 1 to 256.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is outside 1 to 256.</exception>
    public ComputeTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 256);
        Threads = threads;
        _threads = new Thread[threads - 1];
        _starts = new SemaphoreSlim[threads - 1];
        for (var i = 0; i < _threads.Length; i++)
        {
            var index = i + 1;
            _starts[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Loop(index)) { IsBackground = true, Name = $"compute {index}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads in all, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Runs a body on every thread and waits for all of them.</summary>
    /// <param name="body">What to do; its argument is the thread's index, 0 to <see cref="Threads"/> - 1. Keep the delegate: this allocates nothing.</param>
    public void Run(Action<int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        ObjectDisposedException.ThrowIf(_closing, this);
        if (_threads.Length == 0)
        {
            FloatEnvironment.Verify();
            body(0);
            return;
        }
        _body = body;
        _error = null;
        _arrived.Value = 0;
        foreach (var start in _starts)
            start.Release();
        Guarded(0);
        for (var i = 0; i < _threads.Length; i++)
            _done.Wait();
        if (_error is { } error)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
    }

    /// <summary>Waits inside a body until every thread of the team has come here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Barrier()
    {
        if (_threads.Length > 0)
            WaitForAll();
    }

    /// <summary>The part of [0, count) that falls to one thread when parts are contiguous and differ by one at most.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="count">How many items there are.</param>
    public (int Start, int End) PartOf(int thread, int count)
    {
        var (size, rest) = (count / Threads, count % Threads);
        var start = thread * size + Math.Min(thread, rest);
        return (start, start + size + (thread < rest ? 1 : 0));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_closing)
            return;
        _closing = true;
        foreach (var start in _starts)
            start.Release();
        foreach (var thread in _threads)
            thread.Join();
        foreach (var start in _starts)
            start.Dispose();
        _done.Dispose();
    }

    private void WaitForAll()
    {
        var generation = Volatile.Read(ref _generation.Value);
        if (Interlocked.Increment(ref _arrived.Value) == Threads)
        {
            _arrived.Value = 0;
            Volatile.Write(ref _generation.Value, generation + 1);
            WakeSleepers();
            return;
        }
        for (var spins = 0; Volatile.Read(ref _generation.Value) == generation; spins++)
        {
            if (_error is not null)
                throw new InvalidOperationException("Another thread of the team failed.");
            if (spins < SpinsBeforeYield)
                Thread.SpinWait(1);
            else if (spins < SpinsBeforeYield + YieldsBeforeSleep)
                Thread.Yield();
            else
                SleepUntilAfter(generation);
        }
    }

    private void SleepUntilAfter(int generation)
    {
        lock (_gate)
        {
            // Either the last thread sees this one asleep, or this one sees the generation that it ended.
            Interlocked.Increment(ref _asleep);
            while (Volatile.Read(ref _generation.Value) == generation && _error is null)
                Monitor.Wait(_gate);
            _asleep--;
        }
    }

    private void WakeSleepers()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _asleep) == 0)
            return;
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    private void Loop(int index)
    {
        while (true)
        {
            _starts[index - 1].Wait();
            if (_closing)
                return;
            Guarded(index);
            _done.Release();
        }
    }

    private void Guarded(int index)
    {
        try
        {
            FloatEnvironment.Verify();
            _body!(index);
        }
        catch (Exception error)
        {
            _error ??= error;
            WakeSleepers();
        }
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 192)]
    private struct PaddedCounter
    {
        [System.Runtime.InteropServices.FieldOffset(64)]
        public int Value;
    }
}
