namespace DistRnn.Simulation;

/// <summary>Virtual time: what is to happen, in the order of its time and, at one time, of its being planned. Nothing else moves the clock.</summary>
internal sealed class EventQueue
{
    private readonly PriorityQueue<(Action Run, Action? Drop), (long Ticks, long Sequence)> _events = new();
    private long _sequence;

    /// <summary>The time.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>Events that are planned.</summary>
    public int Count => _events.Count;

    /// <summary>Plans an event.</summary>
    /// <param name="delay">How much later; at least zero.</param>
    /// <param name="run">What happens.</param>
    /// <param name="drop">What is done instead where the simulation ends before, such as letting go of memory; null for nothing.</param>
    public void In(TimeSpan delay, Action run, Action? drop = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        _events.Enqueue((run, drop), ((Now + delay).Ticks, ++_sequence));
    }

    /// <summary>Lets the next event happen.</summary>
    /// <returns>False where there is none.</returns>
    public bool Step()
    {
        if (!_events.TryDequeue(out var next, out var at))
            return false;
        Now = TimeSpan.FromTicks(at.Ticks);
        next.Run();
        return true;
    }

    /// <summary>Drops all that is planned.</summary>
    public void Clear()
    {
        while (_events.TryDequeue(out var next, out _))
            next.Drop?.Invoke();
    }
}
